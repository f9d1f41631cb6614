"""Each caller's budget of cost: in Redis for all processes, and in this process while Redis does not answer.

A budget is restored evenly, a sixtieth of it each second.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING

from api.budget_rate import Rate, Spent
from api.payers import MEMBER, SERVICE, STRANGER, Payer
from loyalty.settings import Settings

if TYPE_CHECKING:
    from api.shared_budget import SharedBudget

log = logging.getLogger("mipoints.api")

REDIS_ANSWER_SECONDS = 0.1  # seconds that one operation waits for Redis
REDIS_PAUSE_SECONDS = 1.0  # seconds without requests to Redis after a failure
_MOST_KEPT = 50_000  # callers whom one process shuts out at a time


def spending(settings: Settings) -> dict[str, int]:
    """The cost that each kind of payer may spend in a minute; a kind without a limit is left out."""
    budgets = {
        MEMBER: settings.graphql_member_budget,
        SERVICE: settings.graphql_service_budget,
        STRANGER: settings.graphql_stranger_budget,
    }
    return {kind: most for kind, most in budgets.items() if most > 0}


@dataclass(frozen=True, slots=True)
class BudgetLeft:
    """The rest of a budget after an operation.

    `is_enough` says whether the cost was taken. `remaining` is a cost, `resets_at` the moment at which the budget is
    full again, `retry_after` the seconds until the operation would fit.
    """

    is_enough: bool
    remaining: int
    resets_at: datetime
    retry_after: int


@dataclass(slots=True)
class Budget:
    """Takes cost from budgets. `per_minute` holds the budget of each kind of payer; other kinds have no limit.

    `failures` counts the times that Redis did not answer.
    """

    per_minute: Mapping[str, int]
    redis_url: str | None = None
    failures: int = 0
    _here: dict[str, Rate] = field(init=False)
    _shared: "SharedBudget | None" = None
    _resumes_at: float = 0.0
    _shut: "OrderedDict[str, float]" = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._here = {kind: Rate(most) for kind, most in self.per_minute.items()}
        if self.redis_url is not None and self.per_minute:
            from api.shared_budget import SharedBudget  # loads Redis' client, which a process without Redis never needs

            self._shared = SharedBudget(self.redis_url, self.per_minute)

    async def take(self, payer: Payer, cost: int) -> BudgetLeft | None:
        """Takes the cost if the budget has it, and nothing otherwise. None for a payer without a limit."""
        if payer.kind not in self.per_minute:
            return None
        if self._shared is not None and self._now() >= self._resumes_at:
            try:
                async with asyncio.timeout(REDIS_ANSWER_SECONDS):
                    return _left_after(await self._shared.take(payer.kind, payer.key, cost))
            except OSError as error:
                self._note_failure(error)
        return _left_after(self._here[payer.kind].take(payer.key, cost))

    async def fine(self, payer: Payer, cost: int) -> None:
        """Takes the cost of a refused document. If the budget is too small, the payer is shut out until it fits."""
        left = await self.take(payer, cost)
        if left is not None and not left.is_enough:
            self._shut[payer.key] = self._now() + left.retry_after
            self._shut.move_to_end(payer.key)
            if len(self._shut) > _MOST_KEPT:
                self._shut.popitem(last=False)

    def shut_for(self, payer: Payer) -> int:
        """The seconds until a payer that is shut out may send requests again; 0 for all others."""
        until = self._shut.get(payer.key)
        if until is None:
            return 0
        if until <= self._now():
            del self._shut[payer.key]
            return 0
        return ceil(until - self._now())

    async def close(self) -> None:
        """Closes the connections to Redis."""
        if self._shared is not None:
            await self._shared.close()

    def _note_failure(self, error: Exception) -> None:
        if self._resumes_at == 0.0:
            log.warning("Redis keeps no budgets for now (%r); this process keeps its own.", error)
        self.failures += 1
        self._resumes_at = self._now() + REDIS_PAUSE_SECONDS

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _left_after(taken: Spent) -> BudgetLeft:
    resets_at = datetime.now(UTC) + timedelta(seconds=taken.reset_after)
    retry_after = max(1, ceil(taken.retry_after))
    return BudgetLeft(taken.is_enough, taken.remaining, resets_at.replace(microsecond=0), retry_after)
