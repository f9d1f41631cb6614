"""Credits promises that are due (R30), a set in one statement. A promise that cannot be credited stops no other."""

import logging
from collections.abc import Sequence
from functools import partial
from uuid import UUID

from db.ledger.credit import DuePromise, due_promises, post_due, postpone_promise
from db.pool import Database
from loyalty.ledger.catch_up import catch_up_set
from loyalty.ledger.in_sets import is_of_the_database, work_in_sets

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
    credited = await work_in_sets(db, at_once, partial(post_due, db), partial(_fail, db))
    return sum(credited) + await _catch_up(db, [promise for promise in promises if promise.is_behind])


async def _catch_up(db: Database, promises: Sequence[DuePromise]) -> int:
    """Catches up the members of these promises; returns the number of steps."""
    of_member: dict[UUID, list[DuePromise]] = {}
    for promise in promises:
        of_member.setdefault(promise.member_id, []).append(promise)

    async def catch_up(members: Sequence[UUID]) -> int:
        return (await catch_up_set(db, dict.fromkeys(members))).steps.total()

    async def fail(member_id: UUID, error: Exception) -> None:
        for promise in of_member[member_id]:
            await _fail(db, promise, error)

    return sum(await work_in_sets(db, list(of_member), catch_up, fail))


async def _fail(db: Database, promise: DuePromise, error: Exception) -> None:
    """The promise waits for its next attempt, unless Postgres failed and not the promise."""
    log.error("Promise %s cannot be credited.", promise.promise_id, exc_info=error)
    if not is_of_the_database(error):
        await postpone_promise(db, promise, str(error) or type(error).__name__)
