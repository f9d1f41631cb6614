"""`GET /producers`: how each producer of webhooks is doing, for operators and auditors."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from api.access import caller_of, service_only
from api.problems import Forbidden, Unauthenticated
from api.webhooks import problem
from db.pool import Database, DatabaseUnavailable
from db.webhooks.health import TroubleRow
from loyalty.tokens import Verifier
from loyalty.webhooks.health import ProducerHealth, health_of_producer, health_of_producers, unknown_producers
from loyalty.webhooks.store import UnknownProducer

_FAILURES = ("DEAD", "RETRYING")
_NOT_CACHED = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class ProducersEndpoint:
    """The health of all producers, or of one. Of secrets it shows only their number."""

    db: Database
    verifier: Verifier
    secrets: Mapping[str, tuple[str, ...]]

    async def all(self, request: Request) -> Response:
        """`GET /producers`."""

        async def health() -> dict[str, Any]:
            producers = [_as_json(each) for each in await health_of_producers(self.db, self.secrets)]
            return {
                "producers": producers,
                "strangers_last_week": [_trouble(each) for each in await unknown_producers(self.db)],
            }

        return await self._answer(request, health)

    async def one(self, request: Request) -> Response:
        """`GET /producers/{producer}`."""

        async def health() -> dict[str, Any]:
            return _as_json(await health_of_producer(self.db, self.secrets, request.path_params["producer"]))

        return await self._answer(request, health)

    async def _answer(self, request: Request, health: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
        try:
            service_only(await caller_of(request, self.verifier), "operator", "auditor")
            return JSONResponse(await health(), headers=_NOT_CACHED)
        except Unauthenticated as error:
            return problem(401, error.code, str(error), {"www-authenticate": "Bearer"})
        except Forbidden as error:
            return problem(403, error.code, str(error))
        except UnknownProducer as error:
            return problem(404, "UNKNOWN_PRODUCER", str(error))
        except DatabaseUnavailable:
            return problem(503, "UNAVAILABLE", "The inbox cannot be read right now.", {"retry-after": "5"})


def _as_json(health: ProducerHealth) -> dict[str, Any]:
    now = health.now
    return {
        "producer": now.producer,
        "known": health.is_known,
        "active_secrets": health.active_secrets,
        "last_seen": _moment(now.last_seen),
        "last_applied": _moment(now.last_applied),
        "deliveries": {"received": now.received, "parked": now.parked, "dead": now.dead},
        "deliveries_last_day": {
            "received": now.day_received,
            "applied": now.day_applied,
            "parked": now.day_parked,
            "ignored": now.day_ignored,
            "dead": now.day_dead,
        },
        "lag_seconds": {
            "oldest_unapplied": now.oldest_waiting_seconds,
            "median_last_day": now.lag_median,
            "p95_last_day": now.lag_p95,
        },
        "failures": [{"state": each.kind} | _trouble(each) for each in health.troubles if each.kind in _FAILURES],
        "ignored_last_day": [_trouble(each) for each in health.troubles if each.kind == "IGNORED"],
        "rejected_last_week": [_trouble(each) for each in health.troubles if each.kind == "REJECTED"],
        "gaps": [{"from": _moment(gap.since), "until": _moment(gap.until), "hours": gap.hours} for gap in health.gaps],
    }


def _trouble(trouble: TroubleRow) -> dict[str, Any]:
    return {"reason": trouble.reason, "count": trouble.count, "last_at": _moment(trouble.last_at)}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
