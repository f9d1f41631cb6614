"""Any ASGI application over real HTTP on a free port of this machine."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp


class Server(uvicorn.Server):
    """Ends when it is told to and nothing is under way any more; the library's looks ten times a second."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.over = asyncio.Event()

    async def main_loop(self) -> None:
        """Serves until it is over."""
        await self.on_tick(0)
        await self.over.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Takes no more connections, and waits for those there are."""
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        for _ in range(3):
            await asyncio.sleep(0)  # closed connections tell of it in the loop's next turns
        await self._wait_tasks_to_complete()


@asynccontextmanager
async def served(app: ASGIApp, buffers: int | None = None) -> AsyncIterator[str]:
    """Serves it until the end of the block; gives its address. `buffers`: bytes on the way to and from one client."""
    # asyncio sends small answers at once (TCP_NODELAY) only on sockets that name their protocol.
    listener = socket.socket(proto=socket.IPPROTO_TCP)
    if buffers is not None:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, buffers)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, buffers)
    listener.bind(("127.0.0.1", 0))
    config = uvicorn.Config(
        app, log_level="warning", lifespan="off", ws="websockets-sansio", ws_max_size=262_144, proxy_headers=False
    )
    server = Server(config)
    serving = asyncio.create_task(server.serve([listener]))
    try:
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
    finally:
        server.over.set()
        await serving
