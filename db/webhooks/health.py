"""How producers are doing, by what was kept of them and what was refused."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class ProducerRow:
    """One producer now. `day_…` and the lags, in seconds, are of what was received in the last day.

    `gaps` are the starts of hours in which nothing came, though at that hour something usually does.
    """

    producer: str
    last_seen: datetime | None
    last_applied: datetime | None
    received: int
    parked: int
    dead: int
    oldest_waiting_seconds: float | None
    day_received: int
    day_applied: int
    day_parked: int
    day_ignored: int
    day_dead: int
    lag_median: float | None
    lag_p95: float | None
    gaps: list[datetime]


@dataclass(frozen=True, slots=True)
class TroubleRow:
    """Why deliveries of a producer do not count, and how many: DEAD, RETRYING, IGNORED or REJECTED."""

    producer: str
    kind: str
    reason: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """How many deliveries of a producer wait or were given up on; seconds the oldest has waited to be applied."""

    producer: str
    received: int
    parked: int
    dead: int
    oldest_waiting_seconds: float | None


async def producers_now(db: Queryable, producers: Sequence[str]) -> list[ProducerRow]:
    """One row for each producer named, in that order."""
    return [ProducerRow(**dict(row.items())) for row in await db.fetch(query("producers_now"), list(producers))]


async def producers_troubles(db: Queryable, producers: Sequence[str]) -> list[TroubleRow]:
    """The reasons why their deliveries do not count, the most frequent first."""
    return [TroubleRow(**dict(row.items())) for row in await db.fetch(query("producers_troubles"), list(producers))]


async def producers_seen(db: Queryable) -> list[str]:
    """Whoever has ever sent anything that was kept."""
    return [row["producer"] for row in await db.fetch(query("producers_seen"))]


async def inbox_waiting(db: Queryable) -> list[WaitingRow]:
    """What waits, by producer."""
    return [WaitingRow(**dict(row.items())) for row in await db.fetch(query("inbox_waiting"))]
