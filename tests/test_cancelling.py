"""A statement that nobody waits for ends in Postgres, also if its cancel is lost or nobody is left to send one."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
import pytest_asyncio

from db.pool import Database, DatabaseUnavailable, connect
from tests.support.patience import PATIENCE, eventually
from tests.support.standing_still import OwnPostgres, own_postgres

ASLEEP = "select pg_sleep(600)"


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    """A server whose processes may be stopped."""
    with own_postgres() as server:
        yield server


@pytest_asyncio.fixture
async def db(postgres: OwnPostgres) -> AsyncIterator[Database]:
    """One connection, and calls that may take as long as they like."""
    database = await connect(postgres.url, most=1, seconds=600, role=None)
    yield database
    database.pool.terminate()


@pytest_asyncio.fixture
async def watcher(postgres: OwnPostgres) -> AsyncIterator[Database]:
    """Sees what the server does; ends what a test left running."""
    database = await connect(postgres.url, most=1, seconds=PATIENCE, role=None, name="watcher")
    yield database
    await database.execute("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'mipoints'")
    await database.close()


async def ends(watcher: Database, pid: int) -> None:
    """Waits until a process of Postgres runs nothing: it is idle, or there is no such process any more."""

    async def is_over() -> bool:
        sql = "select not exists (select from pg_stat_activity where pid = $1 and state <> 'idle')"
        return bool(await watcher.fetchval(sql, pid))

    await eventually(is_over)


async def sleeps(watcher: Database, pid: int) -> None:
    """Waits until a process of Postgres runs the statement that sleeps."""

    async def is_asleep() -> bool:
        sql = "select exists (select from pg_stat_activity where pid = $1 and wait_event = 'PgSleep')"
        return bool(await watcher.fetchval(sql, pid))

    await eventually(is_asleep)


ways = pytest.mark.parametrize("way", [Database.with_connection, Database.in_transaction], ids=["alone", "transaction"])
Way = Callable[[Database, Callable[[Any], Awaitable[None]]], Awaitable[None]]


@dataclass(slots=True)
class Sleeper:
    """Work that sleeps in Postgres, in a process whose id is known once it is there."""

    is_frozen: bool = False
    process: "asyncio.Future[int]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    async def __call__(self, connection: Any) -> None:
        """`is_frozen`: the process is stopped before the statement is sent to it."""
        pid = await connection.fetchval("select pg_backend_pid()")
        if self.is_frozen:
            psutil.Process(pid).suspend()
        self.process.set_result(pid)
        await connection.execute(ASLEEP)


@ways
async def test_a_cancelled_statement_ends_and_the_next_call_is_served(db: Database, watcher: Database, way: Way):
    sleeper = Sleeper()
    calling = asyncio.ensure_future(way(db, sleeper))
    await sleeps(watcher, pid := await sleeper.process)
    calling.cancel()
    await ends(watcher, pid)
    assert await db.fetchval("select true")


@ways
async def test_a_cancel_that_overtakes_its_statement_is_lost_and_the_statement_ends_all_the_same(
    db: Database, watcher: Database, way: Way
):
    """The process of Postgres gets the cancel before it has read the statement, and forgets it."""
    sleeper = Sleeper(is_frozen=True)
    calling = asyncio.ensure_future(way(db, sleeper))
    pid = await sleeper.process
    calling.cancel()
    # On a busy machine the connection may be closed before the cancel is there.
    await eventually(lambda: has_pending(pid, signal.SIGINT) or not db.pool.get_size())
    psutil.Process(pid).resume()
    await ends(watcher, pid)
    assert await db.fetchval("select pg_backend_pid()") != pid


def has_pending(pid: int, number: signal.Signals) -> bool:
    """Whether a signal has been sent to a process and not taken by it yet."""
    lines = Path(f"/proc/{pid}/status").read_text("utf-8").splitlines()
    (pending,) = [int(line.split()[1], 16) for line in lines if line.startswith("ShdPnd:")]
    return bool(pending >> (number - 1) & 1)


async def test_a_statement_whose_client_was_killed_ends(db: Database, watcher: Database):
    """As where a container is gone: its sockets close, and nobody sends a cancel."""
    sleeper = Sleeper()
    calling = asyncio.ensure_future(db.with_connection(sleeper))
    await sleeps(watcher, pid := await sleeper.process)
    db.pool.terminate()
    await ends(watcher, pid)
    with pytest.raises(DatabaseUnavailable):
        await calling


@dataclass(slots=True)
class BetweenSteps(Sleeper):
    """Work whose statement is prepared and not run yet: to Postgres it is under way, and its tables are locked."""

    async def __call__(self, connection: Any) -> None:
        await connection.prepare("select from pg_class for share")
        self.process.set_result(connection.get_server_pid())
        await asyncio.Event().wait()


async def test_a_call_that_is_cancelled_between_preparing_and_running_leaves_nothing_under_way(
    db: Database, watcher: Database
):
    calling = asyncio.ensure_future(db.with_connection(work := BetweenSteps()))
    pid = await work.process
    calling.cancel()
    await ends(watcher, pid)


async def test_a_value_that_cannot_be_sent_leaves_nothing_under_way(db: Database, watcher: Database):
    pid = await db.fetchval("select pg_backend_pid()")
    with pytest.raises(asyncpg.DataError):
        await db.fetchval("select 7 + $1::int from pg_class limit 1", "seven")
    await ends(watcher, pid)
