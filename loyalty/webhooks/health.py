"""How the producers are doing: who is heard of, how late its news is applied, what fails and why, who is silent."""

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
    """Nothing came from one moment until another, full hours in which something usually does."""

    since: datetime
    until: datetime

    @property
    def hours(self) -> int:
        """How long it is."""
        return (self.until - self.since) // _HOUR


@dataclass(frozen=True, slots=True)
class ProducerHealth:
    """A producer now. Of its secrets only how many are active; `is_known`: this release can read it."""

    now: ProducerRow
    is_known: bool
    active_secrets: int
    troubles: tuple[TroubleRow, ...]
    gaps: tuple[Gap, ...]


async def health_of_producers(db: Database, secrets: Mapping[str, Sequence[str]]) -> list[ProducerHealth]:
    """All producers that are known, have secrets, or have ever sent anything, by name."""
    names = sorted({*PRODUCERS, *secrets, *await producers_seen(db)})
    return await _watch(db, secrets, names)


async def health_of_producer(db: Database, secrets: Mapping[str, Sequence[str]], name: str) -> ProducerHealth:
    """One producer. Raises UnknownProducer."""
    if name not in PRODUCERS and name not in secrets and name not in await producers_seen(db):
        raise UnknownProducer(f"No producer is called {name[:50]!r}.")
    return (await _watch(db, secrets, [name]))[0]


async def unknown_producers(db: Database) -> list[TroubleRow]:
    """What was refused because nobody we know sends it, or sends it so."""
    return await producers_troubles(db, [UNKNOWN])


async def _watch(db: Database, secrets: Mapping[str, Sequence[str]], names: Sequence[str]) -> list[ProducerHealth]:
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
    """Hours in their order as runs without a break."""
    gaps: list[Gap] = []
    for hour in hours:
        if gaps and gaps[-1].until == hour:
            gaps[-1] = Gap(gaps[-1].since, hour + _HOUR)
        else:
            gaps.append(Gap(hour, hour + _HOUR))
    return gaps
