"""While Postgres stands still, callers are refused without waiting and one query at a time tests it; then callers are
served again. A database that is only busy refuses no caller."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, replace
from itertools import pairwise

import pytest
import pytest_asyncio

from db.pool import Busy, Database, DatabaseUnavailable, Queryable, TookTooLong, connect, ending_by
from tests.support.standing_still import OwnPostgres, own_postgres

SECONDS = 0.6
AT_ONCE = "answers nobody"


@pytest.fixture(scope="module")
def postgres() -> Iterator[OwnPostgres]:
    """A Postgres of this module's own, because tests stop it."""
    with own_postgres() as server:
        yield server


@asynccontextmanager
async def opened(url: str, *, most: int = 2, seconds: float = SECONDS) -> AsyncIterator[Database]:
    db = await connect(url, most=most, seconds=seconds, role=None)
    try:
        yield db
    finally:
        await db.close()


@pytest_asyncio.fixture
async def db(postgres: OwnPostgres) -> AsyncIterator[Database]:
    async with opened(postgres.url) as database:
        assert await answers(database)
        yield database


async def answers(db: Database) -> bool:
    return await db.fetchval("select true")


async def refusal(call: Awaitable[object]) -> str:
    """Returns the sentence of the error that a caller without an answer gets."""
    with pytest.raises(DatabaseUnavailable) as raised:
        await call
    return str(raised.value)


async def until_answered(db: Database) -> None:
    """Tries again until a caller is served."""
    async with asyncio.timeout(20):
        while True:
            with suppress(DatabaseUnavailable):
                await answers(db)
                return
            await asyncio.sleep(0.01)


async def test_after_one_missed_deadline_callers_are_refused_at_once_and_later_served_again(
    db: Database, postgres: OwnPostgres
):
    with postgres.standing_still():
        await refusal(answers(db))
        async with asyncio.timeout(100 * SECONDS / 2):
            for _ in range(100):
                assert AT_ONCE in await refusal(answers(db))
    await until_answered(db)
    assert all(await asyncio.gather(*(answers(db) for _ in range(20))))


async def test_callers_that_already_wait_are_refused_too(db: Database, postgres: OwnPostgres):
    with postgres.standing_still():
        first = asyncio.create_task(answers(db))
        await asyncio.sleep(SECONDS * 0.4)
        later = [asyncio.create_task(answers(db)) for _ in range(20)]
        await refusal(first)
        assert {AT_ONCE in await refusal(each) for each in later} == {True}
    await until_answered(db)


async def test_a_pause_that_is_shorter_than_the_deadline_is_waited_for(postgres: OwnPostgres):
    async with opened(postgres.url, seconds=20) as db:
        assert await answers(db)
        with postgres.standing_still():
            waiting = [asyncio.create_task(answers(db)) for _ in range(20)]
            await asyncio.wait(waiting, timeout=1)
        assert all(await asyncio.gather(*waiting))


async def test_slow_statements_that_fill_the_pool_do_not_open_the_circuit(db: Database):
    slow = await asyncio.gather(*(db.execute("select pg_sleep(60)") for _ in range(2)), return_exceptions=True)
    assert {type(each) for each in slow} == {DatabaseUnavailable}
    assert not [each for each in slow if AT_ONCE in str(each)]
    assert await answers(db)


async def test_a_database_that_is_only_busy_is_tested_once_in_half_a_deadline(db: Database):
    test_times: list[float] = []

    async def ask() -> bool:
        test_times.append(asyncio.get_running_loop().time())
        return await db.ask()

    counted = replace(db, ask=ask)
    calls = []
    for _ in range(60):
        calls.append(asyncio.create_task(refusal(counted.execute("select pg_sleep(60)"))))
        await asyncio.sleep(SECONDS / 20)
    assert not [each for each in await asyncio.gather(*calls) if AT_ONCE in each]
    assert test_times
    assert all(later - one >= SECONDS / 2 for one, later in pairwise(test_times))


async def test_one_slow_statement_again_and_again_does_not_open_the_circuit(db: Database):
    for _ in range(3):
        assert AT_ONCE not in await refusal(db.execute("select pg_sleep(60)"))
        assert await answers(db)


async def test_a_lock_that_is_held_does_not_open_the_circuit(db: Database, postgres: OwnPostgres):
    await db.execute("create table held ()")

    async def hold(connection: Queryable) -> None:
        await connection.execute("lock table held")
        for _ in range(3):
            with pytest.raises(Busy):
                await db.fetch("select from held")
            assert await answers(db)

    async with opened(postgres.url, seconds=20) as patient:
        await patient.in_transaction(hold)


async def test_a_short_time_of_the_callers_own_is_no_sign(db: Database, postgres: OwnPostgres):
    with postgres.standing_still():
        for _ in range(10):
            with ending_by(asyncio.get_running_loop().time() + SECONDS / 5), pytest.raises(TookTooLong):
                await answers(db)
    assert await answers(db)


@dataclass(slots=True)
class Silent:
    """A server that accepts connections as Postgres does but never answers; it counts its connections."""

    url: str
    open_now: int = 0
    most: int = 0

    async def take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open_now += 1
        self.most = max(self.most, self.open_now)
        with suppress(OSError):
            while await reader.read(1000):
                pass
        self.open_now -= 1
        writer.close()


@pytest_asyncio.fixture
async def silent() -> AsyncIterator[Silent]:
    peer = Silent("")
    server = await asyncio.start_server(peer.take, "127.0.0.1", 0)
    peer.url = f"postgresql://nobody@127.0.0.1:{server.sockets[0].getsockname()[1]}/nothing?sslmode=disable"
    async with server:
        yield peer


async def test_one_connection_at_a_time_tests_the_database_however_many_callers_there_are(silent: Silent):
    async with opened(silent.url, most=5) as db:
        await asyncio.gather(*(refusal(answers(db)) for _ in range(100)))
        async with asyncio.timeout(10):
            while AT_ONCE not in await refusal(answers(db)):
                pass
            while silent.open_now > 1:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert silent.most <= 5 + 1
        silent.most = 0
        until = asyncio.get_running_loop().time() + 3 * SECONDS
        while asyncio.get_running_loop().time() < until:
            await asyncio.gather(*(refusal(answers(db)) for _ in range(100)))
            await asyncio.sleep(0.01)
        assert silent.most == 1


async def test_a_closed_pool_stops_testing(silent: Silent):
    async with opened(silent.url) as db:
        await refusal(answers(db))
        assert AT_ONCE in await refusal(answers(db))
    async with asyncio.timeout(10):
        while silent.open_now:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
