"""Lots of points, by the day on which they lapse."""

from datetime import date
from uuid import UUID

from db.pool import Queryable
from db.queries import query


async def lapsing_lots(db: Queryable, member_id: UUID) -> list[tuple[date, int]]:
    """A member's lots as (lapses on, points), soonest first; points that never lapse are in the lot of 9999-12-31."""
    return [(row["lapses_on"], row["remaining"]) for row in await db.fetch(query("lapsing_lots"), member_id)]
