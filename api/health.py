"""Endpoints for operations: liveness, readiness and metrics."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.metrics import Metrics
from db.migrate import are_current
from db.outgoing.events import outgoing_backlog
from db.pool import Database, DatabaseUnavailable
from db.webhooks.health import inbox_waiting

log = logging.getLogger("mipoints.api")

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_REDIS_SECONDS = 0.5
_LOOK_SECONDS = 5.0
_READY_SECONDS = 1.0

_Readiness = tuple[list[str], bool]
"""The reasons why the process is not ready, and whether Redis is missing."""

PingRedis = Callable[[], Awaitable[object]]


@dataclass(slots=True)
class Health:
    """Answers load balancers and Prometheus. Without Redis the process is ready, and reports that Redis is missing."""

    db: Database
    metrics: Metrics
    ping_redis: PingRedis | None
    _looks_again_at: float = 0.0
    _look: asyncio.Future[_Readiness] | None = None
    _look_is_old_at: float = 0.0
    _redis_is_away: bool = False

    async def healthz(self, _: Request) -> Response:
        """200 as long as the process runs."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """Ready when the database answers and every migration is applied; otherwise 503 with the reasons.

        All who ask share one look at the database, and for a second after it its result.
        """
        if self._look is None or (self._look.done() and time.monotonic() >= self._look_is_old_at):
            self._look = asyncio.ensure_future(self._readiness())
        reasons, lacks_redis = await asyncio.shield(self._look)
        if reasons:
            return JSONResponse({"status": "unavailable", "reasons": reasons}, 503, {"retry-after": "5"})
        return JSONResponse({"status": "ready", "degraded": ["redis"] if lacks_redis else []})

    async def _readiness(self) -> _Readiness:
        try:
            return await asyncio.gather(self._reasons(), self._lacks_redis())
        finally:
            self._look_is_old_at = time.monotonic() + _READY_SECONDS

    async def counted(self, _: Request) -> Response:
        """The metrics in Prometheus' text format. They read the database at most once in five seconds."""
        if time.monotonic() >= self._looks_again_at:
            self._looks_again_at = time.monotonic() + _LOOK_SECONDS
            await self._look_at_inbox()
            await self._look_at_outgoing()
        return Response(self.metrics.text(), media_type=_PROMETHEUS)

    async def _look_at_inbox(self) -> None:
        """Counts the inbox. If the database does not answer, there is no figure rather than an old one."""
        try:
            self.metrics.show_inbox(await inbox_waiting(self.db))
        except (DatabaseUnavailable, asyncpg.PostgresError) as error:
            self.metrics.show_inbox([])
            log.warning("The inbox cannot be counted right now: %s", error)

    async def _look_at_outgoing(self) -> None:
        try:
            self.metrics.show_outgoing(await outgoing_backlog(self.db))
        except (DatabaseUnavailable, asyncpg.PostgresError) as error:
            self.metrics.show_outgoing([])
            log.warning("Outgoing webhooks cannot be counted right now: %s", error)

    async def _reasons(self) -> list[str]:
        try:
            if not await are_current(self.db):
                return ["Migrations are missing: run `mipoints migrate`."]
        except DatabaseUnavailable:
            return ["The database does not answer."]
        except asyncpg.PostgresError:
            return ["The database is there, but not set up: run `mipoints migrate`."]
        return []

    async def _lacks_redis(self) -> bool:
        """Whether there is no Redis, or it does not answer. Logs changes only, because probes are frequent."""
        if self.ping_redis is None:
            return True
        was_away = self._redis_is_away
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                await self.ping_redis()
            self._redis_is_away = False
        except Exception as error:  # whatever the error is, the process can do its work without Redis
            self._redis_is_away = True
            if not was_away:
                log.warning("Redis does not answer (%r). This process is ready without it.", error)
        if was_away and not self._redis_is_away:
            log.warning("Redis answers again.")
        return self._redis_is_away
