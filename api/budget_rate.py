"""How a budget is restored in the memory of this process: by GCRA (ITU-T I.371; brandur.org/rate-limiting explains it),
which keeps one number for each payer. In Redis the library throttled-py does the same."""

import time
from collections import OrderedDict
from dataclasses import dataclass, field
from math import floor
from typing import NamedTuple

_MOST_KEPT = 50_000
"""Payers whose budgets one process holds; the one that has paid nothing for the longest time gets a full budget."""


class Spent(NamedTuple):
    """`is_enough` says whether the cost was taken. `remaining` is a cost; `reset_after` and `retry_after` are seconds:
    until the budget is full again, and until the cost would fit."""

    is_enough: bool
    remaining: int
    reset_after: float
    retry_after: float


@dataclass(slots=True)
class Rate:
    """Budgets of `per_minute` for each payer, restored evenly."""

    per_minute: int
    _full_at: "OrderedDict[str, float]" = field(default_factory=OrderedDict)

    def take(self, payer: str, cost: int) -> Spent:
        """Takes the cost if the budget has it, and nothing otherwise."""
        now, seconds_each = time.monotonic(), 60 / self.per_minute
        missing = max(0.0, self._full_at.get(payer, now) - now)
        left = self.per_minute - cost + floor(-missing / seconds_each)
        if left < 0:
            retry_after = missing + (cost - self.per_minute) * seconds_each
            return Spent(False, min(self.per_minute, left + cost), missing, abs(retry_after))
        reset_after = missing + cost * seconds_each
        self._keep(payer, now + reset_after)
        return Spent(True, left, reset_after, 0.0)

    def _keep(self, payer: str, full_at: float) -> None:
        self._full_at[payer] = full_at
        self._full_at.move_to_end(payer)
        if len(self._full_at) > _MOST_KEPT:
            self._full_at.popitem(last=False)
