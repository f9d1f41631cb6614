"""Applies the facts about a suspended member's orders once it is reinstated (R5)."""

import logging
from uuid import UUID

from db.ledger.member import MemberRef, lock_member_to_judge, member_to_judge
from db.ledger.record import Changes, record
from db.orders.kept_facts import drop_kept_facts, kept_facts, members_with_kept_facts
from db.orders.settle import order_to_settle
from db.pool import Busy, Queryable
from loyalty.ledger.catch_up import catch_up
from loyalty.ledger.in_sets import is_of_the_database
from loyalty.orders.difference import facts_of, write_difference
from loyalty.orders.rows import order_of
from loyalty.orders.rules.shipment import fold
from loyalty.programme.programme import Programme

log = logging.getLogger(__name__)

KEPT_AT_ONCE = 40
MEMBERS_AT_ONCE = 20


async def settle_some_kept(programme: Programme) -> int:
    """Applies a set of kept facts of reinstated members; gives how many. A bad one does not stop the others."""
    members = await members_with_kept_facts(programme.db, MEMBERS_AT_ONCE)
    return sum([await _try_to_settle(programme, member_id) for member_id in members])


async def _try_to_settle(programme: Programme, member_id: UUID) -> int:
    async def within(db: Queryable) -> int:
        await lock_member_to_judge(db, MemberRef(member_id=member_id))
        member = await member_to_judge(db, MemberRef(member_id=member_id))
        if member is None or member.state != "ACTIVE":
            return 0
        await catch_up(db, member_id)
        return await settle_kept(programme, db, member_id, KEPT_AT_ONCE)

    try:
        return await programme.db.in_transaction(within)
    except Busy:
        log.debug("Member %s is busy; what was kept of it is looked at again.", member_id)
    except Exception as error:
        if is_of_the_database(error):
            raise
        log.exception("What was kept of member %s cannot be applied.", member_id)
    return 0


async def settle_kept(programme: Programme, db: Queryable, member_id: UUID, most: int) -> int:
    """Applies the facts of a member's orders that came while it was suspended (R5), one by one in the order they came.

    Runs inside a transaction that holds the member; entries have the moment now; each fact is applied once. Gives the
    number applied, at most `most`; the rest stays for the next call.
    """
    kept = await kept_facts(db, member_id)
    await drop_kept_facts(db, member_id, kept[:most])
    for place, (number, key) in enumerate(kept[:most]):
        later = {other for its_order, other in kept[place + 1 :] if its_order == number}
        await _settle_one(programme, db, member_id, number, key, later)
    return min(most, len(kept))


async def _settle_one(
    programme: Programme, db: Queryable, member_id: UUID, number: str, key: str, later: set[str]
) -> None:
    """Applies one kept fact without those that came later."""
    member = await member_to_judge(db, MemberRef(member_id=member_id))
    order = await order_to_settle(db, member_id, number)
    assert member is not None
    assert order is not None
    known = facts_of(order)
    facts = [fact for other, fact in known.items() if other not in later]
    state = fold(order_of(order), facts)
    catalogue = await programme.catalogue_at(member.programme_version, db)
    changes = Changes()
    write_difference(changes, catalogue, member, order, facts, state, known[key], member.now)
    await record(db, member, changes)
