"""One persistent connection of the load: one request at a time, answers parsed by llhttp."""

import asyncio
from typing import Any, NamedTuple

import httptools


class Answered(NamedTuple):
    """A status (0 if the connection was lost) and the body."""

    status: int
    body: bytes


class Connection(asyncio.Protocol):
    """Open until the server or the load closes it."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[Answered] | None = None
        self._body = bytearray()

    def connection_made(self, transport: Any) -> None:
        self.transport = transport
        self._parser = httptools.HttpResponseParser(self)

    def connection_lost(self, _: Exception | None) -> None:
        self._resolve(Answered(0, b"The connection was lost."))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body += body

    def on_message_complete(self) -> None:
        self._resolve(Answered(self._parser.get_status_code(), bytes(self._body)))

    async def ask(self, request: bytes) -> Answered:
        """Sends a request and waits for its answer."""
        self._body.clear()
        self._answer = asyncio.get_running_loop().create_future()
        self.transport.write(request)
        return await self._answer

    def _resolve(self, answered: Answered) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(answered)
