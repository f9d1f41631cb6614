"""The pool: every statement has a deadline, and a database that is away or hangs is one named error."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Protocol, TypeVar, cast

import asyncpg

from db.circuit import Ask, Circuit
from db.queries import query
from db.together import Together

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

T = TypeVar("T")

APP_ROLE = "mipoints_app"

CONNECTION_LOST = (
    OSError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ReadOnlySQLTransactionError,
    TimeoutError,
)


class DatabaseUnavailable(Exception):
    """Postgres did not answer in time. Whether a write took effect is unknown: repeat it with the same key."""


class NotSetUp(DatabaseUnavailable):
    """Postgres answers, and the programme's tables or role are not there."""

    def __init__(self) -> None:
        super().__init__("The database is not set up for the programme: run `mipoints migrate`.")


class Busy(DatabaseUnavailable):
    """Somebody else holds the rows that are needed, for longer than is worth waiting."""


class TookTooLong(DatabaseUnavailable):
    """The moment came by which the whole of a caller's work had to be done (`ending_by`)."""


_STANDS_STILL = "Postgres answers nobody; it is asked until it does."

_CANCEL_SECONDS = 1.0
"""How long a cancelled statement may take to end before its connection is closed (docs/designs/cancelling.md)."""
_CHECK_CLIENT = "500ms"
"""How often Postgres checks, while it runs a statement, that the client is still connected."""

_until: ContextVar[float | None] = ContextVar("until", default=None)


@contextmanager
def ending_by(moment: float) -> Iterator[None]:
    """Calls within it, and within tasks that are begun in it, end by this moment of the loop's clock: what Postgres
    still does for them is cancelled there."""
    token = _until.set(moment)
    try:
        yield
    finally:
        _until.reset(token)


class Queryable(Protocol):
    """What a typed twin needs: the pool and a connection inside a transaction both have it."""

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]: ...
    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None: ...
    async def fetchval(self, sql: str, *args: Any) -> Any: ...
    async def execute(self, sql: str, *args: Any) -> str: ...


def _seconds_left() -> float | None:
    """How long the caller's work may still take; None where nothing ends it."""
    until = _until.get()
    return None if until is None else until - asyncio.get_running_loop().time()


Item = TypeVar("Item")
Result = TypeVar("Result")
RunSet = Callable[["Database", Sequence[Item]], Awaitable[Sequence[Result]]]
"""Runs one statement for a set of items; the results are in the items' order."""


@dataclass(slots=True)
class _Call(Generic[T]):
    """One piece of work, and the connection of the pool that it runs on."""

    work: Callable[[Any], Awaitable[T]]
    connection: "PoolConnectionProxy[asyncpg.Record] | None" = None

    async def run(self, pool: "asyncpg.Pool[asyncpg.Record]", seconds: float) -> T:
        """Waits up to `seconds` for a connection, then gives what the work gives."""
        async with pool.acquire(timeout=seconds) as self.connection:
            try:
                return await self.work(self.connection)
            except (asyncio.CancelledError, asyncpg.InterfaceError, asyncpg.DataError):
                await self._end_statement()
                raise

    async def _end_statement(self) -> None:
        """Ends a statement that was prepared and never sent: until the next one is sent, Postgres would keep its
        transaction open and its tables locked."""
        if self.connection is not None and not self.connection.is_closed():
            await self.connection.execute("select")

    def hang_up(self) -> None:
        """Closes the connection under a statement whose cancel was not acknowledged; Postgres notices and ends it."""
        if self.connection is not None:
            with suppress(asyncpg.InterfaceError):  # it went back to the pool this very moment
                self.connection.terminate()


@dataclass(slots=True)
class Database:
    """A pool of connections that all run as the application's role.

    `seconds` is the time one call may take, waiting for a connection included; past it the caller gets
    DatabaseUnavailable at once and the call is given up in the background, never waited for. While Postgres answers
    nobody, which `ask` finds out, callers get it without waiting (db/circuit.py).
    """

    pool: "asyncpg.Pool[asyncpg.Record]"
    seconds: float
    ask: Ask
    _circuit: Circuit = field(init=False)
    _given_up: set["asyncio.Task[Any]"] = field(init=False, default_factory=set)
    _together: dict[Hashable, Together[Any, Any]] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        self._circuit = Circuit(self.ask, self.seconds)

    async def fetch(self, sql: str, *args: Any) -> list[asyncpg.Record]:
        """All rows of one statement."""
        return await self.with_connection(lambda connection: connection.fetch(sql, *args))

    async def fetchrow(self, sql: str, *args: Any) -> asyncpg.Record | None:
        """The first row of one statement, or None."""
        return await self.with_connection(lambda connection: connection.fetchrow(sql, *args))

    async def fetchval(self, sql: str, *args: Any) -> Any:
        """The first column of the first row of one statement, or None."""
        return await self.with_connection(lambda connection: connection.fetchval(sql, *args))

    async def execute(self, sql: str, *args: Any) -> str:
        """Runs one statement and gives its status, such as `UPDATE 1`."""
        return await self.with_connection(lambda connection: connection.execute(sql, *args))

    async def in_transaction(self, work: Callable[[Queryable], Awaitable[T]]) -> T:
        """Runs `work` in one transaction: committed when it returns, rolled back when it raises."""

        async def whole(connection: Any) -> T:
            async with connection.transaction():
                return await work(connection)

        return await self.with_connection(whole)

    async def shared(self, kind: Hashable, run: "RunSet[Item, Result]", item: Item) -> Result:
        """One item of a statement that takes a set of items; it may leave with those of other callers (db/together.py).

        All calls of a `kind` have the same `run`, which gets this database and the items, and gives a result for each.
        The caller's deadline holds as for any call. Raises DatabaseUnavailable, or what `run` raises for this item.
        """
        left = _seconds_left()
        if left is not None and left <= 0:
            raise TookTooLong("There was no time left to ask Postgres.")
        together = self._together.get(kind)
        if together is None:
            together = self._together[kind] = Together(partial(run, self), _is_everyones)
        try:
            async with asyncio.timeout(min(self.seconds, left or self.seconds)):
                return cast(Result, await together(item))
        except TimeoutError:
            raise self._unanswered(left) from None

    async def with_connection(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Runs `work` on a connection of the pool.

        Raises DatabaseUnavailable past the deadline, when the connection is lost, or at once while the circuit is open.
        """
        left = _seconds_left()
        if left is not None and left <= 0:
            raise TookTooLong("There was no time left to ask Postgres.")
        if self._circuit.is_open:
            raise DatabaseUnavailable(_STANDS_STILL)
        call = _Call(work)
        running = asyncio.ensure_future(call.run(self.pool, self.seconds))
        try:
            has_ended = await self._circuit.wait(running, min(self.seconds, left or self.seconds))
        except asyncio.CancelledError:
            self._give_up(call, running)
            raise
        if not has_ended:
            self._give_up(call, running)
            raise self._unanswered(left)
        return self._outcome(running)

    def _unanswered(self, left: float | None) -> DatabaseUnavailable:
        if self._circuit.is_open:
            return DatabaseUnavailable(_STANDS_STILL)
        if left is not None and left < self.seconds:
            return TookTooLong(f"Postgres was asked to stop after {left:.1f} s.")
        return DatabaseUnavailable(f"Postgres did not answer within {self.seconds} s.")

    def _outcome(self, call: "asyncio.Task[T]") -> T:
        """What a call came to. Whatever Postgres said, an error too, shows that it lives."""
        try:
            result = call.result()
        except CONNECTION_LOST as error:
            raise DatabaseUnavailable("The connection to Postgres was lost.") from error
        except Exception as error:
            self._circuit.answered()
            if (named := _named(error)) is None:
                raise
            raise named from error
        self._circuit.answered()
        return result

    def _give_up(self, call: "_Call[Any]", running: "asyncio.Task[Any]") -> None:
        """Cancels a call without waiting; the task is kept until it ends so that its outcome is collected.

        A cancel that reaches Postgres before the statement does is lost. If the statement has not ended soon, its
        connection is closed.
        """
        self._given_up.add(running)
        hanging_up = asyncio.get_running_loop().call_later(_CANCEL_SECONDS, call.hang_up)
        running.add_done_callback(lambda _: hanging_up.cancel())
        running.add_done_callback(self._collect)
        running.cancel()

    def _collect(self, task: "asyncio.Task[Any]") -> None:
        self._given_up.discard(task)
        if not task.cancelled():
            task.exception()

    async def close(self) -> None:
        """Closes the pool, waiting a moment for calls under way."""
        self._circuit.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(5):
                await self.pool.close()
                return
        self.pool.terminate()


def _is_everyones(error: Exception) -> bool:
    """Whether an error is the database's and not of one item of a set. A row that is locked concerns one item."""
    return isinstance(error, DatabaseUnavailable) and not isinstance(error, Busy)


def _named(error: Exception) -> DatabaseUnavailable | None:
    """Postgres' errors that say something of the database and nothing of the statement."""
    if isinstance(error, asyncpg.LockNotAvailableError):
        return Busy("Somebody else holds the rows that are needed.")
    if isinstance(error, asyncpg.UndefinedTableError | asyncpg.UndefinedFunctionError):
        return NotSetUp()
    if isinstance(error, asyncpg.InvalidParameterValueError) and f'role "{APP_ROLE}"' in str(error):
        return NotSetUp()
    return None


class JsonText(str):
    """JSON that is written already: as a parameter of type jsonb it is sent as it is."""

    __slots__ = ()


def _to_json(value: object) -> str:
    return value if isinstance(value, JsonText) else json.dumps(value)


async def set_json_codec(connection: Any) -> None:
    """Has a connection read and write jsonb as plain Python values."""
    await connection.set_type_codec("jsonb", schema="pg_catalog", encoder=_to_json, decoder=json.loads)


async def _keep_session(_connection: Any) -> None:
    """Connections carry no session state, so returning one to the pool costs no round trip."""


async def _answers(url: str, seconds: float, name: str) -> bool:
    """Whether anything is heard of Postgres within so many seconds, on a connection of its own.

    That no connection is free, or whatever else it has against this one, is an answer; that it starts or stops is none.
    """
    try:
        async with asyncio.timeout(seconds):
            connection = await asyncpg.connect(url, server_settings={"application_name": name})
            try:
                await connection.execute(query("is_there"))
            finally:
                connection.terminate()
    except asyncpg.TooManyConnectionsError:
        return True
    except CONNECTION_LOST:
        return False
    except asyncpg.PostgresError:
        return True
    return True


async def is_there(db: Database) -> None:
    """Raises DatabaseUnavailable if Postgres does not answer."""
    await db.execute(query("is_there"))


async def connect(
    url: str, *, most: int, seconds: float, role: str | None = APP_ROLE, name: str = "mipoints"
) -> Database:
    """Opens a pool of up to `most` connections to the database at `url`, each acting as `role`.

    Statements stay prepared whatever their length: asyncpg by itself plans those above 15 KiB anew each time, which
    for `record` costs more than running it. Their plans are generic: no statement runs faster with a plan made for its
    parameters (measured at 1,000 to 1,000,000 members), and making one costs as much as reading a member. Raises
    DatabaseUnavailable when Postgres cannot be reached within `seconds`.
    """
    server_settings = {
        "application_name": name,
        "timezone": "UTC",
        "lock_timeout": f"{int(min(seconds * 0.8, 2) * 1000)}ms",
        "idle_in_transaction_session_timeout": "10s",
        "plan_cache_mode": "force_generic_plan",
        "client_connection_check_interval": _CHECK_CLIENT,
    }
    if role is not None:
        server_settings["role"] = role
    try:
        pool = await asyncpg.create_pool(
            url,
            min_size=0,
            max_size=most,
            init=set_json_codec,
            reset=_keep_session,
            timeout=seconds,
            max_cacheable_statement_size=0,
            server_settings=server_settings,
        )
    except CONNECTION_LOST as error:
        raise DatabaseUnavailable("Postgres cannot be reached.") from error
    return Database(pool, seconds, partial(_answers, url, seconds / 2, f"{name} circuit"))
