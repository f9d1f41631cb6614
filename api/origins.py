"""Pages of other sites: which of them may call the API from a browser (`MIPOINTS_ORIGINS`)."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

_SENT = ("authorization", "content-type", "apollo-require-preflight", "x-apollo-operation-name", "accept-language")
_READ = ("x-request-id", "retry-after")
_POLICY_VIOLATION = 1008


def cross_origin(origins: Collection[str]) -> Sequence[Middleware]:
    """Answers preflights of these origins' pages and lets them read answers; nothing at all if there are none.

    Cookies are not allowed, because we use none.
    """
    if not origins:
        return ()
    cors = Middleware(
        CORSMiddleware,
        allow_origins=origins,
        allow_methods=("GET", "HEAD", "POST"),
        allow_headers=_SENT,
        expose_headers=_READ,
    )
    return (cors,)


@dataclass(frozen=True, slots=True)
class CheckedOrigin:
    """Refuses WebSockets (HTTP 403) of pages whose origin is neither ours nor one of `origins`.

    Browsers open a WebSocket to another site without a preflight; they only send the page's `Origin`. A program sends
    none, and is let in.
    """

    app: ASGIApp
    origins: Collection[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        headers = Headers(scope=scope)
        origin = headers.get("origin")
        if origin is None or origin in self.origins or _host(origin) == headers.get("host"):
            await self.app(scope, receive, send)
        else:
            await WebSocketClose(_POLICY_VIOLATION)(scope, receive, send)


def _host(origin: str) -> str:
    """The host and port of an origin."""
    return origin.partition("://")[2]
