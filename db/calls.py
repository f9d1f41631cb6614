"""One call to Postgres: a task on a connection of the pool, which can be given up without waiting for its end."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")

_CANCEL_SECONDS = 1.0
"""How long a cancelled statement may take to end before its connection is closed (docs/designs/cancelling.md)."""


@dataclass(slots=True, eq=False)
class Call(Generic[T]):
    """One piece of work, and the connection of the pool that it runs on."""

    work: Callable[[Any], Awaitable[T]]
    connection: "PoolConnectionProxy[asyncpg.Record] | None" = None

    async def run(self, pool: "asyncpg.Pool[asyncpg.Record]", seconds: float) -> T:
        """Waits for a connection, then gives what the work gives. If the work fails, the connection has `seconds` to
        become usable again; after that it is closed."""
        self.connection = connection = await pool.acquire()
        try:
            result = await self.work(connection)
        except BaseException as error:
            try:
                if isinstance(error, asyncio.CancelledError | asyncpg.InterfaceError | asyncpg.DataError):
                    await self._end_statement()
            finally:
                await pool.release(connection, timeout=seconds)
            raise
        await pool.release(connection)
        return result

    async def _end_statement(self) -> None:
        """Ends a statement that was prepared and never sent: until the next one is sent, Postgres would keep its
        transaction open and its tables locked."""
        if self.connection is not None and not self.connection.is_closed():
            await self.connection.execute("select")

    def give_up(self, running: "asyncio.Task[T]") -> None:
        """Cancels the call, which runs in this task, without waiting for its end.

        A cancel that reaches Postgres before the statement does is lost. If the statement has not ended soon, its
        connection is closed.
        """
        hanging_up = asyncio.get_running_loop().call_later(_CANCEL_SECONDS, self._hang_up)
        running.add_done_callback(lambda _: hanging_up.cancel())
        running.cancel()

    def _hang_up(self) -> None:
        """Closes the connection under a statement whose cancel was not acknowledged; Postgres notices and ends it."""
        if self.connection is not None:
            with suppress(asyncpg.InterfaceError):  # it went back to the pool this very moment
                self.connection.terminate()


def hand_over(answer: "asyncio.Future[T]", running: "asyncio.Task[T]") -> None:
    """Gives a call's result or error to the future that its caller waits for, if it still waits."""
    if answer.done():
        return
    if running.cancelled():
        answer.cancel()
    elif (error := running.exception()) is not None:
        answer.set_exception(error)
    else:
        answer.set_result(running.result())
