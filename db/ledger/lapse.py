"""What time does to points and coupons, member by member, and the notices that go out (R50)."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from db.pool import Queryable
from db.queries import query

Place = tuple[date, UUID]
"""A day on which something is due to a member: a place in the list of all that is due."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that time does to a member as of `at`: `step` is TELL_LOT, LAPSE or TELL_COUPON.

    `lapses_on` is the lot's day, or the day on which the coupon is no longer valid. `lapsed_before` are points of
    this lot that lapsed earlier, when points came into it once more. A coupon's `reference` is its code, None where
    it was issued too late for a notice.
    """

    step: str
    at: datetime
    lapses_on: date
    points: int | None
    coupon_id: UUID | None
    reference: str | None
    version: int
    lapsed_before: int


async def days_now(db: Queryable) -> dict[str, date]:
    """Each market's day by the programme's clock."""
    return {row["market"]: row["today"] for row in await db.fetch(query("days_now"))}


async def members_to_lapse(db: Queryable, after: Place, most: int) -> list[Place]:
    """Up to `most` members with a lot to be told of or to lapse, after a place in that list."""
    rows = await db.fetch(query("members_to_lapse"), *after, most)
    return [(row["on_day"], row["member_id"]) for row in rows]


async def members_with_expiring_coupons(db: Queryable, most: int) -> list[UUID]:
    """Up to `most` members with a coupon whose end they are to be told of."""
    return [row["member_id"] for row in await db.fetch(query("members_with_expiring_coupons"), most)]


async def lock_member_to_lapse(db: Queryable, member_id: UUID) -> bool:
    """Holds one member until the transaction ends; False while somebody else does."""
    return await db.fetchval(query("lock_member_to_lapse"), member_id) is not None


async def next_step(db: Queryable, member_id: UUID, until: datetime | None) -> Step | None:
    """The soonest thing that time has to do to one member up to a moment, now at the latest and where none is given."""
    row = await db.fetchrow(query("next_step"), member_id, until)
    return Step(**dict(row.items())) if row is not None else None


async def mark_lot_noticed(db: Queryable, member_id: UUID, lapses_on: date) -> None:
    """The member has been told of this lot."""
    await db.execute(query("mark_lot_noticed"), member_id, lapses_on)


async def mark_coupon_noticed(db: Queryable, member_id: UUID, coupon_id: UUID) -> None:
    """The member has been told of this coupon, or came by it too late for that."""
    await db.execute(query("mark_coupon_noticed"), member_id, coupon_id)
