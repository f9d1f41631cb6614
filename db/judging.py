"""What decisions read: one member as of one version, an earlier answer to the same key, an order to settle."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class Who:
    """A member named by Mi account id, or by member id."""

    mi_id: str | None = None
    member_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """The first answer to an idempotency key, and the hash of the input it was given to."""

    input_hash: str
    answer: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class MemberToJudge:
    """One member as of `version`. Points; `lots` are (lapses on, remaining), soonest first; `slots` (period, n).

    `is_behind`: a lot's day has come, and it has not lapsed or been told of yet (R50).
    """

    member_id: UUID
    mi_id: str | None
    market: str
    time_zone: str
    zone_before: str | None
    zone_since: datetime | None
    earlier_zones: tuple[tuple[str, datetime], ...]
    joined_at: datetime
    state: str
    state_since: datetime | None
    available: int
    pending: int
    debt: int
    lifetime: int
    version: int
    now: datetime
    programme_version: int
    is_behind: bool
    kept: KeptAnswer | None
    slots: tuple[tuple[str, int], ...]
    fuel_days: tuple[tuple[date, int, int], ...]
    lots: tuple[tuple[date, int], ...]


@dataclass(frozen=True, slots=True)
class Moment:
    """The programme's moment and version, with a service's earlier answer to a key."""

    now: datetime
    programme_version: int
    kept: KeptAnswer | None


@dataclass(frozen=True, slots=True)
class KnownOrder:
    member_id: UUID
    content_hash: str | None
    verdict_id: UUID | None


@dataclass(frozen=True, slots=True)
class OrderOfParcel:
    number: str
    member_id: UUID
    carriers: Sequence[str | None]


@dataclass(frozen=True, slots=True)
class PromiseOfOrder:
    promise_id: UUID
    part: str
    state: str
    points: int


@dataclass(frozen=True, slots=True)
class OrderToSettle:
    """An order as told, the set of facts about it as (key, kind, content, occurred at), whether some of them were kept
    and moved nothing yet, its promises, what was taken back by part, the lots its points went to, what of each of the
    member's lots lapsed, and the first line of history it made."""

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
    is_waiting: bool
    has_kept_facts: bool
    facts: list[tuple[str, str, dict[str, Any], datetime]]
    promises: list[PromiseOfOrder]
    taken: Mapping[str, int]
    origins: list[tuple[date, int]]
    lapsed: list[tuple[date, int]]
    first_entry: int | None


async def member_to_judge(
    db: Queryable,
    who: Who,
    *,
    service_id: UUID | None = None,
    key: str | None = None,
    slot_kind: str | None = None,
    product_id: str | None = None,
) -> MemberToJudge | None:
    """One member with what a decision needs, or None where nobody of that name has joined."""
    row = await db.fetchrow(query("member_to_judge"), who.mi_id, who.member_id, service_id, key, slot_kind, product_id)
    if row is None:
        return None
    return MemberToJudge(
        **{name: row[name] for name in _COLUMNS},
        earlier_zones=tuple((zone, datetime.fromisoformat(until)) for zone, until in row["earlier_zones"]),
        kept=_kept(row),
        slots=tuple((period, n) for period, n in row["slots"]),
        fuel_days=tuple((date.fromisoformat(day), streak, bonuses) for day, streak, bonuses in row["fuel_days"]),
        lots=tuple((date.fromisoformat(day), remaining) for day, remaining in row["lots"]),
    )


_COLUMNS = (
    "member_id",
    "mi_id",
    "market",
    "time_zone",
    "zone_before",
    "zone_since",
    "joined_at",
    "state",
    "state_since",
    "available",
    "pending",
    "debt",
    "lifetime",
    "version",
    "now",
    "programme_version",
    "is_behind",
)


def _kept(row: asyncpg.Record) -> KeptAnswer | None:
    return KeptAnswer(row["input_hash"].hex(), row["answer"]) if row["answer"] is not None else None


async def lock_member_to_judge(db: Queryable, who: Who) -> None:
    """Holds the member until the transaction ends, so that what is read next cannot be stale."""
    await db.fetchrow(query("lock_member_to_judge"), who.mi_id, who.member_id)


async def request_to_judge(db: Queryable, service_id: UUID | None, key: str | None) -> Moment:
    """The moment, and what a service was answered to this key before."""
    row = await db.fetchrow(query("request_to_judge"), service_id, key)
    assert row is not None
    return Moment(row["now"], row["programme_version"], _kept(row))


async def key_is_used(db: Queryable, service_id: UUID | None, mi_id: str | None, key: str) -> bool:
    """Whether a service, or else the member of a Mi account, was answered to this key before."""
    used: bool = await db.fetchval(query("key_is_used"), service_id, mi_id, key)
    return used


async def keep_answer(
    db: Queryable,
    caller_id: UUID,
    key: str,
    input_hash: str,
    answer: Mapping[str, Any],
    *,
    member_id: UUID | None = None,
) -> bool:
    """Keeps an answer that changes nothing of a member; False when another answer to this key was first."""
    return await db.fetchval(query("keep_answer"), caller_id, key, input_hash, answer, member_id) is not None


async def join_member(
    db: Queryable, mi_id: str, member_id: UUID, market: str, time_zone: str, joined_at: datetime
) -> bool:
    """Makes a member of a Mi account; False when it is one already."""
    joined = await db.fetchval(query("join_member"), mi_id, member_id, market, time_zone, joined_at)
    return joined is not None


async def verdict_of_business_key(db: Queryable, member_id: UUID, business_key: str) -> UUID | None:
    """The verdict that an event with this business key was given before."""
    verdict_id: UUID | None = await db.fetchval(query("verdict_of_business_key"), member_id, business_key)
    return verdict_id


async def order_known(db: Queryable, number: str) -> KnownOrder | None:
    """Whose order this number is, and the hash of what was told of it."""
    row = await db.fetchrow(query("order_known"), number)
    if row is None:
        return None
    content_hash = row["content_hash"].hex() if row["content_hash"] is not None else None
    return KnownOrder(row["member_id"], content_hash, row["verdict_id"])


async def order_owner(db: Queryable, number: str) -> UUID | None:
    """The member an order number belongs to, or None for an unknown order."""
    owner: UUID | None = await db.fetchval(query("order_owner"), number)
    return owner


async def order_named(db: Queryable, numbers: Sequence[str], tracking_numbers: Sequence[str]) -> str | None:
    """The order that one of these numbers is known as, or else that recorded one of these parcels; None for none."""
    number: str | None = await db.fetchval(query("order_named"), list(numbers), list(tracking_numbers))
    return number


async def orders_of_parcel(db: Queryable, tracking_number: str, received_at: datetime) -> list[OrderOfParcel]:
    """The orders that news of a parcel can mean: those with its number that were heard of in the last 180 days."""
    rows = await db.fetch(query("order_of_parcel"), tracking_number, received_at)
    return [OrderOfParcel(row["number"], row["member_id"], row["carriers"]) for row in rows]


async def order_to_settle(db: Queryable, member_id: UUID, number: str) -> OrderToSettle | None:
    """An order with everything its settlement depends on."""
    row = await db.fetchrow(query("order_to_settle"), member_id, number)
    if row is None:
        return None
    return OrderToSettle(
        number=row["number"],
        verdict_id=row["verdict_id"],
        placed_at=row["placed_at"],
        currency=row["currency"],
        lines=row["lines"],
        parcels=row["parcels"],
        shipping_minor=row["shipping_minor"],
        discount_minor=row["discount_minor"],
        terms_version=row["terms_version"],
        campaign_ids=tuple(str(campaign_id) for campaign_id in row["campaign_ids"]),
        is_waiting=row["is_waiting"],
        has_kept_facts=row["has_kept_facts"],
        facts=[(key, kind, content, datetime.fromisoformat(at)) for key, kind, content, at in row["facts"]],
        promises=[PromiseOfOrder(UUID(id_), part, state, points) for id_, part, state, points in row["promises"]],
        taken=_summed(row["taken"]),
        origins=sorted((date.fromisoformat(day), points) for day, points in row["origins"]),
        lapsed=sorted((date.fromisoformat(day), points) for day, points in row["lapsed"]),
        first_entry=row["first_entry"],
    )


def _summed(taken: list[dict[str, int] | None]) -> dict[str, int]:
    total: dict[str, int] = {}
    for parts in taken:
        for part, points in (parts or {}).items():
            total[part] = total.get(part, 0) + points
    return total
