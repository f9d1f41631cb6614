"""Sends signed deliveries at a steady rate, in its own process: `python -m bench.offering URL NAME A_SECOND FOR`.

The loop is open: each delivery is sent when it is due, even if earlier ones have no answer yet, and its time starts
when it was due. Connections are used again, as producers do; if all of them wait for an answer, another one is opened.
All deliveries are signed in advance and the client sends plain bytes, so that it leaves the cores to the server (a
client whose pool searches all its open connections costs more than the server). It also reports how late it sent
itself. It prints `offering` when it starts, and its answers as JSON at the end.
"""

import asyncio
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httptools
import uvloop

from loyalty.webhooks.producers import native
from tests.support.stage import NATIVE_SECRET

LONGEST_SECONDS = 30.0
_REUSE_SECONDS = 3.0
"""A connection that was idle for longer is not used again: the server closes it after five seconds."""


class Answer(NamedTuple):
    """The answer to one delivery: its id, its status (0 for no answer), and the seconds since it was due."""

    event_id: str
    status: int
    seconds: float


class Offered(NamedTuple):
    """The answers to all deliveries, and the longest delay in seconds with which the client sent one."""

    answers: Sequence[Answer]
    late_seconds: float


class _Connection(asyncio.Protocol):
    """A reusable connection: one request at a time."""

    def __init__(self) -> None:
        self.is_usable = False
        self.used_at = 0.0
        self._status: asyncio.Future[int] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport, self.is_usable = transport, True

    def connection_lost(self, _: Exception | None) -> None:
        self.is_usable = False
        self._answer(0)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.is_usable = self._parser.should_keep_alive()
        self._answer(self._parser.get_status_code())

    async def send(self, request: bytes) -> int:
        """Sends a request and returns the status of its answer; 0 for no answer."""
        self._status = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self.transport.write(request)
        return await self._status

    def _answer(self, status: int) -> None:
        if self._status is not None and not self._status.done():
            self._status.set_result(status)


@dataclass(slots=True)
class _Sender:
    host: str
    port: int
    late_seconds: float = 0.0
    _idle: list[_Connection] = field(default_factory=list)

    async def send(self, event_id: str, request: bytes, due: float) -> Answer:
        """Sends one delivery now, and waits for its answer."""
        loop = asyncio.get_running_loop()
        self.late_seconds = max(self.late_seconds, loop.time() - due)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                status = await self._send_once(request)
        except OSError:
            status = 0
        return Answer(event_id, status, loop.time() - due)

    async def _send_once(self, request: bytes) -> int:
        loop = asyncio.get_running_loop()
        connection = self._idle_connection(loop.time())
        if connection is None:
            _, connection = await loop.create_connection(_Connection, self.host, self.port)
        status = await connection.send(request)
        if connection.is_usable:
            connection.used_at = loop.time()
            self._idle.append(connection)
        return status

    def _idle_connection(self, now: float) -> _Connection | None:
        """Returns the connection that was used last. If it was idle for too long, so were all others: returns None."""
        while self._idle:
            connection = self._idle.pop()
            if connection.is_usable and now - connection.used_at < _REUSE_SECONDS:
                return connection
            connection.transport.close()
        return None


def _written(host: str, event_id: str) -> bytes:
    body = b'{"type":"shipment.in_transit","data":{"order_number":"not-told-yet","tracking_number":"T-%s"}}'
    body = body.replace(b"%s", event_id.encode())
    headers = native.sign(NATIVE_SECRET, body, event_id, datetime.now(UTC))
    lines = [f"{name}: {text}" for name, text in (headers | {"host": host, "content-length": str(len(body))}).items()]
    return "\r\n".join(["POST /webhooks/native HTTP/1.1", *lines, "", ""]).encode() + body


async def offer(url: str, name: str, a_second: int, seconds: float) -> Offered:
    """Signs all deliveries, and then sends them in an open loop."""
    address = urlsplit(url)
    assert address.hostname
    assert address.port
    sender = _Sender(address.hostname, address.port)
    requests = [(f"{name}-{n}", _written(address.netloc, f"{name}-{n}")) for n in range(int(a_second * seconds))]
    loop = asyncio.get_running_loop()
    print("offering", flush=True)
    started, sending = loop.time(), []
    for n, (event_id, request) in enumerate(requests):
        due = started + n / a_second
        await asyncio.sleep(max(0.0, due - loop.time()))
        sending.append(asyncio.create_task(sender.send(event_id, request, due)))
    return Offered(await asyncio.gather(*sending), sender.late_seconds)


if __name__ == "__main__":
    url, name, a_second, seconds = sys.argv[1:]
    print(json.dumps(uvloop.run(offer(url, name, int(a_second), float(seconds)))))
