"""One database for a whole test run, as fresh for every test as if it had been made for it.

Making a database for each test costs little; the cold plans of its first connections cost half a second. So tests
share one, and before each all that is in it is what was there when it was migrated.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from db.pool import Database, connect, read_json

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


@dataclass(frozen=True, slots=True)
class Shared:
    """A database, its owner's connection, and the application's."""

    url: str
    owner: asyncpg.Connection
    db: Database
    freshening: str

    async def freshen(self) -> None:
        """Makes it as it was before anything was done in it."""
        await self.as_owner()
        try:
            await self.owner.execute(self.freshening, timeout=30)
        except (asyncpg.LockNotAvailableError, TimeoutError) as error:
            raise AssertionError("What tests before left open:\n" + await self.let_go()) from error

    async def let_go(self) -> str:
        """Ends every other session of this database, so that later tests go on; gives what each was doing."""
        sessions = await self.owner.fetch(_OTHER_SESSIONS)
        return "\n".join(" | ".join(str(part) for part in session) for session in sessions)

    async def as_owner(self) -> None:
        """Gives the owner's connection its rights and settings back, whatever a test did with it."""
        await self.owner.reset()
        await self.owner.execute("reset role")


@asynccontextmanager
async def open_shared(url: str) -> AsyncIterator[Shared]:
    """Opens a migrated database for tests to share."""
    owner = await asyncpg.connect(url, max_cacheable_statement_size=0, server_settings={"lock_timeout": "10s"})
    await read_json(owner)
    await remember_pristine(owner)
    db = await connect(url, most=20, seconds=2)
    yield Shared(url, owner, db, await statements_to_freshen(owner))
    await db.close()
    await owner.close()


async def remember_pristine(connection: asyncpg.Connection) -> None:
    """Keeps a copy of every row that a migrated database begins with."""
    await connection.execute(f"create schema {PRISTINE}")
    for table in await _tables(connection):
        if await connection.fetchval(f"select exists (select from {table})"):
            await connection.execute(f"create table {PRISTINE}.{table} as table public.{table}")


async def statements_to_freshen(connection: asyncpg.Connection) -> str:
    """What makes the database as it was, children before their parents; tables that a race filled are truncated."""
    tables = await _tables(connection)
    kept = await connection.fetch("select tablename from pg_tables where schemaname = $1", PRISTINE)
    deletes = "; ".join(f"delete from {table}" for table in tables)
    inserts = "; ".join(f"insert into {row[0]} select * from {PRISTINE}.{row[0]}" for row in kept)
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
