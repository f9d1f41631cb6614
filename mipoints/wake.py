"""Waking workers early through Redis: best effort, bounded in time, never a reason to fail (design §4)."""

import asyncio
import logging
from dataclasses import dataclass, field

from arq.connections import ArqRedis, RedisSettings, create_pool
from redis.exceptions import RedisError

from workers.wakeups import QUEUE, to_bytes

log = logging.getLogger("mipoints.wake")

WAKE_SECONDS = 0.2
WAKE_SPACING_SECONDS = 0.05  # wake-ups of one kind within it are one
WAKE_PAUSE_SECONDS = 1.0  # after a failure nobody asks Redis for so long


@dataclass(slots=True)
class Wake:
    """Enqueues jobs for the workers; without Redis it does nothing, and the sweeper finds the work.

    A call only notes what is wanted: nobody waits for Redis. `failures` counts the times it did not answer.
    """

    redis_url: str | None
    failures: int = 0
    _wanted: set[tuple[str, int | None]] = field(default_factory=set)
    _sending: "asyncio.Task[None] | None" = None
    _pool: ArqRedis | None = None
    _resumes_at: float = 0.0
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def __call__(self, job: str, seconds: float | None) -> None:
        """Has a worker woken now, or in so many seconds, when something becomes due."""
        if self.redis_url is None or self._now() < self._resumes_at:
            return
        due = None if seconds is None else int((self._now() + seconds) / WAKE_SPACING_SECONDS) + 1
        self._wanted.add((job, due))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def ping(self) -> None:
        """Raises whatever keeps Redis from answering."""
        await (await self._redis()).ping()

    async def close(self) -> None:
        """Sends what is wanted, and gives the connections back."""
        if self._sending is not None:
            await self._sending
        if self._pool is not None:
            await self._pool.aclose()

    async def _send(self) -> None:
        """Sends until nothing is wanted, with a pause in which more of the same is the same."""
        while self._wanted:
            wanted, self._wanted = self._wanted, set()
            try:
                async with asyncio.timeout(WAKE_SECONDS):
                    await self._enqueue(wanted)
            except (OSError, RedisError, RuntimeError) as error:
                self._gave_up(error)
                return
            self._resumes_at = 0.0
            await asyncio.sleep(WAKE_SPACING_SECONDS)

    async def _enqueue(self, wanted: set[tuple[str, int | None]]) -> None:
        redis = await self._redis()
        for job, due in wanted:
            seconds = None if due is None else max(0.0, due * WAKE_SPACING_SECONDS - self._now())
            await redis.enqueue_job(job, _queue_name=QUEUE, _defer_by=seconds)

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
        self._wanted.clear()
        self._resumes_at = self._now() + WAKE_PAUSE_SECONDS

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
