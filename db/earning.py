"""Rows for caps, streaks and velocity limits: slots, fuel days, recent activities."""

from collections.abc import Sequence
from datetime import date, datetime
from uuid import UUID

from db.pool import Queryable
from db.queries import query


async def slots_of_periods(db: Queryable, member_id: UUID, periods: Sequence[str]) -> list[tuple[str, str, int]]:
    """The slots taken in some periods, as (kind, period, number)."""
    rows = await db.fetch(query("slots_of_periods"), member_id, list(periods))
    return [(row["kind"], row["period"], row["n"]) for row in rows]


async def recent_fuel_days(db: Queryable, member_id: UUID, since: date) -> list[tuple[date, int, int]]:
    """The days on which fuel was collected, as (day, streak, bonuses), oldest first."""
    rows = await db.fetch(query("recent_fuel_days"), member_id, since)
    return [(row["day"], row["streak"], row["bonuses"]) for row in rows]


async def activities_lately(
    db: Queryable, member_id: UUID, since: datetime, no_activities: Sequence[str], device: str | None
) -> tuple[int, int]:
    """How many activities were judged after a moment: this member's, and those sent from one device (by its hash).

    `no_activities` are the kinds of verdicts that are not about an activity, and are not counted.
    """
    row = await db.fetchrow(query("activities_lately"), member_id, since, list(no_activities), device)
    assert row is not None
    return row["of_member"], row["of_device"]
