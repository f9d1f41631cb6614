"""Who is told of changes of a member's balance: followed in the ledger's own row, heard on one connection a process."""

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
"""Called with a member whose balance has changed; it only takes note."""


@dataclass(frozen=True, slots=True)
class FollowedMember:
    """A member whose changes are told from now on, and how far its ledger went when that began."""

    member_id: UUID
    seq: int


@dataclass(frozen=True, slots=True)
class Change:
    """A new line of a member's history, or a new promise; neither where something else moved the balance."""

    seq: int | None = None
    promise_id: UUID | None = None


async def follow_member(db: Queryable, mi_id: str, until: datetime) -> FollowedMember | None:
    """Has a Mi account's changes told until a moment of the host's clock; None where it has not joined."""
    row = await db.fetchrow(query("follow_member"), mi_id, until)
    return FollowedMember(row["member_id"], row["seq"]) if row is not None else None


async def changes_since(db: Queryable, member_id: UUID, seq: int, most: int) -> tuple[int, Sequence[Change]] | None:
    """How far a member's ledger goes now, and what is new in it after `seq`: the newest `most`, oldest first.

    None where the person was erased.
    """
    rows = await db.fetch(query("changes_since"), member_id, seq, most)
    if not rows:
        return None
    return rows[0]["up_to"], [Change(row["seq"], row["promise_id"]) for row in rows if _says_what(row)]


def _says_what(row: asyncpg.Record) -> bool:
    return row["seq"] is not None or row["promise_id"] is not None


@dataclass(slots=True)
class ListeningConnection:
    """A connection on which changes are heard."""

    connection: Any
    heard: OnChange
    seconds: float
    _lost: asyncio.Event = field(default_factory=asyncio.Event)
    _alive: asyncio.Event = field(default_factory=asyncio.Event)
    _sign: str = ""

    async def until_lost(self, every: float) -> None:
        """Listens, and asks for a sign of life `every` seconds. Raises DatabaseUnavailable when the line is lost."""
        while True:
            if await _happens(self._lost, every):
                raise DatabaseUnavailable("The connection that listens for changes was lost.")
            await self._say_alive()

    async def _say_alive(self) -> None:
        """A silent connection, or a pooler that does not pass notifications on, would go unnoticed otherwise."""
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
        """From here on changes are heard."""
        self.connection.add_termination_listener(lambda _: self._lost.set())
        await self.connection.add_listener(CHANNEL, self._on_notification)
        await self._say_alive()

    def _on_notification(self, _connection: object, _pid: int, _channel: str, payload: str) -> None:
        """Whatever somebody else sends on the channel is not for us."""
        if payload == self._sign:
            self._alive.set()
            return
        try:
            self.heard(UUID(payload))
        except ValueError:
            return


async def _happens(event: asyncio.Event, seconds: float) -> bool:
    """Whether it happens within so many seconds."""
    try:
        async with asyncio.timeout(seconds):
            return await event.wait()
    except TimeoutError:
        return False


@asynccontextmanager
async def listening(url: str, heard: OnChange, *, seconds: float) -> AsyncIterator[ListeningConnection]:
    """A connection of its own that hears of changes. Raises DatabaseUnavailable when there can be none."""
    settings = {"application_name": "mipoints-listener", "role": APP_ROLE, "idle_session_timeout": "0"}
    try:
        connection = await asyncpg.connect(url, timeout=seconds, command_timeout=seconds, server_settings=settings)
    except (*CONNECTION_LOST, asyncpg.InvalidParameterValueError) as error:
        raise DatabaseUnavailable("Postgres cannot be reached to listen for changes.") from error
    try:
        line = ListeningConnection(connection, heard, seconds)
        await line.begin()
        yield line
    except CONNECTION_LOST as error:
        raise DatabaseUnavailable("The connection that listens for changes was lost.") from error
    finally:
        connection.terminate()
