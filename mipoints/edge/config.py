"""Uvicorn's configuration with our protocols and their limits."""

from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from loyalty.settings import Settings
from mipoints.edge.guests import Guests
from mipoints.edge.requests import RequestEdge
from mipoints.edge.sockets import SocketEdge


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """What connections may do. `socket_messages` and `socket_bytes` are those of a WebSocket in a second; `connections`
    is the most that are open at a time, `of_one_address` the most of one address (0: no limit), and `head_seconds` the
    time in which a client has to send a request's line and headers."""

    socket_messages: int
    socket_bytes: int
    connections: int
    of_one_address: int
    head_seconds: float = 10.0

    @classmethod
    def of(cls, settings: Settings) -> "EdgeLimits":
        """The limits of these settings. A WebSocket may send one message of the longest kind in a second. Behind a
        proxy all connections have the proxy's address, so that addresses have no limit there."""
        of_one_address = 0 if settings.proxies else settings.connections_per_address
        return cls(settings.socket_messages, settings.graphql_body_limit, settings.connections, of_one_address)


class EdgeConfig(uvicorn.Config):
    """Uvicorn's configuration; our protocols find `limits` and `guests` there. `more` are uvicorn's own options."""

    def __init__(self, app: ASGIApp, limits: EdgeLimits, **more: Any) -> None:
        self.limits = limits
        self.guests = Guests(limits.connections, limits.of_one_address)
        super().__init__(
            app,
            http=RequestEdge,
            ws=SocketEdge,
            ws_max_size=limits.socket_bytes,
            ws_per_message_deflate=False,
            lifespan="off",
            server_header=False,
            proxy_headers=False,  # MIPOINTS_PROXIES sets how much of X-Forwarded-For is trusted
            **more,
        )
