"""Notices to members: pages of them, and those that are still to be sent (R50)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.pages import MemberAnd, Window, columns_of
from db.pool import Database, Queryable
from db.queries import query
from db.reading_together import by_key, first_pages


class NoticeRow(NamedTuple):
    """A notice to a member; not sent yet while `sent_at` is None. Points where it is about points. Of points that were
    taken back `cause` is the code of why, and `debt` the points owed since."""

    member_id: UUID
    notice_id: UUID
    kind: str
    points: int | None
    lapses_on: date | None
    reference: str | None
    created_at: datetime
    sent_at: datetime | None
    cause: str | None
    debt: int | None


async def notices_page(db: Queryable, member_id: UUID, window: Window[tuple[datetime, UUID]]) -> list[NoticeRow]:
    """A part of a member's notices, newest first, and one row more if there are more."""
    if isinstance(db, Database) and window.is_first:
        return await db.shared("notices_first_pages", _FIRST_PAGES, (member_id, window.most + 1))
    place = window.after or (None, None)
    return [_notice(row) for row in await db.fetch(query("notices_page"), member_id, *place, window.most + 1)]


_FIRST_PAGES = first_pages("notices_first_pages", NoticeRow._make)


@by_key("member_id", "notice_id")
async def notices_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[NoticeRow]:
    """Notices by member and id."""
    return [_notice(row) for row in await db.fetch(query("notices_by_id"), *columns_of(keys))]


def _notice(row: asyncpg.Record) -> NoticeRow:
    return NoticeRow._make(row)


@dataclass(frozen=True, slots=True)
class UnsentNotice:
    """A notice that is still to be sent; `mi_id` is None if the person was erased. The rest is that of `NoticeRow`."""

    member_id: UUID
    notice_id: UUID
    mi_id: str | None
    market: str
    kind: str
    points: int | None
    lapses_on: date | None
    reference: str | None
    created_at: datetime
    cause: str | None
    debt: int | None


async def notices_to_send(db: Queryable, most: int) -> list[UnsentNotice]:
    """Leases up to `most` unsent notices to this worker, oldest first."""
    rows = await db.fetch(query("notices_to_send"), most)
    return sorted((UnsentNotice(**dict(row.items())) for row in rows), key=lambda notice: notice.created_at)


async def notices_sent(db: Queryable, notices: Sequence[UnsentNotice]) -> None:
    """Marks notices as sent."""
    members, ids = [notice.member_id for notice in notices], [notice.notice_id for notice in notices]
    await db.execute(query("notices_sent"), members, ids)


async def notice_failed(db: Queryable, notice: UnsentNotice, error: str, *, for_good: bool) -> None:
    """Stores why a notice could not be sent. It is tried again, unless the failure is `for_good`."""
    await db.execute(query("notice_failed"), notice.member_id, notice.notice_id, error, for_good)
