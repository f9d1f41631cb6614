"""Waking workers: an optional hint that never delays a caller for more than a moment."""

import asyncio
import time
from collections.abc import Coroutine

import pytest
from arq.connections import RedisSettings, create_pool

from mipoints.wake import Waker
from tests.support.patience import PATIENCE
from workers.wakeups import QUEUE


def is_done_at_once(call: Coroutine[None, None, None]) -> bool:
    """Whether it returns without waiting for anything."""
    try:
        call.send(None)
    except StopIteration:
        return True
    call.close()
    return False


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that is there may take as long as a busy machine needs."""
    monkeypatch.setattr("mipoints.wake.WAKE_SECONDS", PATIENCE)


@pytest.mark.usefixtures("patient")
async def test_a_wake_up_is_in_the_workers_queue(redis_url: str):
    pool = await create_pool(RedisSettings.from_dsn(redis_url))
    await pool.flushall()
    wake = Waker(redis_url)
    await wake("credit_due", 300.0)
    await wake("apply_deliveries", None)
    await wake.close()
    due = dict(await pool.zrange(QUEUE, 0, -1, withscores=True))
    now = time.time() * 1000
    assert sorted(round((score - now) / 100_000) for score in due.values()) == [0, 3]
    assert wake.failures == 0
    await pool.aclose()


@pytest.mark.usefixtures("patient")
async def test_many_wake_ups_of_one_kind_at_once_are_one(redis_url: str):
    pool = await create_pool(RedisSettings.from_dsn(redis_url))
    await pool.flushall()
    wake = Waker(redis_url)
    await wake.ping()
    for n in range(200):
        await wake("apply_deliveries", None)
        await wake("credit_due", 300 + n / 10_000)
    await wake.close()
    assert 2 <= await pool.zcard(QUEUE) <= 4
    await pool.aclose()


@pytest.mark.parametrize("hangs", [True, False])
async def test_a_redis_that_hangs_or_is_away_keeps_no_caller_waiting_and_is_asked_once(hangs: bool):
    async def never_answer(reader: asyncio.StreamReader, _: asyncio.StreamWriter) -> None:
        await reader.read()

    server = await asyncio.start_server(never_answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    if not hangs:
        server.close()
    wake = Waker(f"redis://127.0.0.1:{port}")
    for _ in range(100):
        assert is_done_at_once(wake("credit_due", None))
    await wake.close()
    assert wake.failures == 1
    server.close()


async def test_without_redis_nothing_happens():
    wake = Waker(None)
    await wake("credit_due", 1.0)
    assert wake.failures == 0
