"""Rows for caps, streaks, lapses and velocity limits: slots, fuel days, lots, recent activities."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

from db.pool import Queryable
from db.queries import query
from db.reading_together import by_key


class ProgressWanted(NamedTuple):
    """A member whose progress is read: slots of this month, this day and for ever, and fuel days from `since` on."""

    member_id: UUID
    month: str
    day: str
    since: date


class Progress(NamedTuple):
    """A member's progress: the taken slots as (kind, period, number), the days on which fuel was collected as (day,
    streak, bonuses), oldest first, and the lots that will lapse as (lapses on, points), soonest first."""

    wanted: ProgressWanted
    slots: list[tuple[str, str, int]]
    fuel_days: list[tuple[date, int, int]]
    lots: list[tuple[date, int]]


@by_key("wanted")
async def progress_of_members(db: Queryable, wanted: Sequence[ProgressWanted]) -> list[Progress]:
    """The progress of members; nothing of a member that is not there."""
    rows = await db.fetch(query("progress_of_members"), *(list(column) for column in zip(*wanted, strict=True)))
    return [Progress(wanted[place - 1], *lists) for place, *lists in rows]


async def activities_lately(
    db: Queryable, member_id: UUID, since: datetime, no_activities: Sequence[str], device: str | None
) -> tuple[int, int]:
    """How many activities were judged after a moment: this member's, and those sent from one device (by its hash).

    `no_activities` are the kinds of verdicts that are not about an activity, and are not counted.
    """
    row = await db.fetchrow(query("activities_lately"), member_id, since, list(no_activities), device)
    assert row is not None
    return row["of_member"], row["of_device"]
