"""Credits promises that are due (R30), a set in one statement. A promise that cannot be credited stops no other."""

import logging
from uuid import UUID

import asyncpg

from db.ledger.credit import DuePromise, due_promises, post_due, postpone_promise
from db.pool import Busy, Database
from loyalty.ledger.catch_up import catch_up_alone

log = logging.getLogger(__name__)

PROMISES_AT_ONCE = 500


OWN_FAULTS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""Errors that a row itself causes. Any other error is the database's, so no row is postponed for it."""


async def credit_some(db: Database) -> int:
    """Credits up to PROMISES_AT_ONCE due promises, each once even if other sweepers run. Returns the number credited.

    Locked members are left for the next round. If lots of a member have to lapse or notices are due as well, that
    member is caught up alone, so that its history is in the order of due times (R50).
    """
    promises = await due_promises(db, PROMISES_AT_ONCE)
    at_once = [promise for promise in promises if not promise.is_behind]
    credited = await _post(db, at_once) if at_once else 0
    for member_id in dict.fromkeys(promise.member_id for promise in promises if promise.is_behind):
        credited += await _catch_up(db, member_id, [each for each in promises if each.member_id == member_id])
    return credited


async def _catch_up(db: Database, member_id: UUID, promises: list[DuePromise]) -> int:
    try:
        return int(await catch_up_alone(db, member_id))
    except Busy:
        return 0
    except OWN_FAULTS as error:
        log.exception("What is due to member %s cannot be done.", member_id)
        for promise in promises:
            await postpone_promise(db, promise, str(error))
        return 0


async def _post(db: Database, promises: list[DuePromise]) -> int:
    try:
        return await post_due(db, promises)
    except OWN_FAULTS:
        log.exception("A set of %d promises could not be credited; trying them one by one.", len(promises))
    return sum([await _post_alone(db, promise) for promise in promises])


async def _post_alone(db: Database, promise: DuePromise) -> int:
    try:
        return await post_due(db, [promise])
    except OWN_FAULTS as error:
        log.error("Promise %s cannot be credited: %s", promise.promise_id, error)
        await postpone_promise(db, promise, str(error))
        return 0
