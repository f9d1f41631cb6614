"""Noticing that a client disconnects before it has its answer."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from starlette.types import Receive


async def disconnected(receive: Receive) -> None:
    """Returns when the client has disconnected. Call it only after the whole body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


@contextmanager
def watch_disconnect(receive: Receive) -> Iterator["asyncio.Future[None]"]:
    """A future that is done once the client has disconnected; it is cancelled at the end of the block."""
    watching = asyncio.ensure_future(disconnected(receive))
    try:
        yield watching
    finally:
        watching.cancel()
