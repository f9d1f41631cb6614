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
        """The points that can still be given back."""
        return sum(take.points for take in self.takes) + self.debt - self.given


@dataclass(frozen=True, slots=True)
class GivenBack:
    """The points that go back into lots, and those that had lapsed and so do not come back."""

    puts: tuple[Take, ...]
    lapsed: int

    @property
    def points(self) -> int:
        """The points that the member gets back."""
        return sum(put.points for put in self.puts)

    @property
    def verdict(self) -> tuple[Outcome, Code]:
        """REDUCED if a part had lapsed, REFUSED if all had (R51)."""
        if not self.lapsed:
            return Outcome.GRANTED, Code.ADJUSTED
        return (Outcome.REDUCED if self.puts else Outcome.REFUSED), Code.LOT_LAPSED


class MoreThanTaken(ValueError):
    """More points were requested back than can still be given back."""


def give_back(taken: Taken, points: int, today: date, new_lot: date) -> GivenBack:
    """Gives points back in reverse order: first the points that became debt, into `new_lot`; then the lots, latest
    lapse date first.

    The order is always the same, so points given back earlier are at the beginning of this list, and lapsed lots at its
    end. A lot has lapsed from its date on. Raises MoreThanTaken.
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
    """The part of credited points that repays a debt, in the order of `puts` (R36)."""
    repaid: list[Take] = []
    for put in puts:
        points = min(put.points, debt)
        if points:
            repaid.append(Take(put.lapses_on, points))
        debt -= points
    return tuple(repaid)
