"""Giving points back (R51): into the lots they came from, with their dates; what has lapsed stays lapsed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from loyalty.ledger.rules.lots import Take
from loyalty.programme.rules.kinds import Code, Outcome


@dataclass(frozen=True, slots=True)
class Taken:
    """Points that a line of history took, from lots and as debt, and how many of them were given back before."""

    takes: tuple[Take, ...]
    debt: int = 0
    given: int = 0

    @property
    def left(self) -> int:
        """What can still be given back."""
        return sum(take.points for take in self.takes) + self.debt - self.given


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The points that go back into lots, and those that had lapsed and so do not come back."""

    puts: tuple[Take, ...]
    lapsed: int

    @property
    def points(self) -> int:
        """What the member gets."""
        return sum(put.points for put in self.puts)

    @property
    def verdict(self) -> tuple[Outcome, Code]:
        """REDUCED where a part had lapsed, REFUSED where all of it had (R51)."""
        if not self.lapsed:
            return Outcome.GRANTED, Code.ADJUSTED
        return (Outcome.REDUCED if self.puts else Outcome.REFUSED), Code.LOT_LAPSED


class MoreThanTaken(ValueError):
    """More points were to be given back than are left of what was taken."""


def give_back(taken: Taken, points: int, today: date, new_lot: date) -> GivenBack:
    """Undoes a taking from its end: first what became debt, into `new_lot`, then the lots, the last to lapse first.

    So what was given back before is always the beginning of the same list, and what has lapsed is its end. A lot has
    lapsed from its date on. Raises MoreThanTaken.
    """
    if points > taken.left:
        raise MoreThanTaken(f"{points} points are more than the {taken.left} left to give back.")
    puts: list[Take] = []
    lapsed, before, left = 0, taken.given, points
    for part in _from_the_end(taken, new_lot):
        skipped = min(before, part.points)
        given = min(left, part.points - skipped)
        before, left = before - skipped, left - given
        if given and part.lapses_on <= today:
            lapsed += given
        elif given:
            puts.append(Take(part.lapses_on, given))
    return GivenBack(tuple(puts), lapsed)


def _from_the_end(taken: Taken, new_lot: date) -> list[Take]:
    debt = [Take(new_lot, taken.debt)] if taken.debt else []
    return [*debt, *sorted(taken.takes, key=lambda take: take.lapses_on, reverse=True)]


def repaid_of(puts: Sequence[Take], debt: int) -> tuple[Take, ...]:
    """The part of points just given that repays a debt (R36): points that had become debt come first."""
    repaid: list[Take] = []
    for put in puts:
        points = min(put.points, debt)
        if points:
            repaid.append(Take(put.lapses_on, points))
        debt -= points
    return tuple(repaid)
