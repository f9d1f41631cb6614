"""Each caller's budget of cost: kept in Redis for all processes, in this process while Redis does not answer.

The budget is restored evenly, a sixtieth of a minute's each second (GCRA, as the library throttled-py has it); asking
and taking are one step in Redis.
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

REDIS_ANSWER_SECONDS = 0.1
REDIS_PAUSE_SECONDS = 1.0  # after a failure nobody asks Redis for so long
_MOST_KEPT = 50_000  # callers that one process remembers without Redis
_PREFIX = "mipoints:budget"


def spending(settings: Settings) -> dict[str, int]:
    """What each kind of payer may spend a minute; those that may spend freely are in none."""
    told = {
        MEMBER: settings.graphql_member_budget,
        SERVICE: settings.graphql_service_budget,
        STRANGER: settings.graphql_stranger_budget,
    }
    return {kind: most for kind, most in told.items() if most > 0}


@dataclass(frozen=True, slots=True)
class Left:
    """What is left of a budget, when all of it is there again, and in how many seconds this would have fitted."""

    is_enough: bool
    remaining: int
    resets_at: datetime
    retry_after: int


@dataclass(slots=True)
class Budget:
    """Takes cost from budgets. `per_minute` says each kind of payer's; a kind that is not in it may spend freely.

    `failures` counts the times Redis did not answer.
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

    async def take(self, payer: Payer, cost: int) -> Left | None:
        """Takes the cost where it is there, and nothing otherwise. None for those who may spend freely."""
        if payer.kind not in self.per_minute:
            return None
        if self._shared and self._now() >= self._resumes_at:
            try:
                async with asyncio.timeout(REDIS_ANSWER_SECONDS):
                    return await _take(self._shared[payer.kind], payer, cost)
            except (OSError, StoreUnavailableError) as error:
                self._gave_up(error)
        return await _take(self._here[payer.kind], payer, cost)

    async def fine(self, payer: Payer, cost: int) -> None:
        """Takes what it cost to find a document unsound; whoever cannot pay that is shut out until they could."""
        left = await self.take(payer, cost)
        if left is not None and not left.is_enough:
            self._shut[payer.key] = self._now() + left.retry_after
            self._shut.move_to_end(payer.key)
            if len(self._shut) > _MOST_KEPT:
                self._shut.popitem(last=False)

    def shut_for(self, payer: Payer) -> int:
        """In how many seconds a payer that was shut out may ask again; 0 for all others."""
        until = self._shut.get(payer.key)
        if until is None:
            return 0
        if until <= self._now():
            del self._shut[payer.key]
            return 0
        return ceil(until - self._now())

    async def close(self) -> None:
        """Gives the connections back."""
        if self._store is not None:
            await self._store._backend.get_client().aclose()  # type: ignore[attr-defined]

    def _limiters(self, store: RedisStore | MemoryStore) -> dict[str, Throttled]:
        using = RateLimiterType.GCRA.value
        return {
            kind: Throttled(using=using, quota=per_min(most), store=store, key_prefix=_PREFIX)
            for kind, most in self.per_minute.items()
        }

    def _gave_up(self, error: Exception) -> None:
        if self._resumes_at == 0.0:
            log.warning("Redis keeps no budgets for now (%r); this process keeps its own.", error)
        self.failures += 1
        self._resumes_at = self._now() + REDIS_PAUSE_SECONDS

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


async def _take(limiter: Throttled, payer: Payer, cost: int) -> Left:
    result = await limiter.limit(payer.key, cost)
    state = result.state
    resets_at = datetime.now(UTC) + timedelta(seconds=state.reset_after)
    return Left(not result.limited, state.remaining, resets_at.replace(microsecond=0), max(1, ceil(state.retry_after)))
