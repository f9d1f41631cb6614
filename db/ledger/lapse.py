"""Points that lapse, and points and coupons that need a notice before they end, member by member (R50)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from db.pool import Queryable
from db.queries import query

LapsePlace = tuple[date, UUID]
"""A day on which something is due for a member: a place in the list of everything that is due."""


@dataclass(frozen=True, slots=True)
class TimeStep:
    """One lapse or notice of a member as of `version`, booked as of `at`: `step` is TELL_LOT, LAPSE or TELL_COUPON.

    `lapses_on` is the lot's day, or the first day on which the coupon is no longer valid. `lapsed_before` are points
    of this lot that lapsed earlier; it is not 0 if points were added to the lot after that. `reference` is the
    coupon's code, None if the coupon was issued too late for a notice.
    """

    step: str
    at: datetime
    lapses_on: date
    points: int | None
    coupon_id: UUID | None
    reference: str | None
    member_id: UUID
    version: int
    seq: int
    head: bytes
    available: int
    now: datetime
    lapsed_before: int


async def days_now(db: Queryable) -> dict[str, date]:
    """Each market's current day by the programme's clock."""
    return {row["market"]: row["today"] for row in await db.fetch(query("days_now"))}


async def members_to_lapse(db: Queryable, after: LapsePlace, most: int) -> list[LapsePlace]:
    """Up to `most` members with a lot that lapses or needs a notice, after a place in that list."""
    rows = await db.fetch(query("members_to_lapse"), *after, most)
    return [(row["on_day"], row["member_id"]) for row in rows]


async def members_with_expiring_coupons(db: Queryable, most: int) -> list[UUID]:
    """Up to `most` members who must get a notice that a coupon ends."""
    return [row["member_id"] for row in await db.fetch(query("members_with_expiring_coupons"), most)]


async def lock_member_to_lapse(db: Queryable, member_id: UUID) -> bool:
    """Locks one member until the transaction ends; False if another transaction holds the lock."""
    return await db.fetchval(query("lock_member_to_lapse"), member_id) is not None


async def next_step(db: Queryable, member_id: UUID, until: datetime | None) -> TimeStep | None:
    """A member's next lapse or notice that is due up to a moment (None: now; never later than now); None for none."""
    row = await db.fetchrow(query("next_step"), member_id, until)
    return TimeStep(**dict(row.items())) if row is not None else None


async def mark_lot_noticed(db: Queryable, member_id: UUID, lapses_on: date) -> None:
    """The member has got the notice about this lot."""
    await db.execute(query("mark_lot_noticed"), member_id, lapses_on)


async def mark_coupon_noticed(db: Queryable, member_id: UUID, coupon_id: UUID) -> None:
    """The member has got the notice about this coupon, or got the coupon too late for a notice."""
    await db.execute(query("mark_coupon_noticed"), member_id, coupon_id)
