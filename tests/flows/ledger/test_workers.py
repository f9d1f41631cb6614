"""Worker processes: points arrive once and never early, even if Redis or a worker fails (R30, design §4)."""

import asyncio
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from arq.connections import RedisSettings, create_pool

from loyalty.callers import Caller
from loyalty.earning.earn import earn
from loyalty.earning.rules.activity import Activity
from loyalty.members.register import register
from loyalty.programme.programme import Programme
from mipoints.embedded.redis import EmbeddedRedis
from tests.conftest import NO_REDIS, database_named, run_on_server
from tests.support.audit import assert_ledger_is_sound
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import environment, running
from tests.test_races import STOREFRONT, person

HOLD = 2


@pytest.fixture
def redis() -> Iterator[EmbeddedRedis]:
    """A Redis that only this test uses, so it may stop and wipe it; skips on a machine without Redis."""
    if not EmbeddedRedis.can_be_had():
        pytest.skip(NO_REDIS)
    with tempfile.TemporaryDirectory(prefix="mipoints-redis-") as folder:
        server = EmbeddedRedis.start(Path(folder))
        yield server
        server.stop()


@pytest.fixture
def programme_with_short_holds(programme: Programme) -> Programme:
    return replace(programme, hold_seconds=HOLD)


async def some_shares(programme: Programme, name: str) -> None:
    """Makes twenty members that join and share: forty promises."""
    for n in range(20):
        mi_id = f"{name}-{n}"
        await register(programme, STOREFRONT, person(mi_id), f"join-{mi_id}")
        await earn(programme, Caller(mi_id), Activity("SOCIAL_SHARE", product_id="p"), None, "share")


async def until_listening(redis: EmbeddedRedis) -> None:
    """Waits until a worker has reported in Redis that it is well."""
    pool = await create_pool(RedisSettings.from_dsn(redis.url))

    async def is_well() -> bool:
        return bool(await pool.exists("mipoints:health-check"))

    await eventually(is_well)
    await pool.aclose()


async def until_nothing_is_promised(owner: asyncpg.Connection) -> None:
    await eventually(lambda: owner.fetchval("select not exists (select from audit.promises where state = 'PROMISED')"))


async def assert_never_early_and_once(owner: asyncpg.Connection, promises: int) -> None:
    """No promise is credited before its hold is over, and none twice; `make bench` measures how late they are."""
    lateness = await owner.fetchrow(
        "select count(*) as credited, "
        "min(e.recorded_at - p.due_at) as soonest, "
        "min(p.due_at - v.decided_at) as hold from promises p "
        "join transfers e on e.member_id = p.member_id and e.promise_id = p.promise_id and e.debit = 'pending' "
        "join verdicts v on v.member_id = p.member_id and v.verdict_id = p.verdict_id"
    )
    assert lateness["credited"] == promises
    assert lateness["hold"] == timedelta(seconds=HOLD)
    assert lateness["soonest"] >= timedelta(0)
    await assert_ledger_is_sound(owner)


async def test_two_workers_credit_once_and_never_early_with_redis_running_wiped_and_stopped(
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
    await assert_never_early_and_once(owner, 120)


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
    await assert_never_early_and_once(owner, 40)


async def test_arqs_own_command_starts_the_same_worker_and_shuts_it_down_cleanly(
    database_url: str, programme_with_short_holds: Programme, owner: asyncpg.Connection, redis: EmbeddedRedis
):
    env = environment(database_url, MIPOINTS_REDIS_URL=redis.url, MIPOINTS_HOLD_SECONDS=str(HOLD))
    worker = subprocess.Popen([sys.executable, "-m", "arq", "workers.settings.WorkerSettings"], env=env)
    try:
        await until_listening(redis)
        await some_shares(programme_with_short_holds, "arq")
        await until_nothing_is_promised(owner)
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, PATIENCE) == 0
    finally:
        worker.kill()
    await assert_never_early_and_once(owner, 40)


async def test_a_worker_on_an_empty_database_logs_the_remedy_and_waits(postgres_url: str, tmp_path: Path):
    name = f"empty_{uuid4().hex[:8]}"
    await run_on_server(postgres_url, f"create database {name}")
    log = tmp_path / "log"
    with log.open("wb") as output:
        env = environment(database_named(postgres_url, name))
        worker = subprocess.Popen([sys.executable, "-m", "mipoints", "worker"], env=env, stderr=output, stdout=output)
        await eventually(lambda: "mipoints migrate" in log.read_text())
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, PATIENCE) == 0
    await run_on_server(postgres_url, f"drop database {name} with (force)")
    assert "Traceback" not in log.read_text()


async def test_a_worker_shuts_down_cleanly_on_a_signal(database_url: str, redis: EmbeddedRedis):
    env = environment(database_url, MIPOINTS_REDIS_URL=redis.url)
    with running("worker", env=env) as worker:
        await until_listening(redis)
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, PATIENCE) == 0
