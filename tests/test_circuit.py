"""While Postgres stands still, callers are refused without waiting and one query at a time tests it; then callers are
served again. A database that is only busy refuses no caller."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import pytest
import pytest_asyncio

from db.circuit import Ask
from db.pool import Busy, Database, DatabaseUnavailable, Queryable, TookTooLong, connect, ending_by
from tests.support.patience import PATIENCE, eventually
from tests.support.standing_still import OwnPostgres, own_postgres

SECONDS = 0.6
DEADLINES = (SECONDS, 2.0, 8.0, 32.0)
ASLEEP = "select pg_sleep(600)"
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
        await until_answered(database)
        yield database


async def answers(db: Database) -> bool:
    return await db.fetchval("select true")


async def refusal(call: Awaitable[object]) -> str:
    """Returns the sentence of the error that a caller without an answer gets."""
    with pytest.raises(DatabaseUnavailable) as raised:
        await call
    return str(raised.value)


async def until_answered(db: Database) -> None:
    """Callers come again until they are served."""

    async def is_answered() -> bool:
        with suppress(DatabaseUnavailable):
            return await answers(db)
        return False

    await eventually(is_answered)


def is_refused_at_once(call: Coroutine[Any, Any, object]) -> bool:
    """Whether it is refused without waiting for anything."""
    try:
        call.send(None)
    except DatabaseUnavailable as error:
        return AT_ONCE in str(error)
    call.close()
    return False


async def test_after_one_missed_deadline_callers_are_refused_at_once_and_later_served_again(
    db: Database, postgres: OwnPostgres
):
    with postgres.standing_still():
        await refusal(answers(db))
        assert AT_ONCE in await refusal(answers(db))
        assert all(is_refused_at_once(answers(db)) for _ in range(100))
    await asyncio.gather(*(until_answered(db) for _ in range(20)))


async def test_callers_that_already_wait_are_refused_too(db: Database, postgres: OwnPostgres):
    with postgres.standing_still():
        first = asyncio.create_task(answers(db))
        await asyncio.sleep(SECONDS * 0.4)
        later = [asyncio.create_task(answers(db)) for _ in range(20)]
        await refusal(first)
        assert {AT_ONCE in await refusal(each) for each in later} == {True}
    await until_answered(db)


async def test_a_pause_that_is_shorter_than_the_deadline_is_waited_for(postgres: OwnPostgres):
    async with opened(postgres.url, seconds=2 * PATIENCE) as db:
        assert await answers(db)
        with postgres.standing_still():
            waiting = [asyncio.create_task(answers(db)) for _ in range(20)]
            await asyncio.wait(waiting, timeout=1)
        assert all(await asyncio.gather(*waiting))


@dataclass(slots=True)
class Watched:
    """The circuit's question to Postgres, and when it was asked and answered."""

    ask: Ask
    asked: list[float] = field(default_factory=list)
    slowest: float = 0.0

    async def __call__(self) -> bool:
        self.asked.append(began := asyncio.get_running_loop().time())
        try:
            return await self.ask()
        finally:
            self.slowest = max(self.slowest, asyncio.get_running_loop().time() - began)


async def holds(postgres: OwnPostgres, scenario: Callable[[Database, list[float]], Awaitable[None]]) -> None:
    """Plays a scenario on a database that is only busy.

    Where the machine is as busy, Postgres may take longer for the circuit's question than it has, and is rightly taken
    for one that stands still: then it is played again with a longer deadline.
    """
    for seconds in DEADLINES:
        async with opened(postgres.url, seconds=seconds) as db:
            await until_answered(db)
            watched = Watched(db.ask)
            try:
                await scenario(replace(db, ask=watched), watched.asked)
            except (AssertionError, DatabaseUnavailable):
                if seconds == DEADLINES[-1] or 0 < watched.slowest < seconds * 0.4:
                    raise
            else:
                return


async def test_slow_statements_that_fill_the_pool_keep_nobody_out(postgres: OwnPostgres):
    async def scenario(db: Database, _: list[float]) -> None:
        slow = await asyncio.gather(*(refusal(db.execute(ASLEEP)) for _ in range(2)))
        assert not [each for each in slow if AT_ONCE in each]
        assert await is_served(db)

    await holds(postgres, scenario)


async def is_served(db: Database) -> bool:
    """Whether a caller who comes again is served before it is refused at once."""
    while True:
        try:
            return await answers(db)
        except DatabaseUnavailable as error:
            if AT_ONCE in str(error):
                return False


async def test_a_database_that_is_only_busy_is_asked_once_in_half_a_deadline(postgres: OwnPostgres):
    async def scenario(db: Database, asked: list[float]) -> None:
        calls = []
        for _ in range(60):
            calls.append(asyncio.create_task(refusal(db.execute(ASLEEP))))
            await asyncio.sleep(db.seconds / 20)
        assert not [each for each in await asyncio.gather(*calls) if AT_ONCE in each]
        assert asked
        assert all(later - one >= db.seconds / 2 for one, later in pairwise(asked))

    await holds(postgres, scenario)


async def test_one_slow_statement_again_and_again_keeps_nobody_out(postgres: OwnPostgres):
    async def scenario(db: Database, _: list[float]) -> None:
        for _ in range(3):
            assert AT_ONCE not in await refusal(db.execute(ASLEEP))
            assert await is_served(db)

    await holds(postgres, scenario)


async def test_a_lock_that_is_held_keeps_nobody_out(postgres: OwnPostgres):
    async with opened(postgres.url, seconds=2 * PATIENCE) as patient:
        await patient.execute("create table held ()")

        async def scenario(db: Database, _: list[float]) -> None:
            async def hold(connection: Queryable) -> None:
                await connection.execute("lock table held")
                for _ in range(3):
                    with pytest.raises(Busy):
                        await db.fetch("select from held")
                    assert await is_served(db)

            await patient.in_transaction(hold)

        await holds(postgres, scenario)


async def test_a_short_time_of_the_callers_own_is_no_sign(db: Database, postgres: OwnPostgres):
    with postgres.standing_still():
        for _ in range(10):
            with ending_by(asyncio.get_running_loop().time() + SECONDS / 5), pytest.raises(TookTooLong):
                await answers(db)
    assert await is_served(db)


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
        while AT_ONCE not in await refusal(answers(db)):
            pass
        await eventually(lambda: silent.open_now <= 1)
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
    await eventually(lambda: not silent.open_now)
