"""Reads of one kind that several requests wait for: each function reads for one caller, and its statement is shared."""

from collections.abc import Awaitable, Callable, Hashable, Iterable, Sequence
from functools import wraps
from operator import attrgetter
from typing import Any, TypeVar
from uuid import UUID

import asyncpg

from db.pages import columns_of
from db.pool import Database, Queryable, RunSet
from db.queries import query

Key = TypeVar("Key", bound=Hashable)
Row = TypeVar("Row")
ReadKeys = Callable[[Queryable, Sequence[Key]], Awaitable[list[Row]]]

MOST_KEYS = 50
"""A read of more keys is sent alone, so that no other caller waits for its rows."""


class by_key:  # noqa: N801 - a decorator
    """Has reads of rows by their keys leave together; the fields `names` of a row are its key.

    Outside a transaction, each caller gets the rows of its own keys, in the order of its keys, and rows of one key in
    the order in which they were read.
    """

    def __init__(self, *names: str) -> None:
        self.key_of = attrgetter(*names)

    def __call__(self, read: ReadKeys[Key, Row]) -> ReadKeys[Key, Row]:
        """The same read, shared."""
        key_of: Callable[[Any], Any] = self.key_of

        async def run(db: Queryable, wanted: Sequence[Sequence[Key]]) -> list[list[Row]]:
            rows = _grouped(await read(db, list({key for keys in wanted for key in keys})), key_of)
            return [[row for key in keys for row in rows.get(key, ())] for keys in wanted]

        @wraps(read)
        async def read_together(db: Queryable, keys: Sequence[Key]) -> list[Row]:
            if not keys:
                return []
            if isinstance(db, Database) and len(keys) <= MOST_KEYS:
                return await db.shared(read, run, keys)
            return await read(db, keys)

        return read_together


def _grouped(rows: Iterable[Row], key_of: Callable[[Row], Key]) -> dict[Key, list[Row]]:
    groups: dict[Key, list[Row]] = {}
    for row in rows:
        groups.setdefault(key_of(row), []).append(row)
    return groups


def first_pages(name: str, made: Callable[[Sequence[Any]], Row]) -> "RunSet[tuple[UUID, int], list[Row]]":
    """Reads the first pages of several members' lists by a named query; each page is a member and its most rows.

    The last column, `place`, is the page that a row belongs to, from 1; `made` makes a row of the columns before it.
    """

    async def run(db: Queryable, wanted: Sequence[tuple[UUID, int]]) -> list[list[Row]]:
        return _pages_of(await db.fetch(query(name), *columns_of(wanted)), len(wanted), made)

    return run


def _pages_of(rows: Iterable[asyncpg.Record], count: int, made: Callable[[Sequence[Any]], Row]) -> list[list[Row]]:
    pages: list[list[Row]] = [[] for _ in range(count)]
    for row in rows:
        *values, place = row
        pages[place - 1].append(made(values))
    return pages
