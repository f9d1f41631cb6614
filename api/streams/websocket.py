"""GraphQL over WebSocket: the protocol graphql-transport-ws, and no other.

One task reads messages; each operation is a task of its own and writes as fast as the client reads. So a client that
reads slowly delays only its own next answer, and that answer holds the latest state.
"""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from api.access import caller_by
from api.context import Requester
from api.graphql import GraphQLEndpoint
from api.problems import Limited
from api.streams import messages
from api.streams.messages import Ended, Message, header_of, read_message
from api.streams.open import seconds_left
from api.streams.operations import Operations
from api.written import sent
from loyalty.callers import Caller
from loyalty.messages.negotiation import language_of

PROTOCOL = "graphql-transport-ws"


@dataclass(slots=True)
class GraphQLSockets:
    """`/graphql` over WebSocket."""

    endpoint: GraphQLEndpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI: one connection, from its handshake to its end."""
        socket = WebSocket(scope, receive, send)
        connection = Connection(self.endpoint, socket)
        try:
            await socket.accept(PROTOCOL if PROTOCOL in socket.scope["subprotocols"] else None)
            await connection.run()
        except Limited as limited:
            await connection.close(messages.TRY_AGAIN_LATER, str(limited))
        except Ended as ended:
            await connection.close(ended.code, str(ended))
        except (WebSocketDisconnect, OSError):  # a TimeoutError, too: the client has gone, or does not read
            return
        finally:
            await connection.operations.end_all()


@dataclass(slots=True)
class Connection:
    """One client's connection: it authenticates the caller, then runs operations concurrently."""

    endpoint: GraphQLEndpoint
    socket: WebSocket
    caller: Caller = field(default_factory=Caller)
    language: str = "en"
    until: float = 0.0
    operations: Operations = field(init=False)

    def __post_init__(self) -> None:
        self.operations = Operations(self.endpoint, self.send)

    async def run(self) -> None:
        """Serves the connection. Raises Ended if we end it, WebSocketDisconnect if the client disconnects."""
        if PROTOCOL not in self.socket.scope["subprotocols"]:
            raise Ended(messages.NOT_A_SUBPROTOCOL, f"Subprotocol not acceptable: this server speaks {PROTOCOL}.")
        with self.endpoint.streams.stranger(self._address()):
            await self._authenticate_in_time()
        with self.endpoint.streams.one_more():
            await self._serve_caller()

    async def send(self, message: dict[str, Any]) -> None:
        """Sends a message; waits while the client does not read. Raises TimeoutError if that takes too long, and
        WebSocketDisconnect if the connection was closed, by whichever side."""
        async with asyncio.timeout(self.endpoint.streams.slowest_seconds):
            try:
                await self.socket.send_text(sent(message).decode())
            except RuntimeError:  # the server closed it below us, such as for a message that is too long
                raise WebSocketDisconnect(1006) from None

    async def close(self, code: int, reason: str) -> None:
        """Closes the connection with a code and a reason, if the client still takes them within a second."""
        if self.socket.application_state == WebSocketState.CONNECTED:
            with suppress(WebSocketDisconnect, TimeoutError, RuntimeError):
                async with asyncio.timeout(1):
                    await self.socket.close(code, reason)

    def _address(self) -> str:
        return self.endpoint.runner.admission.payer(Caller(), self.socket).name

    async def _authenticate_in_time(self) -> None:
        try:
            async with asyncio.timeout(self.endpoint.streams.heartbeat_seconds):
                await self._authenticate()
        except TimeoutError:
            raise Ended(messages.INIT_TIMEOUT, "Connection initialisation timeout") from None

    async def _serve_caller(self) -> None:
        try:
            with self.endpoint.streams.of(self.caller) as self.until:
                await self.send({"type": "connection_ack"})
                await self._serve()
        except Limited as limited:
            raise Ended(messages.TOO_MANY, str(limited)) from None

    async def _authenticate(self) -> None:
        while (message := await self._receive()).kind != "connection_init":
            if message.kind == "subscribe":
                raise Ended(messages.UNAUTHORIZED, "Unauthorized")
            await self._answer_ping(message)
        headers = self.socket.headers
        authorization = header_of(message.payload, "authorization") or headers.get("authorization", "")
        self.caller = await caller_by(authorization, self.endpoint.verifier)
        if self.caller.problem is not None:
            raise Ended(messages.FORBIDDEN, self.caller.problem)
        if self.caller.name is None:
            raise Ended(messages.UNAUTHORIZED, "Send a bearer token: connection_init with {authorization: Bearer …}.")
        wanted = header_of(message.payload, "accept-language") or headers.get("accept-language")
        self.language = language_of(wanted)

    async def _serve(self) -> None:
        while True:
            message = await self._next()
            match message.kind:
                case "connection_init":
                    raise Ended(messages.TOO_MANY, "Too many initialisation requests")
                case "subscribe":
                    await self.operations.begin(message, self._asker())
                case "complete":
                    self.operations.end(message.id)
                case _:
                    await self._answer_ping(message)

    def _asker(self) -> Requester:
        return self.endpoint.runner.asker(self.socket, self.caller, self.language, uuid4().hex)

    async def _answer_ping(self, message: Message) -> None:
        if message.kind == "ping":
            await self.send({"type": "pong"})

    async def _next(self) -> Message:
        """The next message. A silent client gets one `ping`. Raises Ended if it stays silent or its token expires."""
        for _ in range(2):
            with suppress(TimeoutError):
                async with asyncio.timeout(min(self.endpoint.streams.heartbeat_seconds, seconds_left(self.until))):
                    return await self._receive()
            if not seconds_left(self.until):
                raise Ended(messages.FORBIDDEN, "This token has expired: get a new one.")
            await self.send({"type": "ping"})
        raise Ended(messages.GOING_AWAY, "No sign of life.")

    async def _receive(self) -> Message:
        await asyncio.sleep(0)  # a client that sends without a pause leaves the others their turns
        received = await self.socket.receive()
        if received["type"] == "websocket.disconnect":
            raise WebSocketDisconnect(received.get("code", 1005))
        return read_message(received.get("text"))
