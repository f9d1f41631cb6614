"""HTTP connections: what uvicorn's fast parser leaves without a limit, and the end of requests that are refused."""

import asyncio
from typing import TYPE_CHECKING, cast

from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mipoints.edge import refusals
from mipoints.edge.answering import EndingCycle
from mipoints.edge.closing import ClosingTransport
from mipoints.edge.sockets import SocketEdge

if TYPE_CHECKING:
    from mipoints.edge.config import EdgeConfig

MOST_BESIDE_THE_BODY = 64 * 1024
"""Bytes of one request that are no body: its line, headers, and the heads of its chunks. They are counted after each
piece of at most 256 KiB that the operating system hands over."""


class RequestEdge(HttpToolsProtocol):
    """Uvicorn's protocol, with limits. A client that exceeds one gets an answer, and its connection ends."""

    config: "EdgeConfig"
    guest: str | None = None
    _head_timer: asyncio.TimerHandle | None = None
    _awaits_head = True
    _is_in_head = False
    _has_trailers = False
    _beside_the_body = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected. One too many is told so, and closed."""
        super().connection_made(cast(asyncio.Transport, ClosingTransport(transport, self.loop)))
        self.guest = self.config.guests.let_in(self.client[0] if self.client else "")
        if self.guest is None:
            self.transport.write(refusals.TOO_MANY_CONNECTIONS)
            self.transport.close()
            return
        self._await_head()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        self._await_head_no_more()
        if self.guest is not None:
            self.config.guests.gone(self.guest)
        super().connection_lost(exc)

    def handle_websocket_upgrade(self) -> None:
        """Uvicorn calls this for a handshake; a protocol of its own takes the connection over."""
        guest, self.guest = self.guest, None
        super().handle_websocket_upgrade()
        protocol = self.transport.get_protocol()
        assert isinstance(protocol, SocketEdge)
        protocol.guest = guest

    def data_received(self, data: bytes) -> None:
        """Reads bytes, and counts those that do not become a body. Nothing is read from a connection that ends."""
        if self.transport.is_closing():
            return
        self._beside_the_body += len(data)
        super().data_received(data)
        if self._has_trailers:
            self.refuse(refusals.TRAILERS)
        elif self._beside_the_body > MOST_BESIDE_THE_BODY:
            self.refuse(refusals.HEAD_TOO_LARGE if self._awaits_head else refusals.TOO_MANY_CHUNKS)
        elif self._is_in_head or (self._awaits_head and self._beside_the_body):
            self._await_head()

    def _await_head(self) -> None:
        """From now on, the client has some seconds for a request's line and headers."""
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(self.config.limits.head_seconds, self._head_is_late)

    def _await_head_no_more(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _head_is_late(self) -> None:
        """A client that has sent nothing is not answered: browsers connect before they need a connection."""
        self._await_head_no_more()
        if self._is_in_head:
            self.refuse(refusals.HEAD_TOO_SLOW)
        elif not self._is_answering():
            self.transport.close()

    def on_message_begin(self) -> None:
        """The parser calls this when a request begins."""
        self._is_in_head = True
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser calls this for each header, and for each trailer, which is not kept."""
        if self._awaits_head:
            super().on_header(name, value)
        else:
            self._has_trailers = True

    def on_headers_complete(self) -> None:
        """The parser calls this when the head is complete."""
        self._awaits_head = self._is_in_head = False
        self._await_head_no_more()
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        """The parser calls this for each part of a body."""
        self._beside_the_body = max(0, self._beside_the_body - len(body))
        super().on_body(body)

    def on_message_complete(self) -> None:
        """The parser calls this when a request is complete; what follows belongs to the next one."""
        if not self._has_trailers:
            self._awaits_head, self._beside_the_body = True, 0
        super().on_message_complete()

    def send_400_response(self, msg: str) -> None:
        """Uvicorn calls this for bytes that are no HTTP."""
        self.refuse(refusals.NOT_HTTP)

    def refuse(self, answer: bytes) -> None:
        """Ends the connection; the answer is sent unless another is being sent. The request that is being read, if it
        has no answer yet, is not carried out."""
        if self.transport.is_closing():
            return
        if not self._is_answering():
            self.transport.write(answer)
        cast(ClosingTransport, self.transport).lingers = True
        self.transport.close()
        cycle: RequestResponseCycle | None = self.cycle  # None before the first request
        if cycle is not None and not cycle.response_complete:
            cycle.disconnected = True
            cycle.message_event.set()

    def _is_answering(self) -> bool:
        cycle: RequestResponseCycle | None = self.cycle
        return bool(self.pipeline) or (cycle is not None and cycle.response_started and not cycle.response_complete)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        cycle.__class__ = EndingCycle  # uvicorn makes its own; ours adds one rule
        super()._start_asgi_task(cycle, app)
