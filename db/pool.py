"""The pool: every statement has a deadline, and a database that is away or hangs is one named error."""

import asyncio
import json
from collections.abc import Awaitable, Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import Context, ContextVar
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol, TypeVar, cast

import asyncpg

from db.calls import Call, hand_over
from db.circuit import Ask, Circuit, Unanswered
from db.queries import query
from db.together import Together

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
    """Another transaction holds the rows that are needed, for longer than is worth waiting."""


class TookTooLong(DatabaseUnavailable):
    """The moment came by which the whole of a caller's work had to be done (`ending_by`)."""


_STANDS_STILL = "Postgres answers nobody; it is asked until it does."

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
RunSet = Callable[[Queryable, Sequence[Item]], Awaitable[Sequence[Result]]]
"""Runs one statement for a set of items on a connection; the results are in the items' order."""


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
    _running: dict["asyncio.Task[Any]", Call[Any]] = field(init=False, default_factory=dict)
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

        All calls of a `kind` have the same `run`, which gets a connection and the items, and gives a result for each.
        The caller's deadline holds as for any call. Raises DatabaseUnavailable, or what `run` raises for this item.
        """
        left = self._time_left()
        together = self._together.get(kind)
        if together is None:
            together = self._together[kind] = Together(partial(self._start_set, run), self._give_up, _is_everyones)
        return cast(Result, await self._answer(together.send(item), left))

    async def with_connection(self, work: Callable[[Any], Awaitable[T]]) -> T:
        """Runs `work` on a connection of the pool.

        Raises DatabaseUnavailable past the deadline, when the connection is lost, or at once while the circuit is open.
        """
        left = self._time_left()
        running = self._start(Call(work))
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        running.add_done_callback(partial(hand_over, answer))
        try:
            return await self._answer(answer, left)
        finally:
            if not running.done():
                self._give_up(running)

    def _time_left(self) -> float | None:
        """The seconds left to the caller; None if it has no deadline of its own. Raises DatabaseUnavailable if there is
        no time left, or while the circuit is open."""
        left = _seconds_left()
        if left is not None and left <= 0:
            raise TookTooLong("There was no time left to ask Postgres.")
        if self._circuit.is_open:
            raise DatabaseUnavailable(_STANDS_STILL)
        return left

    async def _answer(self, answer: "asyncio.Future[T]", left: float | None) -> T:
        """Waits for an answer until the caller's deadline. Raises DatabaseUnavailable if there is none by then."""
        try:
            return await self._circuit.wait(answer, self.seconds if left is None else min(self.seconds, left))
        except Unanswered:
            raise self._unanswered(left) from None

    def _start_set(self, run: "RunSet[Item, Result]", items: Sequence[Item]) -> "asyncio.Task[Sequence[Result]]":
        return self._start(Call(lambda connection: run(connection, items)))

    def _start(self, call: Call[T]) -> "asyncio.Task[T]":
        """Starts a call in a task with a context of its own, because what a caller sets there is not the call's."""
        running = asyncio.get_running_loop().create_task(self._outcome(call), context=Context())
        self._running[running] = call
        running.add_done_callback(self._ended)
        return running

    def _give_up(self, running: "asyncio.Task[Any]") -> None:
        self._running[running].give_up(running)

    def _ended(self, running: "asyncio.Task[Any]") -> None:
        """Forgets a call. Its error is taken here, too, because the caller of one that was given up is gone."""
        del self._running[running]
        if not running.cancelled():
            running.exception()

    def _unanswered(self, left: float | None) -> DatabaseUnavailable:
        if self._circuit.is_open:
            return DatabaseUnavailable(_STANDS_STILL)
        if left is not None and left < self.seconds:
            return TookTooLong(f"Postgres was asked to stop after {left:.1f} s.")
        return DatabaseUnavailable(f"Postgres did not answer within {self.seconds} s.")

    async def _outcome(self, call: Call[T]) -> T:
        """Runs a call. Whatever Postgres said, an error too, shows that it lives."""
        try:
            result = await call.run(self.pool, self.seconds)
        except CONNECTION_LOST as error:
            raise DatabaseUnavailable("The connection to Postgres was lost.") from error
        except Exception as error:
            self._circuit.answered()
            if (named := _named(error)) is None:
                raise
            raise named from error
        self._circuit.answered()
        return result

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
    parameters (measured at 1,000 to 1,000,000 members), and making one costs as much as reading a member. The planner
    is told that a page costs about the same at random as in turn, as in memory or on an SSD; by Postgres' default, made
    for disks that turn, it would rather read a whole table than some hundred rows by their keys.

    Raises DatabaseUnavailable when Postgres cannot be reached within `seconds`.
    """
    server_settings = {
        "application_name": name,
        "timezone": "UTC",
        "lock_timeout": f"{int(min(seconds * 0.8, 2) * 1000)}ms",
        "idle_in_transaction_session_timeout": "10s",
        "plan_cache_mode": "force_generic_plan",
        "random_page_cost": "1.1",
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
