"""The API as a process: uvicorn around the application, ended gracefully by SIGTERM."""

import asyncio
import contextlib
import errno
import logging
import signal
import socket
from collections.abc import Iterator

import uvicorn

from api.app import create_app
from loyalty.settings import Settings
from mipoints.composition import opened_parts
from mipoints.problems import Problem

log = logging.getLogger("mipoints.serve")

GRACE_SECONDS = 10


class _Server(uvicorn.Server):
    """Uvicorn, but a signal ends the process with code 0 and not with the signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


def listen(host: str, port: int) -> socket.socket:
    """A socket that listens. Raises Problem for a port in use, or a host that is not this machine's."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, kind, protocol)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen()
    except (OSError, OverflowError) as error:
        raise Problem(_sentence(host, port, error)) from error
    return listener


def _sentence(host: str, port: int, error: Exception) -> str:
    code = getattr(error, "errno", None)
    if code == errno.EADDRINUSE:
        return f"Port {port} is in use by another program: stop it, or choose another with --port."
    if code == errno.EACCES:
        return f"Port {port} is reserved for the administrator: choose one above 1023 with --port."
    return f"Nothing can listen on {host} port {port}: {error}."


async def serve(settings: Settings, listener: socket.socket) -> None:
    """Answers until SIGTERM or SIGINT, then finishes what it is doing, for ten seconds at most."""
    async with opened_parts(settings) as parts:
        app = create_app(
            settings,
            parts.programme,
            parts.wake,
            parts.verifier,
            parts.wake.ping if settings.redis_url else None,
        )
        config = uvicorn.Config(
            app,
            http="httptools",
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
        )
        host, port = listener.getsockname()[:2]
        log.info("Serving on http://%s:%d.", host, port)
        await _Server(config).serve([listener])
        log.info("Stopped serving.")
