"""Worker processes: points arrive on time and once, whatever happens to Redis and to a worker (R30, design §4)."""

import asyncio
import signal
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

import asyncpg
import pytest
from arq.connections import RedisSettings, create_pool

from loyalty.callers import Caller
from loyalty.earn import earn
from loyalty.programme import Programme
from loyalty.register import register
from loyalty.rules.activity import Activity
from mipoints.embedded import EmbeddedRedis
from tests.books import assert_books_are_sound
from tests.processes import environment, running
from tests.test_races import STOREFRONT, person

HOLD = 2
LATEST = 2.0


@pytest.fixture
def redis() -> Iterator[EmbeddedRedis]:
    """A Redis of this test's own, which it may stop and wipe."""
    with tempfile.TemporaryDirectory(prefix="mipoints-redis-") as folder:
        server = EmbeddedRedis.start(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def programme_with_short_holds(programme: Programme) -> Programme:
    return Programme(programme.db, HOLD)


async def some_shares(programme: Programme, name: str) -> None:
    """Twenty members join and share: forty promises."""
    for n in range(20):
        mi_id = f"{name}-{n}"
        await register(programme, STOREFRONT, person(mi_id), f"join-{mi_id}")
        await earn(programme, Caller(mi_id), Activity("SOCIAL_SHARE", product_id="p"), None, "share")


async def until_listening(redis: EmbeddedRedis) -> None:
    """A worker has said in Redis that it is well."""
    pool = await create_pool(RedisSettings.from_dsn(redis.url))
    async with asyncio.timeout(30):
        while not await pool.exists("mipoints:health-check"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
    await pool.aclose()


async def until_nothing_is_promised(owner: asyncpg.Connection) -> None:
    async with asyncio.timeout(HOLD + LATEST + 10):
        while await owner.fetchval("select count(*) from audit.promises where state = 'PROMISED'"):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


async def assert_in_time_and_once(owner: asyncpg.Connection, promises: int) -> None:
    """No promise is credited before its hold is over, none more than two seconds later, none twice."""
    lateness = await owner.fetchrow(
        "select count(*) as credited, "
        "min(e.recorded_at - p.due_at) as soonest, max(e.recorded_at - p.due_at) as latest, "
        "min(p.due_at - v.decided_at) as hold from promises p "
        "join transfers e on e.member_id = p.member_id and e.promise_id = p.promise_id and e.debit = 'pending' "
        "join verdicts v on v.member_id = p.member_id and v.verdict_id = p.verdict_id"
    )
    assert lateness["credited"] == promises
    assert lateness["hold"] == timedelta(seconds=HOLD)
    assert lateness["soonest"] >= timedelta(0)
    assert lateness["latest"] <= timedelta(seconds=LATEST)
    await assert_books_are_sound(owner)


async def test_two_workers_credit_on_time_and_once_with_redis_running_wiped_and_stopped(
    database_url: str, programme_with_short_holds: Programme, owner: asyncpg.Connection, redis: EmbeddedRedis
):
    env = environment(database_url, MIPOINTS_REDIS_URL=redis.url, MIPOINTS_HOLD_SECONDS=str(HOLD))
    with running("worker", env=env), running("worker", env=env):
        await some_shares(programme_with_short_holds, "running")
        await until_nothing_is_promised(owner)

        await some_shares(programme_with_short_holds, "wiped")
        pool = await create_pool(RedisSettings.from_dsn(redis.url))
        await pool.flushall()
        await pool.aclose()
        await until_nothing_is_promised(owner)

        await some_shares(programme_with_short_holds, "stopped")
        redis.stop()
        await until_nothing_is_promised(owner)
    await assert_in_time_and_once(owner, 120)


async def test_a_worker_that_is_killed_leaves_its_work_to_the_other(
    database_url: str, programme_with_short_holds: Programme, owner: asyncpg.Connection
):
    env = environment(database_url, MIPOINTS_HOLD_SECONDS=str(HOLD))
    with ExitStack() as stack:
        killed = stack.enter_context(running("worker", env=env))
        stack.enter_context(running("worker", env=env))
        await some_shares(programme_with_short_holds, "killed")
        killed.send_signal(signal.SIGKILL)
        await until_nothing_is_promised(owner)
    await assert_in_time_and_once(owner, 40)


async def test_a_worker_ends_in_good_order_when_asked_to(database_url: str, redis: EmbeddedRedis):
    env = environment(database_url, MIPOINTS_REDIS_URL=redis.url)
    with running("worker", env=env) as worker:
        await until_listening(redis)
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, 10) == 0
