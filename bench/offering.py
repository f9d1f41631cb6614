"""Offers signed deliveries at a steady rate, as a process of its own: `python -m bench.offering URL NAME A_SECOND FOR`.

The loop is open: each delivery is sent when it is due, whatever became of those before it, and its time counts from
the moment it was due. Connections are kept and used again, as producers do it; where all of them wait for an answer,
another is opened. Everything is signed beforehand and the client is plain bytes, so that it costs the server little of
its cores (a client whose pool looks through all of its open connections costs more than the server); what is late on
its own side is told too. It says `offering` when it begins, and its answers as JSON at the end.
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
_KEPT_SECONDS = 3.0
"""A connection that rested for longer is not used again: the server closes it after five."""


class Answer(NamedTuple):
    """One delivery's answer: its id, its status (0 for none), and how many seconds after it was due."""

    event_id: str
    status: int
    seconds: float


class Offered(NamedTuple):
    """What became of all deliveries, and by how many seconds the latest of them was sent late."""

    answers: Sequence[Answer]
    late_seconds: float


class _Connection(asyncio.Protocol):
    """One kept connection: one request at a time."""

    def __init__(self) -> None:
        self.is_usable = False
        self.used_at = 0.0
        self._told: asyncio.Future[int] | None = None

    def connection_made(self, transport: Any) -> None:
        self.transport, self.is_usable = transport, True

    def connection_lost(self, _: Exception | None) -> None:
        self.is_usable = False
        self._tell(0)

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        self.is_usable = self._parser.should_keep_alive()
        self._tell(self._parser.get_status_code())

    async def ask(self, request: bytes) -> int:
        """The status of a request's answer; 0 for none."""
        self._told = asyncio.get_running_loop().create_future()
        self._parser = httptools.HttpResponseParser(self)
        self.transport.write(request)
        return await self._told

    def _tell(self, status: int) -> None:
        if self._told is not None and not self._told.done():
            self._told.set_result(status)


@dataclass(slots=True)
class _Sender:
    host: str
    port: int
    late_seconds: float = 0.0
    _resting: list[_Connection] = field(default_factory=list)

    async def send(self, event_id: str, request: bytes, due: float) -> Answer:
        """Sends one delivery now, and waits for its answer."""
        loop = asyncio.get_running_loop()
        self.late_seconds = max(self.late_seconds, loop.time() - due)
        try:
            async with asyncio.timeout(LONGEST_SECONDS):
                status = await self._ask(request)
        except OSError:
            status = 0
        return Answer(event_id, status, loop.time() - due)

    async def _ask(self, request: bytes) -> int:
        loop = asyncio.get_running_loop()
        connection = self._rested(loop.time())
        if connection is None:
            _, connection = await loop.create_connection(_Connection, self.host, self.port)
        status = await connection.ask(request)
        if connection.is_usable:
            connection.used_at = loop.time()
            self._resting.append(connection)
        return status

    def _rested(self, now: float) -> _Connection | None:
        """The connection that was used last, unless it has rested for too long; then all others have as well."""
        while self._resting:
            connection = self._resting.pop()
            if connection.is_usable and now - connection.used_at < _KEPT_SECONDS:
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
    """An open loop of deliveries, signed before it begins."""
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
