"""What a membership may become, and what leaving it forfeits (R5, R71)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Forfeit:
    """What a member loses by leaving: points available and pending, and unspent coupons by currency, minor units."""

    available: int
    pending: int
    coupons: int
    worth_minor: Mapping[str, int]

    @property
    def sentence(self) -> str:
        """What would be lost, in words."""
        worth = " and ".join(f"{minor / 100:.2f} {currency}" for currency, minor in sorted(self.worth_minor.items()))
        coupons = f"{_counted(self.coupons, 'coupon')} worth {worth}" if self.coupons else "no coupons"
        return f"{_counted(self.available, 'point')}, {_counted(self.pending, 'pending point')} and {coupons}"


def forfeit_of(available: int, pending: int, coupons: Iterable[tuple[int, str]]) -> Forfeit:
    """What leaving forfeits; coupons as (value in minor units, currency)."""
    worth: dict[str, int] = {}
    count = 0
    for value_minor, currency in coupons:
        worth[currency] = worth.get(currency, 0) + value_minor
        count += 1
    return Forfeit(available, pending, count, worth)


def may_become(state: str, wanted: str) -> bool:
    """R5: a membership is paused and resumed at will; closed is final."""
    return state != "CLOSED" or wanted == "CLOSED"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
