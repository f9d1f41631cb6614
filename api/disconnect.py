"""Noticing that a client disconnects before it has its answer."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive


async def client_disconnect(receive: Receive) -> None:
    """Returns when the client has disconnected. Call it only after the whole body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


@contextmanager
def noticing_disconnect(receive: Receive) -> Iterator["asyncio.Future[None]"]:
    """A future that is done once the client has disconnected; it is cancelled at the end of the block."""
    disconnect = asyncio.ensure_future(client_disconnect(receive))
    try:
        yield disconnect
    finally:
        disconnect.cancel()
