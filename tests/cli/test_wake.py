"""Waking workers: an optional hint that never delays a caller for more than a moment."""

import asyncio
import time

import pytest
from arq.connections import RedisSettings, create_pool

from mipoints.wake import Wake
from workers.wakeups import QUEUE


async def test_a_wake_up_is_in_the_workers_queue(redis_url: str):
    pool = await create_pool(RedisSettings.from_dsn(redis_url))
    await pool.flushall()
    wake = Wake(redis_url)
    await wake("credit_due", 300.0)
    await wake("apply_deliveries", None)
    await wake.close()
    due = dict(await pool.zrange(QUEUE, 0, -1, withscores=True))
    now = time.time() * 1000
    assert sorted(round((score - now) / 100_000) for score in due.values()) == [0, 3]
    assert wake.failures == 0
    await pool.aclose()


async def test_many_wake_ups_of_one_kind_at_once_are_one(redis_url: str):
    pool = await create_pool(RedisSettings.from_dsn(redis_url))
    await pool.flushall()
    wake = Wake(redis_url)
    await wake.ping()
    for n in range(200):
        await wake("apply_deliveries", None)
        await wake("credit_due", 300 + n / 10_000)
    await wake.close()
    assert 2 <= await pool.zcard(QUEUE) <= 4
    await pool.aclose()


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_redis_that_hangs_or_is_away_delays_a_caller_once_for_a_moment(hangs: bool):
    async def never_answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if not hangs:
        server.close()
    wake = Wake(f"redis://127.0.0.1:{port}")
    started = time.monotonic()
    for _ in range(100):
        await wake("credit_due", None)
    assert time.monotonic() - started < 0.1
    await wake.close()
    assert wake.failures == 1
    server.close()


async def test_without_redis_nothing_happens():
    wake = Wake(None)
    await wake("credit_due", 1.0)
    assert wake.failures == 0
