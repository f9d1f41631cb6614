"""10,000 clients connect, follow a balance and disconnect, over each transport; half of them without closing properly.

The table shows what the server still holds afterwards: streams by its own count, memory, open files, and its listening
connections to Postgres. A polite client closes its connection as the protocol requires; the others reset it.
"""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from urllib.parse import urlsplit

import asyncpg
import httpx
import psutil
from rich.table import Table

from bench.running import Programme
from loyalty.settings import Settings
from loyalty.tokens import issue
from tests.support.stage import AUTH_SECRET
from tests.support.streams import CHANGES, known

CLIENTS, AT_ONCE, WARM = 10_000, 50, 1_000
PATIENCE = 10.0
"""Seconds for the server to notice that clients are gone. Streams that are still open then count as left over."""
_RESET = struct.pack("ii", 1, 0)
_LISTENERS = "select count(*) from pg_stat_activity where application_name = 'mipoints-listener'"

Client = Callable[[str, str, bool], Awaitable[None]]
"""Connects with a token, receives the balance and disconnects, politely or by a reset."""


async def over_websocket(url: str, token: str, is_polite: bool) -> None:
    """Follows over graphql-transport-ws. A polite client sends `complete` and closes with a handshake."""
    async with known(url, token) as socket_:
        await socket_.follow()
        if is_polite:
            await socket_.send("complete", "1")
        else:
            _reset(socket_.connection.transport)


async def over_events(url: str, token: str, is_polite: bool) -> None:
    """Follows over server-sent events. A polite client closes the connection."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    body = json.dumps({"query": CHANGES, "variables": {"now": True}}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {token}\r\n"
        f"accept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    async with asyncio.timeout(PATIENCE):
        received = await reader.readuntil(b'"balanceChanged":{')
    assert received.startswith(b"HTTP/1.1 200"), received
    if is_polite:
        writer.close()
        await writer.wait_closed()
    else:
        _reset(writer.transport)


def _reset(transport: asyncio.BaseTransport) -> None:
    """Resets the connection, as when a phone loses its network."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Held:
    """The resources that a server holds; memory in megabytes."""

    streams: int
    listeners: int
    memory: float
    files: int

    def cells(self) -> list[str]:
        """Returns the figures as cells of a table."""
        return [str(self.streams), str(self.listeners), f"{self.memory:.1f} MB", str(self.files)]


@dataclass(frozen=True, slots=True)
class ServerWatch:
    """Reads the resources of one server and its Postgres."""

    running: Programme
    server: psutil.Process
    owner: asyncpg.Connection

    async def held(self) -> Held:
        """Waits until the streams are gone, for PATIENCE at most, and returns what the server holds then."""
        until = time.monotonic() + PATIENCE
        while (streams := await self._streams()) and time.monotonic() < until:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
        listeners, memory = await self.owner.fetchval(_LISTENERS), self.server.memory_info().rss / 2**20
        return Held(streams, listeners, memory, self.server.num_fds())

    async def _streams(self) -> int:
        async with httpx.AsyncClient(base_url=self.running.url) as http:
            counted = (await http.get("/metrics")).text
        return int(float(next(line for line in counted.split("\n") if line.startswith("mipoints_streams ")).split()[1]))


async def coming_and_going(running: Programme, server: psutil.Process, members: int) -> tuple[Table, list[str]]:
    """Runs both transports twice; returns the table, and the resources that should not be left."""
    owner = await asyncpg.connect(running.database_url)
    watch = ServerWatch(running, server, owner)
    title = f"{CLIENTS} clients come and go, {AT_ONCE} at once, half of them by a reset"
    table = Table("", "seconds", "streams left", "listening in Postgres", "memory", "open files", title=title)
    for client in (over_websocket, over_events):
        await _all(running, client, WARM, members)
    seen = [await watch.held()]
    table.add_row(f"before (after {2 * WARM} to warm up)", "", *seen[0].cells())
    for round_ in ("first", "second"):
        for name, client in (("graphql-transport-ws", over_websocket), ("server-sent events", over_events)):
            seconds = await _all(running, client, CLIENTS, members)
            seen.append(await watch.held())
            table.add_row(f"after the {round_} {CLIENTS} over {name}", f"{seconds:.0f}", *seen[-1].cells())
    await owner.close()
    return table, [f"{each} is left" for each in seen if each.streams or each.listeners > 1]


async def _all(running: Programme, client: Client, many: int, members: int) -> float:
    """Runs so many clients, AT_ONCE at a time, and returns the seconds that they took."""
    began, waiting = time.perf_counter(), iter(range(many))
    await asyncio.gather(*(_one_after_another(running, client, waiting, members) for _ in range(AT_ONCE)))
    return time.perf_counter() - began


async def _one_after_another(running: Programme, client: Client, waiting: Iterator[int], members: int) -> None:
    settings = Settings(database_url=running.database_url, sandbox=True, auth_secret=AUTH_SECRET)
    for n in waiting:
        await client(running.url, issue(settings, member=f"mi-{n % members}", seconds=3600), n % 2 == 0)
