"""Lots, which are points by lapse date: from which lots points are spent or taken back (R36, R50)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True, slots=True)
class Lot:
    """The points left in the lot of one lapse date; date.max means that they never lapse."""

    lapses_on: date
    remaining: int


@dataclass(frozen=True, slots=True)
class Take:
    """Points taken from the lot of one lapse date, or credited to it."""

    lapses_on: date
    points: int


@dataclass(frozen=True, slots=True)
class TakenBack:
    """A clawback: the points taken from each lot, the debt left, and the lapsed points that are not taken again."""

    takes: tuple[Take, ...]
    debt: int
    waived: tuple[Take, ...] = ()

    @property
    def points(self) -> int:
        """The points that are taken: from lots, and as debt."""
        return _total(self.takes) + self.debt


class TooFewPoints(ValueError):
    """The lots hold fewer points than were to be spent."""


def spend(lots: Sequence[Lot], points: int) -> tuple[Take, ...]:
    """The points to take from each lot, the soonest to lapse first (R50). Raises TooFewPoints."""
    takes = _drain(_by_date(lots), points)
    if sum(take.points for take in takes) < points:
        raise TooFewPoints(f"{points} points are more than the lots hold.")
    return takes


def take_back(lots: Sequence[Lot], points: int, origins: Sequence[Take], lapsed: Sequence[Lot] = ()) -> TakenBack:
    """Takes credited points back (R36).

    First from the lots they were credited to (`origins`: points credited there and not taken back yet), soonest lapse
    date first; then from the other lots, soonest first; the rest becomes debt. `lapsed` are the points that lapsed in
    each lot: as many as the origins credited there are waived, so they are not taken again. Points that were waived
    before are in neither `origins` nor `lapsed`.
    """
    put = _sums((origin.lapses_on, origin.points) for origin in origins)
    waived = _drain(_at_most(_sums((lot.lapses_on, lot.remaining) for lot in lapsed), put), points)
    left = points - _total(waived)
    held = _by_date(lots)
    from_origins = _drain(_at_most(held, put), left)
    for take in from_origins:
        held[take.lapses_on] -= take.points
    left -= _total(from_origins)
    others = _drain(held, left)
    merged = _sums((take.lapses_on, take.points) for take in (*from_origins, *others))
    return TakenBack(tuple(Take(*each) for each in merged.items()), left - _total(others), waived)


def _by_date(lots: Iterable[Lot]) -> dict[date, int]:
    return _sums((lot.lapses_on, lot.remaining) for lot in lots)


def _sums(pairs: Iterable[tuple[date, int]]) -> dict[date, int]:
    """Points by lapse date, the soonest first."""
    sums: dict[date, int] = {}
    for day, points in pairs:
        sums[day] = sums.get(day, 0) + points
    return dict(sorted(sums.items()))


def _at_most(held: dict[date, int], limits: dict[date, int]) -> dict[date, int]:
    return {day: min(points, limits.get(day, 0)) for day, points in held.items()}


def _drain(held: dict[date, int], points: int) -> tuple[Take, ...]:
    """At most `points`, from the soonest lapse date on."""
    takes: list[Take] = []
    for day, there in held.items():
        taken = min(there, points)
        if taken > 0:
            takes.append(Take(day, taken))
            points -= taken
    return tuple(takes)


def _total(takes: Iterable[Take]) -> int:
    return sum(take.points for take in takes)
