"""Crediting what is due (R30): whole sets in one statement; one bad promise stops itself and nothing else."""

import logging
from datetime import datetime
from uuid import UUID

import asyncpg

from db.credit import DuePromise, due_promises, due_promises_of, post_due, postpone_promise
from db.pool import Database, Queryable

log = logging.getLogger(__name__)

BATCH = 500


OWN_FAULTS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError)
"""Errors of the rows themselves; anything else is the database's, and no row is to blame."""


async def credit_due(db: Database) -> int:
    """Credits every promise that is due by the programme's clock, soonest first; gives how many it credited."""
    credited = 0
    while posted := await credit_some(db):
        credited += posted
    return credited


async def credit_some(db: Database) -> int:
    """Credits one set of due promises, each once beside other sweepers; 0 when none could be.

    Members somebody is writing to are left for the next round.
    """
    promises = await due_promises(db, BATCH)
    return await _post(db, promises) if promises else 0


async def credit_before(db: Queryable, member_id: UUID, moment: datetime) -> None:
    """Credits what fell due to one member before a moment, in the caller's transaction."""
    promises = await due_promises_of(db, member_id, moment)
    if promises:
        await post_due(db, promises)


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
