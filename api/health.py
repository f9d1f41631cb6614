"""Whether the process lives, whether it is ready, and what it has counted."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

import asyncpg
from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.metrics import Metrics
from db.migrate import are_current
from db.outgoing import outgoing_backlog
from db.pool import Database, DatabaseUnavailable

_PROMETHEUS = "text/plain; version=0.0.4; charset=utf-8"
_REDIS_SECONDS = 0.5

PingRedis = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Health:
    """The answers for load balancers and Prometheus. Without Redis the process is ready, and says what it lacks."""

    db: Database
    metrics: Metrics
    ping_redis: PingRedis | None

    async def healthz(self, _: Request) -> Response:
        """The process answers."""
        return JSONResponse({"status": "ok"})

    async def readyz(self, _: Request) -> Response:
        """Ready when the database answers and every migration is applied; otherwise 503 with the reasons."""
        reasons, lacks_redis = await asyncio.gather(self._reasons(), self._lacks_redis())
        if reasons:
            return JSONResponse({"status": "unavailable", "reasons": reasons}, 503, {"retry-after": "5"})
        return JSONResponse({"status": "ready", "degraded": ["redis"] if lacks_redis else []})

    async def counted(self, _: Request) -> Response:
        """Prometheus' text format. What waits to be sent is read from the database, and left out while it is away."""
        try:
            self.metrics.tell_outgoing(await outgoing_backlog(self.db))
        except DatabaseUnavailable:
            self.metrics.tell_outgoing([])
        return Response(self.metrics.text(), media_type=_PROMETHEUS)

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
        if self.ping_redis is None:
            return True
        try:
            async with asyncio.timeout(_REDIS_SECONDS):
                await self.ping_redis()
        except Exception:
            return True
        return False
