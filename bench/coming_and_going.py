"""10,000 clients that connect, follow a balance and leave, over each transport; half of them leave without a word.

What they leave behind is shown: streams by the server's own count, its memory and open files, and its connections that
listen in Postgres. A connection that ends politely says so and closes; one that does not is reset in the middle.
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
"""Seconds in which a server notices that clients are gone, before what is left counts as left."""
_RESET = struct.pack("ii", 1, 0)
_LISTENERS = "select count(*) from pg_stat_activity where application_name = 'mipoints-listener'"

Client = Callable[[str, str, bool], Awaitable[None]]
"""Connects with a token, sees the balance and leaves, politely or not."""


async def over_websocket(url: str, token: str, is_polite: bool) -> None:
    """graphql-transport-ws: `complete` and a closing handshake, or a connection that is gone."""
    async with known(url, token) as socket_:
        await socket_.follow()
        if is_polite:
            await socket_.tell("complete", "1")
        else:
            _reset(socket_.connection.transport)


async def over_events(url: str, token: str, is_polite: bool) -> None:
    """Server-sent events: closed by the client, or reset."""
    address = urlsplit(url)
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    body = json.dumps({"query": CHANGES, "variables": {"now": True}}).encode()
    head = (
        f"POST /graphql HTTP/1.1\r\nhost: {address.netloc}\r\nauthorization: Bearer {token}\r\n"
        f"accept: text/event-stream\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n\r\n"
    )
    writer.write(head.encode() + body)
    async with asyncio.timeout(PATIENCE):
        told = await reader.readuntil(b'"balanceChanged":{')
    assert told.startswith(b"HTTP/1.1 200"), told
    if is_polite:
        writer.close()
        await writer.wait_closed()
    else:
        _reset(writer.transport)


def _reset(transport: asyncio.BaseTransport) -> None:
    """The other side sees the connection reset, as where a phone's network is gone."""
    transport.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    transport.abort()  # type: ignore[attr-defined]


@dataclass(frozen=True, slots=True)
class Held:
    """What a server holds."""

    streams: int
    listeners: int
    memory: float
    files: int

    def told(self) -> list[str]:
        """For a table; memory in megabytes."""
        return [str(self.streams), str(self.listeners), f"{self.memory:.1f} MB", str(self.files)]


@dataclass(frozen=True, slots=True)
class Watching:
    """Looks at one server and its Postgres."""

    running: Programme
    server: psutil.Process
    owner: asyncpg.Connection

    async def held(self) -> Held:
        """What it holds once the streams are gone, or after a while."""
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
    """Both transports twice, and what is left that should not be."""
    owner = await asyncpg.connect(running.database_url)
    watching = Watching(running, server, owner)
    title = f"{CLIENTS} clients come and go, {AT_ONCE} at once, half of them without a word"
    table = Table("", "seconds", "streams left", "listening in Postgres", "memory", "open files", title=title)
    for client in (over_websocket, over_events):
        await _all(running, client, WARM, members)
    seen = [await watching.held()]
    table.add_row(f"before (after {2 * WARM} to warm up)", "", *seen[0].told())
    for round_ in ("first", "second"):
        for name, client in (("graphql-transport-ws", over_websocket), ("server-sent events", over_events)):
            seconds = await _all(running, client, CLIENTS, members)
            seen.append(await watching.held())
            table.add_row(f"after the {round_} {CLIENTS} over {name}", f"{seconds:.0f}", *seen[-1].told())
    await owner.close()
    return table, [f"{each} is left" for each in seen if each.streams or each.listeners > 1]


async def _all(running: Programme, client: Client, many: int, members: int) -> float:
    """So many clients; in how many seconds."""
    began, waiting = time.perf_counter(), iter(range(many))
    await asyncio.gather(*(_one_after_another(running, client, waiting, members) for _ in range(AT_ONCE)))
    return time.perf_counter() - began


async def _one_after_another(running: Programme, client: Client, waiting: Iterator[int], members: int) -> None:
    settings = Settings(database_url=running.database_url, sandbox=True, auth_secret=AUTH_SECRET)
    for n in waiting:
        await client(running.url, issue(settings, member=f"mi-{n % members}", seconds=3600), n % 2 == 0)
