"""Changes of members' balances as notifications: a member's row says that it is followed, and each process listens on
one connection."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import asyncpg

from db.pool import APP_ROLE, CONNECTION_LOST, DatabaseUnavailable, Queryable
from db.queries import query

CHANNEL = "mipoints_balances"

OnChange = Callable[[UUID], None]
"""Called with the id of a member whose balance has changed. It must return at once."""


@dataclass(frozen=True, slots=True)
class FollowedMember:
    """A member whose changes are sent from now on, and the last `seq` of its ledger when that began."""

    member_id: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class Change:
    """A new line of a member's history (`seq`) or a new promise (`promise_id`)."""

    seq: int | None = None
    promise_id: UUID | None = None


async def follow_member(db: Queryable, mi_id: str, until: datetime) -> FollowedMember | None:
    """Starts notifications about a Mi account, until a moment of the host's clock; None if it has not joined."""
    row = await db.fetchrow(query("follow_member"), mi_id, until)
    return FollowedMember(row["member_id"], row["seq"]) if row is not None else None


async def changes_since(db: Queryable, member_id: UUID, seq: int, most: int) -> tuple[int, Sequence[Change]] | None:
    """The last `seq` of a member's ledger now, and the changes after `seq`: the newest `most`, oldest first.

    No changes if something else moved the balance, such as a cancelled promise. None if the person was erased.
    """
    rows = await db.fetch(query("changes_since"), member_id, seq, most)
    if not rows:
        return None
    return rows[0]["up_to"], [Change(row["seq"], row["promise_id"]) for row in rows if _is_shown(row)]


def _is_shown(row: asyncpg.Record) -> bool:
    return row["seq"] is not None or row["promise_id"] is not None


@dataclass(slots=True)
class ListeningConnection:
    """A connection that receives notifications of changes. `seconds` bounds the wait for each sign of life."""

    connection: Any
    on_change: OnChange
    seconds: float
    _lost: asyncio.Event = field(default_factory=asyncio.Event)
    _alive: asyncio.Event = field(default_factory=asyncio.Event)
    _sign: str = ""

    async def until_lost(self, every: float) -> None:
        """Listens, and tests the connection `every` seconds. Raises DatabaseUnavailable when it is lost."""
        while True:
            if await _happens(self._lost, every):
                raise DatabaseUnavailable("The connection that listens for changes was lost.")
            await self._check_alive()

    async def _check_alive(self) -> None:
        """Without this, a silent connection, or a pooler that drops notifications, would go unnoticed."""
        self._alive.clear()
        self._sign = f"alive {uuid4()}"
        try:
            await self.connection.execute(query("say_alive"), self._sign, timeout=self.seconds)
        except CONNECTION_LOST as error:
            raise DatabaseUnavailable("The connection that listens for changes was lost.") from error
        if not await _happens(self._alive, self.seconds):
            raise DatabaseUnavailable(
                "Notifications do not arrive. Listening needs a session of its own: no pooler in transaction mode."
            )

    async def begin(self) -> None:
        """Starts listening; changes from here on are received."""
        self.connection.add_termination_listener(lambda _: self._lost.set())
        await self.connection.add_listener(CHANNEL, self._on_notification)
        await self._check_alive()

    def _on_notification(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        """Ignores payloads of other senders on the channel."""
        if payload == self._sign:
            self._alive.set()
            return
        try:
            self.on_change(UUID(payload))
        except ValueError:
            return


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    """Whether the event is set within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


@asynccontextmanager
async def listening(url: str, on_change: OnChange, *, seconds: float) -> AsyncIterator[ListeningConnection]:
    """A connection of its own that receives changes. Raises DatabaseUnavailable if it cannot be opened or is lost.

    `seconds` bounds connecting and each statement.
    """
    settings = {"application_name": "mipoints-listener", "role": APP_ROLE, "idle_session_timeout": "0"}
    try:
        connection = await asyncpg.connect(url, timeout=seconds, command_timeout=seconds, server_settings=settings)
    except (*CONNECTION_LOST, asyncpg.InvalidParameterValueError) as error:
        raise DatabaseUnavailable("Postgres cannot be reached to listen for changes.") from error
    try:
        listener = ListeningConnection(connection, on_change, seconds)
        await listener.begin()
        yield listener
    except CONNECTION_LOST as error:
        raise DatabaseUnavailable("The connection that listens for changes was lost.") from error
    finally:
        connection.terminate()
