"""Uvicorn's configuration with our protocols and their limits."""

from dataclasses import dataclass
from typing import Any

import uvicorn
from starlette.types import ASGIApp

from loyalty.settings import Settings
from mipoints.edge.requests import RequestEdge
from mipoints.edge.sockets import SocketEdge


@dataclass(frozen=True, slots=True)
class EdgeLimits:
    """What one connection may do. `socket_messages` and `socket_bytes` are those of a WebSocket in a second."""

    socket_messages: int
    socket_bytes: int

    @classmethod
    def of(cls, settings: Settings) -> "EdgeLimits":
        """The limits of these settings. A WebSocket may send one message of the longest kind in a second."""
        return cls(settings.socket_messages, settings.graphql_body_limit)


class EdgeConfig(uvicorn.Config):
    """Uvicorn's configuration; our protocols read `limits` there. `more` are uvicorn's own options."""

    def __init__(self, app: ASGIApp, limits: EdgeLimits, **more: Any) -> None:
        self.limits = limits
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
