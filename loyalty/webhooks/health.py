"""The health of producers: when each last sent, how late its deliveries are applied, what fails and why, and gaps."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from db.pool import Database
from db.webhooks.health import ProducerRow, TroubleRow, producers_now, producers_seen, producers_troubles
from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.rejections import UNKNOWN
from loyalty.webhooks.store import UnknownProducer

_HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Gap:
    """Full hours without a delivery, although at these hours there usually is one. `until` is exclusive."""

    since: datetime
    until: datetime

    @property
    def hours(self) -> int:
        """Its length in hours."""
        return (self.until - self.since) // _HOUR


@dataclass(frozen=True, slots=True)
class ProducerHealth:
    """A producer now. `is_known`: this release can read its deliveries. Of its secrets only the number is here."""

    now: ProducerRow
    is_known: bool
    active_secrets: int
    troubles: tuple[TroubleRow, ...]
    gaps: tuple[Gap, ...]


async def health_of_producers(db: Database, secrets: Mapping[str, Sequence[str]]) -> list[ProducerHealth]:
    """All producers that are known, have secrets, or have ever sent a stored delivery, by name."""
    names = sorted({*PRODUCERS, *secrets, *await producers_seen(db)})
    return await _health_of(db, secrets, names)


async def health_of_producer(db: Database, secrets: Mapping[str, Sequence[str]], name: str) -> ProducerHealth:
    """One producer. Raises UnknownProducer for a name that is neither known, nor in `secrets`, nor ever sent."""
    if name not in PRODUCERS and name not in secrets and name not in await producers_seen(db):
        raise UnknownProducer(f"No producer is called {name[:50]!r}.")
    return (await _health_of(db, secrets, [name]))[0]


async def unknown_producers(db: Database) -> list[TroubleRow]:
    """Deliveries that were rejected without a known producer, by reason."""
    return await producers_troubles(db, [UNKNOWN])


async def _health_of(db: Database, secrets: Mapping[str, Sequence[str]], names: Sequence[str]) -> list[ProducerHealth]:
    troubles = await producers_troubles(db, names)
    return [
        ProducerHealth(
            now=row,
            is_known=row.producer in PRODUCERS,
            active_secrets=len(secrets.get(row.producer, ())),
            troubles=tuple(each for each in troubles if each.producer == row.producer),
            gaps=tuple(gaps_of(row.gaps)),
        )
        for row in await producers_now(db, names)
    ]


def gaps_of(hours: Iterable[datetime]) -> list[Gap]:
    """Joins hours, in ascending order, into runs without a break."""
    gaps: list[Gap] = []
    for hour in hours:
        if gaps and gaps[-1].until == hour:
            gaps[-1] = Gap(gaps[-1].since, hour + _HOUR)
        else:
            gaps.append(Gap(hour, hour + _HOUR))
    return gaps
