"""Credits promises that are due (R30), a set in one statement. A promise that cannot be credited stops no other."""

import logging
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from db.ledger.credit import DuePromise, due_promises, post_due, postpone_promise
from db.pool import Database
from loyalty.ledger.catch_up import catch_up_set
from loyalty.ledger.in_sets import work_in_sets

log = logging.getLogger(__name__)

PROMISES_AT_ONCE = 500


async def credit_some(db: Database) -> int:
    """Credits up to PROMISES_AT_ONCE due promises, each once even if other sweepers run. Returns the number credited,
    and 1 for each notice or lapse that had to be written with them.

    Locked members are left for the next round. If lots of members have to lapse or notices are due as well, these
    members are caught up as a set of their own, so that their histories are in the order of due times (R50).
    """
    promises = await due_promises(db, PROMISES_AT_ONCE)
    at_once = [promise for promise in promises if not promise.is_behind]
    behind = [promise for promise in promises if promise.is_behind]
    return await work_in_sets(at_once, partial(post_due, db), partial(_postpone, db)) + await _catch_up(db, behind)


async def _catch_up(db: Database, promises: Sequence[DuePromise]) -> int:
    members = list(dict.fromkeys(promise.member_id for promise in promises))

    async def work(set_of_members: Sequence[UUID]) -> int:
        return sum((await catch_up_set(db, dict.fromkeys(set_of_members))).steps.values())

    async def fail(member_id: UUID, error: Exception) -> None:
        for promise in promises:
            if promise.member_id == member_id:
                await _postpone(db, promise, error)

    return await work_in_sets(members, work, fail)


async def _postpone(db: Database, promise: DuePromise, error: Exception) -> None:
    log.error("Promise %s cannot be credited.", promise.promise_id, exc_info=error)
    await postpone_promise(db, promise, str(error) or type(error).__name__)
