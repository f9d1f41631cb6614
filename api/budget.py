"""Each caller's budget of cost: in Redis for all processes, and in this process while Redis does not answer.

A budget is restored evenly, a sixtieth of it each second (GCRA, by the library throttled-py). Redis checks a budget and
takes from it in one step.
"""

import asyncio
import logging
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from math import ceil

from throttled.asyncio import MemoryStore, RateLimiterType, RedisStore, Throttled, per_min
from throttled.exceptions import StoreUnavailableError

from api.payers import MEMBER, SERVICE, STRANGER, Payer
from loyalty.settings import Settings

log = logging.getLogger("mipoints.api")

REDIS_ANSWER_SECONDS = 0.1  # seconds that one operation waits for Redis
REDIS_PAUSE_SECONDS = 1.0  # seconds without requests to Redis after a failure
_MOST_KEPT = 50_000  # callers whose budgets one process holds without Redis
_PREFIX = "mipoints:budget"


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
    _here: dict[str, Throttled] = field(init=False)
    _shared: dict[str, Throttled] = field(init=False)
    _store: RedisStore | None = None
    _resumes_at: float = 0.0
    _shut: "OrderedDict[str, float]" = field(default_factory=OrderedDict)

    def __post_init__(self) -> None:
        self._here = self._limiters(MemoryStore(options={"MAX_SIZE": _MOST_KEPT}))
        self._shared = {}
        if self.redis_url is not None and self.per_minute:
            self._store = RedisStore(server=self.redis_url)
            self._shared = self._limiters(self._store)

    async def take(self, payer: Payer, cost: int) -> BudgetLeft | None:
        """Takes the cost if the budget has it, and nothing otherwise. None for a payer without a limit."""
        if payer.kind not in self.per_minute:
            return None
        if self._shared and self._now() >= self._resumes_at:
            try:
                async with asyncio.timeout(REDIS_ANSWER_SECONDS):
                    return await _take(self._shared[payer.kind], payer, cost)
            except (OSError, StoreUnavailableError) as error:
                self._note_failure(error)
        return await _take(self._here[payer.kind], payer, cost)

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
        if self._store is not None:
            await self._store._backend.get_client().aclose()  # type: ignore[attr-defined]

    def _limiters(self, store: RedisStore | MemoryStore) -> dict[str, Throttled]:
        using = RateLimiterType.GCRA.value
        return {
            kind: Throttled(using=using, quota=per_min(most), store=store, key_prefix=_PREFIX)
            for kind, most in self.per_minute.items()
        }

    def _note_failure(self, error: Exception) -> None:
        if self._resumes_at == 0.0:
            log.warning("Redis keeps no budgets for now (%r); this process keeps its own.", error)
        self.failures += 1
        self._resumes_at = self._now() + REDIS_PAUSE_SECONDS

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def _take(limiter: Throttled, payer: Payer, cost: int) -> BudgetLeft:
    result = await limiter.limit(payer.key, cost)
    state = result.state
    resets_at = datetime.now(UTC) + timedelta(seconds=state.reset_after)
    retry_after = max(1, ceil(state.retry_after))
    return BudgetLeft(not result.limited, state.remaining, resets_at.replace(microsecond=0), retry_after)
