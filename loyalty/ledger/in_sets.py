"""Work in sets: a set is one piece of work, and an item that fails costs no other item of its set anything."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

import asyncpg

from db.pool import CONNECTION_LOST, DatabaseUnavailable

T = TypeVar("T")

_OWN_FAULTS = (asyncpg.DataError, asyncpg.IntegrityConstraintViolationError, asyncpg.ProgramLimitExceededError)
"""Postgres' errors that a row itself causes; that it is too large for Postgres is one."""


def is_of_the_database(error: Exception) -> bool:
    """Whether Postgres failed, and not the item that was worked on."""
    of_postgres = isinstance(error, (DatabaseUnavailable, asyncpg.PostgresError, *CONNECTION_LOST))
    return of_postgres and not isinstance(error, _OWN_FAULTS)


async def work_in_sets(
    items: Sequence[T],
    work: Callable[[Sequence[T]], Awaitable[int]],
    fail: Callable[[T, Exception], Awaitable[None]],
) -> int:
    """Works on a set, and returns the sum of what `work` returns.

    `work` does a set or nothing of it, or does the rest when it is called again. A set that fails is halved until the
    items that fail are alone: `fail` gets each of them with its error. Raises errors of the database.
    """
    if not items:
        return 0
    try:
        return await work(items)
    except Exception as error:
        if is_of_the_database(error):
            raise
        if len(items) == 1:
            await fail(items[0], error)
            return 0
    middle = len(items) // 2
    return await work_in_sets(items[:middle], work, fail) + await work_in_sets(items[middle:], work, fail)
