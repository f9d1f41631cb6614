"""Runs the API as a process: uvicorn with the application. SIGTERM ends it gracefully."""

import asyncio
import contextlib
import gc
import logging
import signal
import socket
from collections.abc import Iterator

import uvicorn
from starlette.types import ASGIApp

from api.app import create_app, metrics_app
from api.followers import Followers
from api.hosts import LoopbackHost
from db.migrate import are_current
from db.pool import Database, DatabaseUnavailable
from loyalty.settings import Settings
from loyalty.webhooks.rejections import Rejections
from mipoints.composition import opened_parts
from mipoints.edge.config import EdgeConfig, EdgeLimits
from mipoints.metrics_server import metrics_served

log = logging.getLogger("mipoints.serve")

GRACE_SECONDS = 10
GARBAGE_OBJECTS = 10_000
"""New objects after which the youngest are searched for cycles. Python's own 700 are a third of one answer."""

_SANDBOX = (
    "THIS IS A SANDBOX: everybody who reaches it gets a token of any member or operator. Keep real members out of it."
)


class _Server(uvicorn.Server):
    """Uvicorn, with two changes: a signal ends the process with exit code 0, and streams end at once."""

    def __init__(self, config: uvicorn.Config, changes: Followers) -> None:
        super().__init__(config)
        self.changes = changes

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Closes WebSockets with 1012 and ends event streams, so that their clients connect to another process."""
        self.changes.end()
        await super().shutdown(sockets)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        yield


async def _warn_if_not_ready(db: Database) -> None:
    """Logs a warning if the database is away or not migrated. The server starts all the same, and answers UNAVAILABLE
    while the database is away."""
    try:
        if not await are_current(db):
            log.warning("The database is not set up for this version: run `mipoints migrate`.")
    except DatabaseUnavailable as error:
        log.warning("%s Requests are answered UNAVAILABLE until that is fixed.", error)


def server_config(app: ASGIApp, settings: Settings) -> uvicorn.Config:
    """How uvicorn runs the API in production and in a sandbox."""
    return EdgeConfig(
        app,
        EdgeLimits.of(settings),
        log_config=None,
        access_log=False,
        timeout_keep_alive=settings.keep_alive_seconds,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )


async def serve(
    settings: Settings, listener: socket.socket, metrics_listener: socket.socket | None = None, *, any_host: bool
) -> None:
    """Answers requests until SIGTERM or SIGINT, then finishes the running ones within at most ten seconds.

    Metrics are answered on their own listener if there is one. Without `any_host` it answers only under names of this
    machine.
    """
    async with opened_parts(settings) as parts:
        rejections = Rejections(parts.programme.db)
        app = create_app(
            settings,
            parts.programme,
            parts.wake,
            parts.verifier,
            parts.wake.ping if settings.redis_url else None,
            rejections,
            parts.changes,
            parts.budget,
        )
        gc.freeze()  # the schema lives as long as the process: garbage collections need not search it
        gc.set_threshold(GARBAGE_OBJECTS)
        config = server_config(app if any_host else LoopbackHost(app), settings)
        host, port = listener.getsockname()[:2]
        if settings.sandbox:
            log.warning(_SANDBOX)
        log.info("Serving on http://%s:%d.", host, port)
        await _warn_if_not_ready(parts.programme.db)
        async with metrics_served(metrics_app(app), metrics_listener):
            await _Server(config, parts.changes).serve([listener])
        await rejections.close()
        log.info("Stopped serving.")
