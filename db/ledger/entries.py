"""Lines of members' histories for the API: pages of them, and many at once by their positions or verdicts."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, NamedTuple
from uuid import UUID

from db.pages import MemberAnd, Window, columns_of
from db.pool import Database, Queryable
from db.queries import query
from db.reading_together import by_key, first_pages


class EntryRow(NamedTuple):
    """One line of a member's history: signed points, and the points available right after it. `taking`, of a line that
    takes points by a clawback or an adjustment, is that of its verdict (`VerdictRow`)."""

    member_id: UUID
    seq: int
    kind: str
    points: int
    balance_after: int
    occurred_at: datetime
    reference: str | None
    reverses: int | None
    verdict_id: UUID | None
    taking: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which lines of a history to read: kinds (None: all), from `since` up to `until` (excluded)."""

    kinds: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


async def entries_page(db: Queryable, member_id: UUID, window: Window[int], wanted: EntryFilter) -> list[EntryRow]:
    """A part of a member's history, newest first, and one row more if there are more."""
    if isinstance(db, Database) and window.is_first and wanted == EntryFilter():
        return await db.shared("entries_first_pages", _FIRST_PAGES, (member_id, window.most + 1))
    rows = await db.fetch(
        query("entries_backwards" if window.from_end else "entries_forwards"),
        member_id,
        window.after,
        window.before,
        list(wanted.kinds) if wanted.kinds is not None else None,
        wanted.since,
        wanted.until,
        window.most + 1,
    )
    return list(map(EntryRow._make, rows))


_FIRST_PAGES = first_pages("entries_first_pages", EntryRow._make)


@by_key("member_id", "seq")
async def entries_by_seq(db: Queryable, keys: Sequence[MemberAnd[int]]) -> list[EntryRow]:
    """Lines of histories by member and seq."""
    return list(map(EntryRow._make, await db.fetch(query("entries_by_seq"), *columns_of(keys))))


@by_key("member_id", "verdict_id")
async def entries_of_verdicts(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[EntryRow]:
    """The lines of history that verdicts caused, oldest first."""
    return list(map(EntryRow._make, await db.fetch(query("entries_of_verdicts"), *columns_of(keys))))


@dataclass(frozen=True, slots=True)
class BoughtCoupon:
    """The coupon that a redemption bought, in its state by the clock."""

    coupon_id: UUID
    code: str
    state: str


@dataclass(frozen=True, slots=True)
class EntryToReverse:
    """A line of history that may be given back. `took` are (from account, to account, lapses on, points).

    `given` are points given back already, `promised` those that waiting verdicts would still give back; `coupon` is
    the one that a redemption bought.
    """

    took: tuple[tuple[str, str, date | None, int], ...]
    given: int
    promised: int
    coupon: BoughtCoupon | None


async def entry_to_reverse(db: Queryable, member_id: UUID, seq: int) -> EntryToReverse | None:
    """A line of a member's history, with the points it took and those given back since; None if there is none."""
    row = await db.fetchrow(query("entry_to_reverse"), member_id, seq)
    if row is None:
        return None
    took = tuple(
        (debit, credit, date.fromisoformat(day) if day else None, points) for debit, credit, day, points in row["took"]
    )
    coupon_id, code, state = row["coupon"] or (None, "", "")
    coupon = BoughtCoupon(UUID(coupon_id), code, state) if coupon_id is not None else None
    return EntryToReverse(took, row["given"], row["promised"], coupon)
