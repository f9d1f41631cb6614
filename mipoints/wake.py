"""Waking workers early through Redis: best effort, bounded in time, never a reason to fail (design §4)."""

import asyncio
import logging
from dataclasses import dataclass, field

from arq.connections import ArqRedis, RedisSettings, create_pool
from redis.exceptions import RedisError

from workers.wakeups import QUEUE, to_bytes

log = logging.getLogger("mipoints.wake")

LONGEST = 0.2
PAUSE = 1.0  # after a failure nobody waits for Redis for so long


@dataclass(slots=True)
class Wake:
    """Enqueues a job for the workers; without Redis it does nothing, and the sweeper finds the work.

    Every call takes at most `LONGEST` seconds and raises nothing; `failures` counts those in vain.
    """

    redis_url: str | None
    failures: int = 0
    _pool: ArqRedis | None = None
    _resumes_at: float = 0.0
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, job: str, seconds: float | None) -> None:
        """Wakes a worker now, or in so many seconds, when something becomes due."""
        if self.redis_url is None or self._now() < self._resumes_at:
            return
        try:
            async with asyncio.timeout(LONGEST):
                await (await self._redis()).enqueue_job(job, _queue_name=QUEUE, _defer_by=seconds)
        except (OSError, RedisError, RuntimeError) as error:
            self._gave_up(error)
        else:
            self._resumes_at = 0.0

    async def ping(self) -> None:
        """Raises whatever keeps Redis from answering."""
        await (await self._redis()).ping()

    async def close(self) -> None:
        """Gives the connections back."""
        if self._pool is not None:
            await self._pool.aclose()

    async def _redis(self) -> ArqRedis:
        """The pool, opened by the first who asks, and again while that fails."""
        async with self._opening:
            if self._pool is None:
                settings = RedisSettings.from_dsn(self.redis_url or "")
                settings.conn_retries = 0
                self._pool = await create_pool(settings, job_serializer=to_bytes, default_queue_name=QUEUE)
            return self._pool

    def _gave_up(self, error: Exception) -> None:
        if self._resumes_at == 0.0:
            log.warning("Redis wakes nobody for now (%r); due work is found by the sweeper.", error)
        self.failures += 1
        self._resumes_at = self._now() + PAUSE

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
