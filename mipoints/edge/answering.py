"""The answer to one request, and when it ends the connection."""

from uvicorn._types import ASGISendEvent
from uvicorn.protocols.http.httptools_impl import RequestResponseCycle

from mipoints.edge.closing import ClosingTransport


class EndingCycle(RequestResponseCycle):
    """A request and its answer. An answer that does not wait for the whole body ends the connection."""

    transport: ClosingTransport  # type: ignore[assignment]

    async def send(self, message: ASGISendEvent) -> None:
        """Sends a part of the answer."""
        if self.more_body and not self.response_started:
            self.keep_alive, self.transport.lingers = False, True
        await super().send(message)
