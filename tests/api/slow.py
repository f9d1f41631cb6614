"""A database whose clock takes its time, and what the API's statements do meanwhile."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import asyncpg

from tests.support.patience import eventually

_ACTIVE = "from pg_stat_activity where application_name = 'mipoints' and state = 'active' and query <> 'select'"
"""The empty statement that ends a call which was given up (docs/designs/cancelling.md) waits for no clock."""

# Sequences, because what is written to them is seen at once and no rollback takes it back.
_SLOW = """
create sequence clock_asked;
create sequence clock_answers;
create or replace function programme_now() returns timestamptz volatile security definer language plpgsql as $$
begin
    perform nextval('clock_asked');
    while not (select is_called from clock_answers) loop perform pg_sleep(0.01); end loop;
    return now();
end $$
"""


@dataclass(frozen=True, slots=True)
class SlowClock:
    """Seen by the owner's connection."""

    owner: asyncpg.Connection

    async def is_waited_for(self) -> None:
        """Returns once a statement of the API waits for the clock."""
        await eventually(lambda: self.owner.fetchval(f"select exists (select {_ACTIVE} and wait_event = 'PgSleep')"))

    async def is_waited_for_no_more(self) -> None:
        """Returns once no statement of the API runs in Postgres any more."""
        await eventually(lambda: self.owner.fetchval(f"select not exists (select {_ACTIVE})"))

    async def asked(self) -> int:
        """How many times it was asked, whatever became of the statement."""
        count: int = await self.owner.fetchval("select case when is_called then last_value else 0 end from clock_asked")
        return count

    async def answers(self) -> None:
        """Whoever waits, or asks from now on, gets an answer."""
        await self.owner.execute("select nextval('clock_answers')")


@asynccontextmanager
async def slow_clock(owner: asyncpg.Connection) -> AsyncIterator[SlowClock]:
    """Whatever asks the database what time it is waits until the clock answers, which by itself it never does.

    A statement that still waits at the end of the block is ended, and fails the test that left it.
    """
    as_it_was = await owner.fetchval("select pg_get_functiondef('programme_now()'::regprocedure)")
    await owner.execute(_SLOW)
    try:
        yield SlowClock(owner)
    finally:
        await owner.execute(as_it_was)
        left = await owner.fetch(f"select pid, query, pg_terminate_backend(pid, 60000) {_ACTIVE}")
        await owner.execute("drop sequence clock_asked, clock_answers")
    assert not left, f"These statements still ran: {left}"
