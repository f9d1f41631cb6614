"""What the API shows: a member with its balance, pages of its lists, things by their ids, many at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

import asyncpg

from db.pool import Queryable
from db.queries import query

T = TypeVar("T")

MemberAnd = tuple[UUID, T]
"""A member's id and what is asked of that member."""


@dataclass(frozen=True, slots=True)
class MemberRow:
    """A member with its balances, in points, as of `now`, the programme's moment of the reading."""

    member_id: UUID
    mi_id: str
    market: str
    time_zone: str
    zone_before: str | None
    zone_since: datetime | None
    joined_at: datetime
    state: str
    available: int
    pending: int
    debt: int
    lifetime: int
    now: datetime


@dataclass(frozen=True, slots=True)
class EntryRow:
    """One line of a member's history: signed points, and the available ones right after it."""

    member_id: UUID
    seq: int
    kind: str
    points: int
    balance_after: int
    occurred_at: datetime
    reference: str | None
    reverses: int | None
    verdict_id: UUID | None


@dataclass(frozen=True, slots=True)
class PromiseRow:
    """Points promised and not yet credited; no `due_at` while they wait for something else than time."""

    member_id: UUID
    promise_id: UUID
    verdict_id: UUID
    kind: str
    points: int
    promised_at: datetime
    due_at: datetime | None
    awaiting: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class CouponRow:
    """A coupon with its state as of now. Values in minor units, cost in points."""

    member_id: UUID
    coupon_id: UUID
    code: str
    reward_id: str
    value_minor: int
    currency: str
    minimum_minor: int | None
    cost: int
    state: str
    issued_at: datetime
    expires_at: datetime
    reserved_until: datetime | None
    order_number: str | None


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """The answer one event was given; `cap` as it is kept: limit, used, left, resets_at. `had_lapsed`: what an
    operator let be taken back had been credited, and lapsed since (R36)."""

    member_id: UUID
    verdict_id: UUID
    kind: str
    outcome: str
    code: str
    points: int
    reference: str | None
    decided_at: datetime
    terms_version: str
    campaign_ids: tuple[str, ...]
    cap: Mapping[str, Any] | None
    had_lapsed: bool


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as told, what is known of it as (kind, content, occurred at), and its points so far."""

    member_id: UUID
    number: str
    verdict_id: UUID
    placed_at: datetime
    currency: str
    lines: list[dict[str, Any]]
    parcels: list[dict[str, Any]]
    shipping_minor: int
    discount_minor: int
    terms_version: str
    campaign_ids: tuple[str, ...]
    market: str
    facts: tuple[tuple[str, dict[str, Any], datetime], ...]
    points_credited: int
    points_pending: int


@dataclass(frozen=True, slots=True)
class NoticeRow:
    """What a member was told, or is about to be while `sent_at` is None."""

    member_id: UUID
    notice_id: UUID
    kind: str
    points: int | None
    lapses_on: date | None
    reference: str | None
    created_at: datetime
    sent_at: datetime | None


@dataclass(frozen=True, slots=True)
class Window(Generic[T]):
    """A stretch of a list: at most `most` rows between two places (excluded), from its start or its end."""

    most: int
    after: T | None = None
    before: T | None = None
    from_end: bool = False


@dataclass(frozen=True, slots=True)
class EntryFilter:
    """Which lines of a history: kinds (None = all), and a time from `since` up to `until` (excluded)."""

    kinds: Sequence[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


async def members_by_mi_id(db: Queryable, mi_ids: Sequence[str]) -> list[MemberRow]:
    """The members of these Mi accounts, those that have joined."""
    return [_member(row) for row in await db.fetch(query("members_by_mi_id"), list(mi_ids))]


async def members_by_id(db: Queryable, member_ids: Sequence[UUID]) -> list[MemberRow]:
    """Members by id, those that still are persons."""
    return [_member(row) for row in await db.fetch(query("members_by_id"), list(member_ids))]


async def erased_member(db: Queryable, member_id: UUID) -> MemberRow | None:
    """A member whose person was erased; its Mi account id is a pseudonym."""
    row = await db.fetchrow(query("erased_member"), member_id)
    return _member(row) if row is not None else None


def _member(row: asyncpg.Record) -> MemberRow:
    return MemberRow(**dict(row.items()))


async def entries_page(db: Queryable, member_id: UUID, window: Window[int], wanted: EntryFilter) -> list[EntryRow]:
    """A stretch of a member's history, newest first; one row more than asked shows that there is more."""
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
    return [_entry(row) for row in rows]


async def entries_by_seq(db: Queryable, keys: Sequence[MemberAnd[int]]) -> list[EntryRow]:
    """Lines of histories by member and seq."""
    return [_entry(row) for row in await db.fetch(query("entries_by_seq"), *_columns(keys))]


async def entries_of_verdicts(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[EntryRow]:
    """The lines that verdicts made, oldest first."""
    return [_entry(row) for row in await db.fetch(query("entries_of_verdicts"), *_columns(keys))]


def _entry(row: asyncpg.Record) -> EntryRow:
    return EntryRow(**dict(row.items()))


async def pending_page(
    db: Queryable, member_id: UUID, window: Window[tuple[datetime | None, UUID]]
) -> list[PromiseRow]:
    """A stretch of what is promised to a member, soonest first, and one row more."""
    due_at, promise_id = window.after or (None, None)
    rows = await db.fetch(query("pending_page"), member_id, due_at, promise_id, window.most + 1)
    return [_promise(row) for row in rows]


async def promises_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[PromiseRow]:
    """Open promises by member and id."""
    return [_promise(row) for row in await db.fetch(query("promises_by_id"), *_columns(keys))]


async def promises_of_verdicts(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[PromiseRow]:
    """Open promises of verdicts, soonest first."""
    return [_promise(row) for row in await db.fetch(query("promises_of_verdicts"), *_columns(keys))]


def _promise(row: asyncpg.Record) -> PromiseRow:
    return PromiseRow(**dict(row.items()))


async def coupons_page(
    db: Queryable, member_id: UUID, window: Window[tuple[datetime, UUID]], states: Sequence[str] | None
) -> list[CouponRow]:
    """A stretch of a member's coupons, newest first, and one row more."""
    rows = await db.fetch(
        query("coupons_backwards" if window.from_end else "coupons_forwards"),
        member_id,
        *(window.after or (None, None)),
        *(window.before or (None, None)),
        list(states) if states is not None else None,
        window.most + 1,
    )
    return [_coupon(row) for row in rows]


async def coupons_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[CouponRow]:
    """Coupons by member and id."""
    return [_coupon(row) for row in await db.fetch(query("coupons_by_id"), *_columns(keys))]


def _coupon(row: asyncpg.Record) -> CouponRow:
    return CouponRow(**dict(row.items()))


async def verdicts_page(
    db: Queryable, member_id: UUID, window: Window[tuple[datetime, UUID]], outcomes: Sequence[str] | None
) -> list[VerdictRow]:
    """A stretch of a member's verdicts, newest first, and one row more."""
    rows = await db.fetch(
        query("verdicts_page"),
        member_id,
        *(window.after or (None, None)),
        list(outcomes) if outcomes is not None else None,
        window.most + 1,
    )
    return [_verdict(row) for row in rows]


async def verdicts_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[VerdictRow]:
    """Verdicts by member and id."""
    return [_verdict(row) for row in await db.fetch(query("verdicts_by_id"), *_columns(keys))]


def _verdict(row: asyncpg.Record) -> VerdictRow:
    values = dict(row.items())
    return VerdictRow(**(values | {"campaign_ids": _texts(values["campaign_ids"])}))


async def notices_page(db: Queryable, member_id: UUID, window: Window[tuple[datetime, UUID]]) -> list[NoticeRow]:
    """A stretch of what a member was told, newest first, and one row more."""
    place = window.after or (None, None)
    return [_notice(row) for row in await db.fetch(query("notices_page"), member_id, *place, window.most + 1)]


async def notices_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[NoticeRow]:
    """Notices by member and id."""
    return [_notice(row) for row in await db.fetch(query("notices_by_id"), *_columns(keys))]


def _notice(row: asyncpg.Record) -> NoticeRow:
    return NoticeRow(**dict(row.items()))


async def lapsing_lots(db: Queryable, member_id: UUID) -> list[tuple[date, int]]:
    """What lapses when, in points, soonest first."""
    return [(row["lapses_on"], row["remaining"]) for row in await db.fetch(query("lapsing_lots"), member_id)]


async def slots_of_periods(db: Queryable, member_id: UUID, periods: Sequence[str]) -> list[tuple[str, str, int]]:
    """The slots taken in some periods, as (kind, period, number)."""
    rows = await db.fetch(query("slots_of_periods"), member_id, list(periods))
    return [(row["kind"], row["period"], row["n"]) for row in rows]


async def recent_fuel_days(db: Queryable, member_id: UUID, since: date) -> list[tuple[date, int, int]]:
    """The days on which fuel was collected, as (day, streak, bonuses), oldest first."""
    rows = await db.fetch(query("recent_fuel_days"), member_id, since)
    return [(row["day"], row["streak"], row["bonuses"]) for row in rows]


async def owner_of_order(db: Queryable, number: str) -> UUID | None:
    """The member an order belongs to, or None for an unknown one."""
    owner: UUID | None = await db.fetchval(query("owner_of_order"), number)
    return owner


async def orders_by_number(db: Queryable, keys: Sequence[MemberAnd[str]]) -> list[OrderRow]:
    """Orders by member and number."""
    return [_order(row) for row in await db.fetch(query("orders_by_number"), *_columns(keys))]


def _order(row: asyncpg.Record) -> OrderRow:
    values = dict(row.items())
    facts = tuple((kind, content, datetime.fromisoformat(at)) for kind, content, at in values["facts"])
    return OrderRow(**(values | {"facts": facts, "campaign_ids": _texts(values["campaign_ids"])}))


async def stock_of_rewards(db: Queryable, reward_ids: Sequence[str]) -> dict[str, int | None]:
    """What is left of rewards now; None where they have no stock to run out."""
    rows = await db.fetch(query("stock_of_rewards"), list(reward_ids))
    return {row["reward_id"]: row["stock_left"] for row in rows}


def _columns(keys: Sequence[MemberAnd[Any]]) -> tuple[list[UUID], list[Any]]:
    return [member_id for member_id, _ in keys], [local for _, local in keys]


def _texts(ids: Sequence[UUID]) -> tuple[str, ...]:
    return tuple(str(each) for each in ids)
