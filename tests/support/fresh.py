"""One database for a whole test run, restored to its migrated state before every test.

To create a database for each test would cost little, but the cold plans of its first connections cost half a second. So
all tests share one database.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from db.pool import Database, connect, set_json_codec
from tests.support.patience import PATIENCE

PRISTINE = "pristine"
LARGE_BYTES = 262_144

_CHILDREN_FIRST = """
with recursive tables as (
    select oid, relname from pg_class where relnamespace = 'public'::regnamespace and relkind = 'r'
),
depths as (
    select oid, relname, 0 as depth from tables
    union
    select t.oid, t.relname, d.depth + 1
    from depths d
    join pg_constraint c on c.conrelid = d.oid and c.contype = 'f' and c.confrelid <> c.conrelid
    join tables t on t.oid = c.confrelid
)
select relname, max(depth) as depth from depths group by relname order by depth
"""

_OTHER_SESSIONS = """
select pid, application_name, state, wait_event, now() - xact_start as since, left(query, 200),
       pg_terminate_backend(pid) as ended
from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()
"""


_IS_ASLEEP = (
    "select exists (select from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep')"
)


@dataclass(frozen=True, slots=True)
class Shared:
    """A database, its owner's connection, and the application's pool."""

    url: str
    owner: asyncpg.Connection
    db: Database
    freshening: str

    async def freshen(self) -> None:
        """Restores the rows of the migrated database. Fails with the sessions that earlier tests left open."""
        await self.as_owner()
        try:
            await self.owner.execute(self.freshening, timeout=PATIENCE)
        except (asyncpg.LockNotAvailableError, TimeoutError) as error:
            raise AssertionError("What tests before left open:\n" + await self.let_go()) from error

    async def assert_nothing_sleeps(self) -> None:
        """Ends statements that a test left asleep, so that only this test fails."""
        asleep = await self.owner.fetchval(_IS_ASLEEP)
        assert not asleep, "This test left asleep:\n" + await self.let_go()

    async def let_go(self) -> str:
        """Ends every other session of this database, so that later tests can run; returns the statement of each."""
        sessions = await self.owner.fetch(_OTHER_SESSIONS)
        return "\n".join(" | ".join(str(part) for part in session) for session in sessions)

    async def as_owner(self) -> None:
        """Resets the role and the settings of the owner's connection, which a test may have changed."""
        await self.owner.reset()
        await self.owner.execute("reset role")


@asynccontextmanager
async def open_shared(url: str) -> AsyncIterator[Shared]:
    """Opens a migrated database that all tests share."""
    owner = await asyncpg.connect(url, max_cacheable_statement_size=0, server_settings={"lock_timeout": "10s"})
    await set_json_codec(owner)
    await remember_pristine(owner)
    db = await connect(url, most=20, seconds=20)
    yield Shared(url, owner, db, await statements_to_freshen(owner))
    await db.close()
    await owner.close()


async def remember_pristine(connection: asyncpg.Connection) -> None:
    """Copies every row of the migrated database to the schema of pristine rows."""
    await connection.execute(f"create schema {PRISTINE}")
    for table in await _tables(connection):
        if await connection.fetchval(f"select exists (select from {table})"):
            await connection.execute(f"create table {PRISTINE}.{table} as table public.{table}")


async def statements_to_freshen(connection: asyncpg.Connection) -> str:
    """Returns the statements that restore the migrated rows. Child tables are emptied before their parents, and large
    tables, which a race test filled, are truncated."""
    tables = await _tables(connection)
    pristine = await connection.fetch("select tablename from pg_tables where schemaname = $1", PRISTINE)
    deletes = "; ".join(f"delete from {table}" for table in tables)
    inserts = "; ".join(f"insert into {row[0]} select * from {PRISTINE}.{row[0]}" for row in pristine)
    sizes = ", ".join(f"('{table}'::regclass)" for table in tables)
    return f"""
    do $$ begin
        if (select max(pg_relation_size(t)) from (values {sizes}) as sizes (t)) > {LARGE_BYTES} then
            truncate {", ".join(tables)};
        else
            {deletes};
        end if;
        {inserts};
    end $$"""


async def _tables(connection: asyncpg.Connection) -> list[str]:
    return [row["relname"] for row in await connection.fetch(_CHILDREN_FIRST)]
