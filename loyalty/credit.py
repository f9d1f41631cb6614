"""Crediting what is due (R30): whole sets in one statement; one bad promise stops itself and nothing else."""

import logging

import asyncpg

from db.credit import DuePromise, due_promises, post_due, postpone_promise
from db.pool import Database

log = logging.getLogger(__name__)

BATCH = 500


async def credit_due(db: Database) -> int:
    """Credits every promise that is due by the programme's clock, soonest first; gives how many it credited.

    Beside other sweepers each promise is credited once. Members somebody is writing to are left for the next round.
    """
    credited = 0
    while promises := await due_promises(db, BATCH):
        posted = await _post(db, promises)
        credited += posted
        if posted == 0:
            break
    return credited


async def _post(db: Database, promises: list[DuePromise]) -> int:
    try:
        return await post_due(db, promises)
    except asyncpg.PostgresError:
        log.exception("A set of %d promises could not be credited; trying them one by one.", len(promises))
    return sum([await _post_alone(db, promise) for promise in promises])


async def _post_alone(db: Database, promise: DuePromise) -> int:
    try:
        return await post_due(db, [promise])
    except asyncpg.PostgresError as error:
        log.error("Promise %s cannot be credited: %s", promise.promise_id, error)
        await postpone_promise(db, promise, str(error))
        return 0
