"""A sandbox answers under names of this machine only."""

import re
from dataclasses import dataclass

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocketClose

from api.webhooks import problem
from loyalty.loopback import is_loopback

_POLICY_VIOLATION = 1008
_SENTENCE = "This is a sandbox: it answers as localhost, 127.0.0.1 or [::1], unless it is served with --i-know."


@dataclass(frozen=True, slots=True)
class LoopbackHost:
    """Refuses requests whose `Host` is no name of this machine (421), and such WebSockets (403).

    A page of a site whose name was pointed at 127.0.0.1 (DNS rebinding) is of the same origin as the sandbox in its
    browser's eyes; the name in `Host` gives it away.
    """

    app: ASGIApp

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        host = re.sub(r":[0-9]*$", "", Headers(scope=scope).get("host", ""))
        if is_loopback(host.removeprefix("[").removesuffix("]")):
            await self.app(scope, receive, send)
        elif scope["type"] == "websocket":
            await WebSocketClose(_POLICY_VIOLATION)(scope, receive, send)
        else:
            await problem(421, "MISDIRECTED", _SENTENCE)(scope, receive, send)
