"""Budgets in Redis, which all processes share. Redis checks a budget and takes from it in one step."""

from collections.abc import Mapping

from throttled.asyncio import RateLimiterType, RedisStore, Throttled, per_min
from throttled.exceptions import StoreUnavailableError

from api.budget_rate import Spent

_PREFIX = "mipoints:budget"


class SharedBudget:
    """The budgets of each kind of payer, in Redis."""

    def __init__(self, redis_url: str, per_minute: Mapping[str, int]) -> None:
        self._store = RedisStore(server=redis_url)
        self._limiters = {
            kind: Throttled(
                using=RateLimiterType.GCRA.value, quota=per_min(most), store=self._store, key_prefix=_PREFIX
            )
            for kind, most in per_minute.items()
        }

    async def take(self, kind: str, payer: str, cost: int) -> Spent:
        """Takes the cost if the budget has it, and nothing otherwise. Raises OSError if Redis does not answer."""
        try:
            result = await self._limiters[kind].limit(payer, cost)
        except StoreUnavailableError as error:
            raise ConnectionError("Redis keeps no budgets.") from error
        state = result.state
        return Spent(not result.limited, state.remaining, state.reset_after, state.retry_after)

    async def close(self) -> None:
        """Closes the connections to Redis."""
        await self._store._backend.get_client().aclose()  # type: ignore[attr-defined]
