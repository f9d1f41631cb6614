"""Lots of points, by the day on which they lapse."""

from datetime import date
from uuid import UUID

from db.pool import Queryable
from db.queries import query


async def lapsing_lots(db: Queryable, member_id: UUID) -> list[tuple[date, int]]:
    """What lapses when, in points, soonest first."""
    return [(row["lapses_on"], row["remaining"]) for row in await db.fetch(query("lapsing_lots"), member_id)]
