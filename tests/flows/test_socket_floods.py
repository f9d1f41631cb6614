"""A client that sends over WebSocket without a pause is cut, and until then the others have their turns."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress

import pytest
from websockets.exceptions import ConnectionClosed

from api.app import create_app
from loyalty.programme.programme import Programme
from loyalty.tokens import Verifier
from tests.support.stage import Stage
from tests.support.streams import Socket, known, opened

PING = json.dumps({"type": "ping"})
LARGE = json.dumps({"type": "ping", "payload": {"pad": "x" * 100_000}})


async def texts(socket: Socket) -> None:
    await socket.connection.send(PING)


async def pings_of_the_protocol(socket: Socket) -> None:
    await socket.connection.ping()


async def many_bytes(socket: Socket) -> None:
    await socket.connection.send(LARGE)


async def endless_parts(socket: Socket) -> None:
    await socket.connection.send([""] * 1000)


FLOODS = [texts, pings_of_the_protocol, many_bytes, endless_parts]


async def until_cut(socket: Socket, send: Callable[[Socket], Awaitable[None]]) -> tuple[int, str]:
    """Sends until the server ends the connection; gives the code and the reason."""
    end = asyncio.create_task(socket.closed())
    with suppress(ConnectionClosed):
        while not end.done():
            await send(socket)
            await asyncio.sleep(0)
    return await end


@pytest.mark.parametrize("send", FLOODS, ids=lambda each: each.__name__)
async def test_a_flood_is_closed_with_4429_before_and_after_authentication(
    stage: Stage, send: Callable[[Socket], Awaitable[None]]
):
    url = str(stage.http.base_url)
    async with opened(url) as stranger, known(url, stage.token("mi-1")) as member:
        for socket in (stranger, member):
            code, reason = await until_cut(socket, send)
            assert code == 4429
            assert reason in ("Too many messages in a second.", "Too many bytes in a second.")


async def test_each_message_leaves_others_a_turn(stage: Stage, programme: Programme):
    """The client is always ready and the answers are taken at once, so nothing but our own code gives way."""
    messages, turns = iter([PING] * 1000), 0

    async def receive() -> dict[str, object]:
        if (text := next(messages, None)) is None:
            return {"type": "websocket.disconnect", "code": 1000}
        return {"type": "websocket.receive", "text": text}

    async def send(_: object) -> None:
        return

    async def another() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    async def wake(_job: str, _at: object) -> None:
        return

    app, received = (
        create_app(stage.settings, programme, wake, Verifier(stage.settings)),
        [{"type": "websocket.connect"}],
    )
    other = asyncio.create_task(another())
    scope = {"type": "websocket", "path": "/graphql", "headers": [], "subprotocols": ["graphql-transport-ws"],
             "client": ("127.0.0.1", 1), "query_string": b"", "extensions": {}}  # fmt: skip

    async def first_then_receive() -> dict[str, object]:
        return received.pop() if received else await receive()

    await app(scope, first_then_receive, send)
    other.cancel()
    assert turns >= 1000
