"""Serves any ASGI application over real HTTP on a free port of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp

from loyalty.settings import Settings
from mipoints.edge.config import EdgeConfig, EdgeLimits


class Server(uvicorn.Server):
    """A server that ends at once when it should and its requests are finished; uvicorn's checks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.over = asyncio.Event()

    async def main_loop(self) -> None:
        """Serves until the end is requested."""
        await self.on_tick(0)
        await self.over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stops accepting connections, and waits for the open ones."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(3):
            await asyncio.sleep(0)  # the close of a connection is reported in the loop's next turns
        await self._wait_tasks_to_complete()


@asynccontextmanager
async def served(app: ASGIApp, buffers: int | None = None, limits: EdgeLimits | None = None) -> AsyncIterator[str]:
    """Serves an application until the end of the block, and yields its address. `buffers` is the size in bytes of each
    socket buffer of one client, `limits` what a connection may do if not what the defaults allow."""
    # asyncio sends small answers at once (TCP_NODELAY) only on sockets that name their protocol.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    if buffers is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
    listener.bind(("127.0.0.1", 0))
    listener.listen()  # a client that connects before the server runs waits
    config = EdgeConfig(app, limits or EdgeLimits.of(Settings(database_url="")), log_level="warning")
    server = Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.over.set()
        await serving
