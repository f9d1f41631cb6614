"""Serves /metrics on a port of its own (`MIPOINTS_METRICS_PORT`), beside the API in the same process."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


class _Server(uvicorn.Server):
    """Uvicorn without signals: the API's own server handles them."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@asynccontextmanager
async def metrics_served(app: ASGIApp, listener: socket.socket | None) -> AsyncIterator[None]:
    """Answers on the listener until the end of the block; without a listener it does nothing."""
    if listener is None:
        yield
        return
    config = uvicorn.Config(
        app, lifespan="off", log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=1
    )
    server = _Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
