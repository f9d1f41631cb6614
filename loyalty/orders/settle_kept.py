"""Applies the kept facts of a suspended member's orders that were too many for its reinstatement itself (R5)."""

import logging
from uuid import UUID

from db.ledger.member import MemberRef, lock_member_to_judge, member_to_judge
from db.orders.kept_facts import members_with_kept_facts
from db.pool import Busy, Queryable
from loyalty.ledger.catch_up import catch_up
from loyalty.ledger.in_sets import is_of_the_database
from loyalty.orders.settle import settle_kept
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
