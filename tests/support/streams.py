"""Clients of streams without a library's layers: graphql-transport-ws and server-sent events."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol

from tests.support.patience import PATIENCE

CHANGES = """subscription($now: Boolean! = false) { balanceChanged(startWithCurrent: $now) {
  member { miId balance { available } } balance { available pending debt worth { amountMinor currency } }
  entry { id kind points balanceAfter description } pendingPoints { kind points dueAt awaiting } } }"""


@dataclass(slots=True)
class Socket:
    """A client's connection with graphql-transport-ws."""

    connection: ClientConnection

    async def send(self, kind: str, id_: str | None = None, payload: Any = None) -> None:
        """Sends a message, without the parts that are None."""
        message = {"type": kind, "id": id_, "payload": payload}
        await self.connection.send(json.dumps({name: part for name, part in message.items() if part is not None}))

    async def receive(self) -> dict[str, Any]:
        """The next message that is no ping."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = json.loads(await self.connection.recv())
                if message["type"] != "ping":
                    return message

    async def closed(self) -> tuple[int, str]:
        """Reads until it is closed; gives the code and the reason."""
        async with asyncio.timeout(PATIENCE):
            with pytest.raises(ConnectionClosed) as end:
                await self._read_on()
        assert end.value.rcvd is not None, end.value
        return end.value.rcvd.code, end.value.rcvd.reason

    async def _read_on(self) -> None:
        while True:
            await self.connection.recv()

    async def subscribe(self, query: str = CHANGES, id_: str = "1", **variables: Any) -> None:
        """Starts an operation."""
        await self.send("subscribe", id_, {"query": query, "variables": variables})

    async def follow(self, id_: str = "1") -> dict[str, Any]:
        """Follows the balance from now on, and returns the current one."""
        await self.subscribe(id_=id_, now=True)
        return await self.change(id_)

    async def change(self, id_: str = "1") -> dict[str, Any]:
        """Returns the next change."""
        message = await self.receive()
        assert (message["type"], message["id"]) == ("next", id_), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]["balanceChanged"]


@asynccontextmanager
async def opened(url: str, *protocols: str, **more: Any) -> AsyncIterator[Socket]:
    """Opens a connection without authentication."""
    address = url.replace("http", "ws", 1).rstrip("/") + "/graphql"
    wanted = [Subprotocol(each) for each in protocols or ("graphql-transport-ws",)]
    async with connect(address, subprotocols=wanted, **more) as connection:
        yield Socket(connection)


@asynccontextmanager
async def known(url: str, token: str, **more: Any) -> AsyncIterator[Socket]:
    """Opens a connection and authenticates with a token."""
    async with opened(url, **more) as socket:
        await socket.send("connection_init", payload={"authorization": f"Bearer {token}"})
        assert (await socket.receive())["type"] == "connection_ack"
        yield socket


@dataclass(slots=True)
class Events:
    """An answer as server-sent events."""

    response: httpx.Response
    pieces: AsyncIterator[str]
    rest: str = ""

    async def next(self, *, beats: bool = False) -> tuple[str, Any] | None:
        """The next event and its data; comments only where they are asked for; None at the end."""
        async with asyncio.timeout(PATIENCE):
            while True:
                while "\n\n" not in self.rest:
                    piece = await anext(self.pieces, None)
                    if piece is None:
                        return None
                    self.rest += piece
                frame, _, self.rest = self.rest.partition("\n\n")
                if not frame.startswith(":"):
                    return _read(frame)
                if beats:
                    return "", None

    async def change(self) -> dict[str, Any]:
        """Returns the next change."""
        event = await self.next()
        assert event is not None
        kind, answer = event
        assert kind == "next", event
        assert "errors" not in answer, answer
        return answer["data"]["balanceChanged"]


def _read(frame: str) -> tuple[str, Any]:
    fields = dict(line.split(":", 1) for line in frame.split("\n"))
    return fields["event"].strip(), json.loads(fields["data"].strip() or "null")


@asynccontextmanager
async def events(
    http: httpx.AsyncClient,
    token: str | None,
    query: str = CHANGES,
    *,
    accept: str = "text/event-stream",
    **variables: Any,
) -> AsyncIterator[Events]:
    """Sends an operation whose answers arrive as events."""
    headers = {"accept": accept} | ({"authorization": f"Bearer {token}"} if token else {})
    body = {"query": query, "variables": variables}
    async with http.stream("POST", "/graphql", json=body, headers=headers) as response:
        yield Events(response, response.aiter_text())
