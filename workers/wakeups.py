"""arq's side: jobs that wake the sweeper. Losing them all loses nothing (design §4)."""

import json
from typing import Any

from arq.connections import RedisSettings
from redis.asyncio.retry import Retry as RedisRetry
from redis.backoff import ExponentialBackoff
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from workers.sweeper import Sweeper

QUEUE = "mipoints"
JOB_SECONDS = 30


def to_bytes(job: dict[str, Any]) -> bytes:
    """A job as JSON, so that a writable Redis is not code execution."""
    return json.dumps(job).encode()


def redis_settings(url: str) -> RedisSettings:
    """Redis that may go away: reconnecting with a growing pause instead of ending the process."""
    settings = RedisSettings.from_dsn(url)
    settings.retry_on_timeout = True
    settings.retry_on_error = [RedisConnectionError, RedisTimeoutError]
    settings.retry = RedisRetry(ExponentialBackoff(cap=2, base=0.05), 30)
    return settings


async def credit_due(ctx: dict[str, Any]) -> None:
    """A promise has become due: the sweeper looks now."""
    _wake(ctx)


async def apply_deliveries(ctx: dict[str, Any]) -> None:
    """A webhook was kept: the sweeper looks now."""
    _wake(ctx)


def _wake(ctx: dict[str, Any]) -> None:
    """The job ends at once and cannot fail: the rows are the work, and the sweeper answers for them."""
    sweeper: Sweeper = ctx["sweeper"]
    sweeper.wake()


def options() -> dict[str, Any]:
    """What every arq worker of ours runs with: no kept result blocks a wake-up, and no retry runs out."""
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
