"""A receiver of outgoing webhooks: a real HTTP server that verifies requests with the reference library."""

import asyncio
import json
import socket
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg
import uvicorn
from standardwebhooks import Webhook
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from db.pool import Database
from loyalty.outgoing.addresses import Reach
from loyalty.outgoing.courier import Courier
from loyalty.outgoing.endpoints import add_endpoint
from loyalty.outgoing.events import TYPES
from loyalty.outgoing.sender import Sender
from tests.support.patience import PATIENCE, eventually

AT_HOME = Reach(allows_http=True, allows_private=True)

Reply = Callable[[Request], Awaitable[Response]]


@dataclass(frozen=True, slots=True)
class Got:
    """One request as it arrived."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        return self.headers["webhook-id"]

    @property
    def event(self) -> dict[str, Any]:
        """The event, without verification of the signature."""
        event: dict[str, Any] = json.loads(self.body)
        return event

    def verified(self, secret: str) -> dict[str, Any]:
        """Returns the event; raises if its signature does not match the secret."""
        event: dict[str, Any] = Webhook(secret).verify(self.body, self.headers)
        return event


@dataclass(slots=True)
class Receiver:
    """A server and its requests, oldest first. It answers with `statuses` in turn, the last one for ever, or with
    `reply`."""

    url: str
    got: list[Got] = field(default_factory=list)
    statuses: list[int] = field(default_factory=lambda: [204])
    reply: Reply | None = None
    endpoint_id: UUID = field(default_factory=lambda: UUID(int=0))
    secret: str = ""

    @property
    def events(self) -> list[dict[str, Any]]:
        """All events, verified, sorted by member and number."""
        events = [each.verified(self.secret) for each in self.got]
        return sorted(events, key=lambda event: (event["data"]["member"]["id"], event["data"]["sequence"]))

    async def receive(self, request: Request) -> Response:
        self.got.append(Got(dict(request.headers), await request.body()))
        if self.reply is not None:
            return await self.reply(request)
        status = self.statuses.pop(0) if len(self.statuses) > 1 else self.statuses[0]
        return Response(status_code=status)

    async def until_got(self, count: int) -> None:
        """Waits until so many requests came."""
        await eventually(lambda: len(self.got) >= count)

    async def joins(self, db: Database, *types: str) -> None:
        """Adds this receiver as an endpoint for these types, or for all."""
        sender = Sender(AT_HOME)
        self.endpoint_id, self.secret = await add_endpoint(db, sender, self.url, types or TYPES, "olga")
        await sender.close()


@asynccontextmanager
async def receiving(certificate: Path | None = None, key: Path | None = None) -> AsyncIterator[Receiver]:
    """Runs a receiver on a free port of this machine, with TLS if there is a certificate."""
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    listener.bind(("127.0.0.1", 0))
    scheme = "https" if certificate else "http"
    receiver = Receiver(f"{scheme}://127.0.0.1:{listener.getsockname()[1]}/hooks")
    app = Starlette(routes=[Route("/hooks", receiver.receive, methods=["POST"])])
    config = uvicorn.Config(
        app,
        log_level="warning",
        lifespan="off",
        ssl_certfile=certificate,
        ssl_keyfile=key,
        timeout_graceful_shutdown=1,
    )
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield receiver
    finally:
        server.should_exit = True
        await serving


@asynccontextmanager
async def courier(db: Database, seconds: float = PATIENCE) -> AsyncIterator[Courier]:
    """One that may go to this machine, with the given patience."""
    opened = Courier(db, Sender(AT_HOME, seconds=seconds))
    try:
        yield opened
    finally:
        await opened.close()


def trusting(certificate: Path) -> ssl.SSLContext:
    """Returns a TLS context that trusts one certificate only."""
    return ssl.create_default_context(cafile=str(certificate))


async def rows(owner: asyncpg.Connection) -> list[tuple[Any, ...]]:
    """Returns the state and attempts of every outgoing row, sorted by member and number."""
    records = await owner.fetch("select state, attempts from outgoing order by member_id, sequence, endpoint_id")
    return [tuple(row) for row in records]
