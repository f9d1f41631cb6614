"""Members whose points lapse or who need a notice before points or coupons end (R50)."""

from datetime import date
from uuid import UUID

from db.pool import Queryable
from db.queries import query

LapsePlace = tuple[date, UUID]
"""A day on which something is due for a member: a place in the list of everything that is due."""


async def days_now(db: Queryable) -> dict[str, date]:
    """Each market's current day by the programme's clock."""
    return {row["market"]: row["today"] for row in await db.fetch(query("days_now"))}


async def members_to_lapse(db: Queryable, after: LapsePlace, most: int) -> list[LapsePlace]:
    """Up to `most` members with a lot that lapses or needs a notice, after a place in that list."""
    rows = await db.fetch(query("members_to_lapse"), *after, most)
    return [(row["on_day"], row["member_id"]) for row in rows]


async def members_with_expiring_coupons(db: Queryable, most: int) -> list[UUID]:
    """The members who must get a notice that a coupon ends: those of the `most` coupons that end first."""
    return [row["member_id"] for row in await db.fetch(query("members_with_expiring_coupons"), most)]
