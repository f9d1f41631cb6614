"""WebSocket connections: each frame and byte that a client sends is counted, and a flood is closed with 4429."""

from typing import TYPE_CHECKING, Any, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.protocol import State

from api.streams.messages import TOO_MANY
from mipoints.edge.closing import ClosingTransport
from mipoints.edge.flow import Flow

if TYPE_CHECKING:
    from mipoints.edge.config import EdgeConfig

_PIECE = 4096
"""Bytes that are read as frames at a time: one piece of 256 kB could hold 40,000 empty frames."""


class SocketEdge(WebSocketsSansIOProtocol):
    """Uvicorn's protocol, with bounds. Pings of the protocol and parts of messages count as frames, too."""

    config: "EdgeConfig"
    guest: str | None = None
    """The name under which the connection is counted; set once this protocol has it."""

    def __init__(self, config: "EdgeConfig", *args: Any, **more: Any) -> None:
        super().__init__(config, *args, **more)
        self._frames, self._bytes = Flow(config.limits.socket_messages), Flow(config.limits.socket_bytes)

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        if self.guest is not None:
            self.config.guests.gone(self.guest)
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Reads frames in small pieces, until the client has sent more than it may."""
        if self.handshake_initiated and self._bytes.is_exceeded_by(len(data)):
            self._refuse_flood("bytes")
            return
        for start in range(0, len(data), _PIECE):
            super().data_received(data[start : start + _PIECE])
            if self.transport.is_closing():
                return

    def handle_events(self) -> None:
        """Counts the frames of a piece before they are looked at."""
        if self.handshake_initiated and self._frames.is_exceeded_by(len(self.conn.events)):
            self._refuse_flood("messages")
            return
        super().handle_events()

    def _refuse_flood(self, things: str) -> None:
        if self.conn.state is State.OPEN:
            self.conn.send_close(TOO_MANY, f"Too many {things} in a second.")
            self.transport.write(b"".join(self.conn.data_to_send()))
        self.stop_keepalive()
        self.close_sent = True
        self.queue.put_nowait({"type": "websocket.disconnect", "code": TOO_MANY})
        cast(ClosingTransport, self.transport).lingers = True
        self.transport.close()
