"""HTTP connections: what uvicorn's fast parser leaves without a limit, and the end of requests that are refused."""

import asyncio
from typing import TYPE_CHECKING, cast

from uvicorn._types import ASGI3Application, ASGISendEvent
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from mipoints.edge import refusals
from mipoints.edge.closing import ClosingTransport

if TYPE_CHECKING:
    from mipoints.edge.config import EdgeConfig

MOST_BESIDE_THE_BODY = 64 * 1024
"""Bytes of one request that are no body: its line, headers, and the heads of its chunks. They are counted after each
piece of at most 256 KiB that the operating system hands over."""


class RequestEdge(HttpToolsProtocol):
    """Uvicorn's protocol, with limits. A client that exceeds one gets an answer, and its connection ends."""

    config: "EdgeConfig"
    _awaits_head = True
    _has_trailers = False
    _beside_the_body = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """A client has connected."""
        super().connection_made(cast(asyncio.Transport, ClosingTransport(transport, self.loop)))

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

    def on_header(self, name: bytes, value: bytes) -> None:
        """The parser calls this for each header, and for each trailer, which is not kept."""
        if self._awaits_head:
            super().on_header(name, value)
        else:
            self._has_trailers = True

    def on_headers_complete(self) -> None:
        """The parser calls this when the head is complete."""
        self._awaits_head = False
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


class EndingCycle(RequestResponseCycle):
    """A request and its answer. An answer that does not wait for the whole body ends the connection."""

    transport: ClosingTransport  # type: ignore[assignment]

    async def send(self, message: ASGISendEvent) -> None:
        """Sends a part of the answer."""
        if self.more_body and not self.response_started:
            self.keep_alive, self.transport.lingers = False, True
        await super().send(message)
