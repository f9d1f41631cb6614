"""Work in sets: a set is one piece of work, and an item that fails costs no other item of its set anything."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from db.pool import CONNECTION_LOST, Database, DatabaseUnavailable, is_there

Item = TypeVar("Item")
Result = TypeVar("Result")

_OWN_FAULTS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
"""Postgres' errors that a row itself causes; that it is too large for Postgres is one."""


def is_of_the_database(error: Exception) -> bool:
    """Whether Postgres failed, and not the item that was worked on."""
    of_postgres = isinstance(error, (DatabaseUnavailable, asyncpg.PostgresError, *CONNECTION_LOST))
    return of_postgres and not isinstance(error, _OWN_FAULTS)


async def work_in_sets(
    db: Database,
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Awaitable[Result]],
    fail: Callable[[Item, Exception], Awaitable[None]],
) -> list[Result]:
    """Works on a set; returns the results of `work`, one for each set that it was called with and did.

    A set that fails is halved until the items that fail are alone: `fail` gets each of them with its error. So `work`
    does all of a set or nothing, or does the rest when it is called again. Raises DatabaseUnavailable if Postgres is
    away.
    """
    if not items:
        return []
    try:
        return [await work(items)]
    except Exception as error:
        if is_of_the_database(error):
            await is_there(db)
        if len(items) == 1:
            await fail(items[0], error)
            return []
    middle = len(items) // 2
    return [
        *await work_in_sets(db, items[:middle], work, fail),
        *await work_in_sets(db, items[middle:], work, fail),
    ]
