"""Open promises: points that are pending."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.pages import MemberAnd, Window, columns_of
from db.pool import Database, Queryable
from db.queries import query
from db.reading_together import by_key, first_pages


class PromiseRow(NamedTuple):
    """Points promised and not yet credited; `due_at` is None while they wait for an event and not for a moment."""

    member_id: UUID
    promise_id: UUID
    verdict_id: UUID
    kind: str
    points: int
    promised_at: datetime
    due_at: datetime | None
    awaiting: str
    reference: str | None


async def pending_page(
    db: Queryable, member_id: UUID, window: Window[tuple[datetime | None, UUID]]
) -> list[PromiseRow]:
    """A part of a member's open promises, soonest first, and one row more if there are more."""
    if isinstance(db, Database) and window.is_first:
        return await db.shared("pending_first_pages", _FIRST_PAGES, (member_id, window.most + 1))
    due_at, promise_id = window.after or (None, None)
    rows = await db.fetch(query("pending_page"), member_id, due_at, promise_id, window.most + 1)
    return [_promise(row) for row in rows]


_FIRST_PAGES = first_pages("pending_first_pages", PromiseRow._make)


@by_key("member_id", "promise_id")
async def promises_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[PromiseRow]:
    """Open promises by member and id."""
    return [_promise(row) for row in await db.fetch(query("promises_by_id"), *columns_of(keys))]


@by_key("member_id", "verdict_id")
async def promises_of_verdicts(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[PromiseRow]:
    """Open promises of verdicts, soonest first."""
    return [_promise(row) for row in await db.fetch(query("promises_of_verdicts"), *columns_of(keys))]


def _promise(row: asyncpg.Record) -> PromiseRow:
    return PromiseRow._make(row)
