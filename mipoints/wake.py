"""Wakes workers early through Redis. It is best effort: bounded in time, and no failure reaches the caller (design
§4)."""

import asyncio
import logging
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # a process without Redis does not load its client
    from arq.connections import ArqRedis

log = logging.getLogger("mipoints.wake")

WAKE_SECONDS = 0.2  # seconds for one set of wake-ups
WAKE_SPACING_SECONDS = 0.05  # seconds; wake-ups of one kind within this time become one
WAKE_PAUSE_SECONDS = 1.0  # seconds without another attempt after a failure


@dataclass(slots=True)
class Waker:
    """Enqueues jobs for the workers. Without Redis it does nothing, and the sweeper finds the work later.

    A call only stores the wake-up, so no caller waits for Redis. `failures` counts how often Redis did not answer.
    """

    redis_url: str | None
    failures: int = 0
    _wanted: set[tuple[str, int | None]] = field(default_factory=set)
    _sending: "asyncio.Task[None] | None" = None
    _pool: "ArqRedis | None" = None
    _resumes_at: float = 0.0
    _opening: asyncio.Lock = field(default_factory=asyncio.Lock)

    def __post_init__(self) -> None:
        if self.redis_url is not None:
            import workers.wakeups  # noqa: F401 - loads Redis' client now, and not while a request waits

    async def __call__(self, job: str, seconds: float | None) -> None:
        """Wakes a worker now, or after `seconds`, when something becomes due."""
        if self.redis_url is None or self._now() < self._resumes_at:
            return
        due = None if seconds is None else int((self._now() + seconds) / WAKE_SPACING_SECONDS) + 1
        self._wanted.add((job, due))
        if self._sending is None or self._sending.done():
            self._sending = asyncio.create_task(self._send())

    async def ping(self) -> None:
        """Returns if Redis answers, else raises the error of the attempt."""
        await (await self._redis()).ping()

    async def close(self) -> None:
        """Sends the stored wake-ups, and closes the connections."""
        if self._sending is not None:
            await self._sending
        if self._pool is not None:
            await self._pool.aclose()

    async def _send(self) -> None:
        """Sends until no wake-up is left. In the pause after each set, equal wake-ups collect into one."""
        from redis.exceptions import RedisError

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
        from workers.wakeups import QUEUE

        redis = await self._redis()
        for job, due in wanted:
            seconds = None if due is None else max(0.0, due * WAKE_SPACING_SECONDS - self._now())
            await redis.enqueue_job(job, _queue_name=QUEUE, _defer_by=seconds)

    async def _redis(self) -> "ArqRedis":
        """Returns the connection pool. The first call opens it; after a failure, the next call tries again."""
        from arq.connections import RedisSettings, create_pool

        from workers.wakeups import QUEUE, to_bytes

        async with self._opening:
            if self._pool is None:
                settings = RedisSettings.from_dsn(self.redis_url or "")
                settings.conn_retries = 0
                self._pool = await create_pool(settings, job_serializer=to_bytes, default_queue_name=QUEUE)
            return self._pool

    def _gave_up(self, error: Exception) -> None:
        if self._resumes_at == 0.0:
            log.warning("Redis wakes no worker for now (%r); the sweeper finds due work.", error)
        self.failures += 1
        self._wanted.clear()
        self._resumes_at = self._now() + WAKE_PAUSE_SECONDS

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
