"""The arq jobs that wake the sweeper. If they are all lost, no work is lost (design §4)."""

import json
from typing import TYPE_CHECKING, Any

from arq.connections import RedisSettings
from redis.asyncio.retry import Retry as RedisRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

if TYPE_CHECKING:  # the API wakes workers and needs no sweeper
    from workers.sweeper import Sweeper

QUEUE = "mipoints"
JOB_SECONDS = 30


def to_bytes(job: dict[str, Any]) -> bytes:
    """Returns a job as JSON. arq's default is pickle, with which write access to Redis would allow code execution."""
    return json.dumps(job).encode()


def redis_settings(url: str) -> RedisSettings:
    """Returns arq's settings for a Redis that may go away: it reconnects with a growing pause instead of ending the
    process."""
    settings = RedisSettings.from_dsn(url)
    settings.retry_on_timeout = True
    settings.retry_on_error = [RedisConnectionError, RedisTimeoutError]
    settings.retry = RedisRetry(ExponentialBackoff(cap=2, base=0.05), 30)
    return settings


async def credit_due(ctx: dict[str, Any]) -> None:
    """Wakes the sweeper: a promise has become due."""
    _wake(ctx)


async def apply_deliveries(ctx: dict[str, Any]) -> None:
    """Wakes the sweeper: a webhook was stored."""
    _wake(ctx)


def _wake(ctx: dict[str, Any]) -> None:
    """Wakes the sweeper and returns at once. The job cannot fail, because the sweeper does the work of the rows."""
    sweeper: Sweeper = ctx["sweeper"]
    sweeper.wake()


def options() -> dict[str, Any]:
    """Returns the options of every arq worker: no stored result blocks a wake-up, and retries do not run out."""
    return {
        "functions": [credit_due, apply_deliveries],
        "queue_name": QUEUE,
        "job_serializer": to_bytes,
        "job_deserializer": json.loads,
        "keep_result": 0,
        "max_tries": 1_000_000,
        "job_timeout": JOB_SECONDS,
        "max_jobs": 2,
        "poll_delay": 0.2,
        "health_check_interval": 60,
    }
