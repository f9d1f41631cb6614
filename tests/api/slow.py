"""A slow database, and a look at its running statements."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import asyncpg

SLEEPING = """
select count(*) from pg_stat_activity
where application_name = 'mipoints' and state = 'active' and wait_event = 'PgSleep'
"""


@asynccontextmanager
async def slow_clock(owner: asyncpg.Connection, seconds: float = 60) -> AsyncIterator[None]:
    """Every statement that reads the programme's clock sleeps for so many seconds first."""
    as_it_was = await owner.fetchval("select pg_get_functiondef('programme_now()'::regprocedure)")
    await owner.execute(
        f"""create or replace function programme_now() returns timestamptz volatile language plpgsql as $$
        begin perform pg_sleep({seconds}); return now(); end $$"""
    )
    try:
        yield
    finally:
        await owner.execute(as_it_was)


async def becomes(owner: asyncpg.Connection, sleeping: bool) -> None:
    """Waits until a statement of the API sleeps, or until none sleeps any more."""
    async with asyncio.timeout(10):
        while bool(await owner.fetchval(SLEEPING)) is not sleeping:
            pass
