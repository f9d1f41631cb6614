"""The health of producers, from stored deliveries and counts of rejected ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class ProducerRow:
    """One producer now. `day_…` and the lags, in seconds, cover the deliveries of the last 24 hours.

    `gaps` are the starts of hours without a delivery, although at that hour there usually is one.
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
    """A reason why deliveries have no effect, and their number. `kind`: DEAD, RETRYING, IGNORED or REJECTED."""

    producer: str
    kind: str
    reason: str
    count: int
    last_at: datetime


@dataclass(frozen=True, slots=True)
class WaitingRow:
    """The numbers of waiting and dead deliveries of a producer, and the seconds that the oldest has waited."""

    producer: str
    received: int
    parked: int
    dead: int
    oldest_waiting_seconds: float | None


async def producers_now(db: Queryable, producers: Sequence[str]) -> list[ProducerRow]:
    """One row for each of these producers, in this order."""
    return [ProducerRow(**dict(row.items())) for row in await db.fetch(query("producers_now"), list(producers))]


async def producers_troubles(db: Queryable, producers: Sequence[str]) -> list[TroubleRow]:
    """The reasons why deliveries of these producers have no effect, the most frequent first."""
    return [TroubleRow(**dict(row.items())) for row in await db.fetch(query("producers_troubles"), list(producers))]


async def producers_seen(db: Queryable) -> list[str]:
    """All producers of which a delivery was ever stored."""
    return [row["producer"] for row in await db.fetch(query("producers_seen"))]


async def inbox_waiting(db: Queryable) -> list[WaitingRow]:
    """The waiting and dead deliveries by producer."""
    return [WaitingRow(**dict(row.items())) for row in await db.fetch(query("inbox_waiting"))]
