"""Waiting ends: pieces of an order without news for too long are given up, as if lost at that moment (R31a)."""

import logging
from functools import partial
from uuid import UUID

from db.ledger.member import MemberRef, lock_member_to_judge, member_to_judge
from db.ledger.record import record
from db.orders.give_up import order_waited_until, orders_to_give_up
from db.orders.settle import order_to_settle
from db.pool import Busy, Queryable
from loyalty.ledger.catch_up import catch_up
from loyalty.ledger.in_sets import is_of_the_database
from loyalty.orders.difference import facts_of
from loyalty.orders.rows import order_of
from loyalty.orders.rules.facts import GivenUp
from loyalty.orders.rules.shipment import fold
from loyalty.orders.settling import changes_of_facts
from loyalty.orders.sources import OwnSource
from loyalty.programme.programme import Programme

log = logging.getLogger(__name__)

GIVEN_UP_AT_ONCE = 100
_WORKER = "worker"


async def give_up_some(programme: Programme) -> int:
    """Gives up the pieces of one set of orders; gives how many orders. A bad one does not stop the others."""
    orders = await orders_to_give_up(programme.db, GIVEN_UP_AT_ONCE)
    return sum([await _try_to_give_up(programme, member_id, number) for member_id, number in orders])


async def _try_to_give_up(programme: Programme, member_id: UUID, number: str) -> int:
    try:
        return await programme.db.in_transaction(partial(_give_up, programme, member_id, number))
    except Busy:
        log.debug("Member %s is busy; its order %s is looked at again.", member_id, number)
    except Exception as error:
        if is_of_the_database(error):
            raise
        log.exception("The pieces of order %s cannot be given up.", number)
    return 0


async def _give_up(programme: Programme, member_id: UUID, number: str, db: Queryable) -> int:
    """Gives up what is still awaited, if there is no news by now; gives 1 if anything was.

    The fact has the moment at which the waiting was over, however late the worker runs.
    """
    await lock_member_to_judge(db, MemberRef(member_id=member_id))
    await catch_up(db, member_id)
    member = await member_to_judge(db, MemberRef(member_id=member_id))
    order = await order_to_settle(db, member_id, number)
    waited_until = await order_waited_until(db, member_id, number)
    if member is None or member.state != "ACTIVE" or order is None or order.has_kept_facts or waited_until is None:
        return 0
    awaited = fold(order_of(order), facts_of(order).values()).awaited
    if not awaited:
        return 0
    fact = GivenUp(tuple(sorted(awaited.items())), waited_until)
    catalogue = await programme.catalogue_at(member.programme_version, db)
    source = OwnSource(_WORKER, fact.key, waited_until)
    await record(db, member, changes_of_facts(catalogue, member, order, [fact], source))
    return 1
