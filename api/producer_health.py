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
_NOT_KEPT_BY_CACHES = {"cache-control": "no-store"}


@dataclass(frozen=True, slots=True)
class ProducersEndpoint:
    """All producers, and one. Of secrets it tells how many there are."""

    db: Database
    verifier: Verifier
    secrets: Mapping[str, tuple[str, ...]]

    async def all(self, request: Request) -> Response:
        """`GET /producers`."""

        async def told() -> dict[str, Any]:
            producers = [_as_json(each) for each in await health_of_producers(self.db, self.secrets)]
            return {
                "producers": producers,
                "strangers_last_week": [_trouble(each) for each in await unknown_producers(self.db)],
            }

        return await self._answer(request, told)

    async def one(self, request: Request) -> Response:
        """`GET /producers/{producer}`."""

        async def told() -> dict[str, Any]:
            return _as_json(await health_of_producer(self.db, self.secrets, request.path_params["producer"]))

        return await self._answer(request, told)

    async def _answer(self, request: Request, told: Callable[[], Awaitable[dict[str, Any]]]) -> Response:
        try:
            service_only(await caller_of(request, self.verifier), "operator", "auditor")
            return JSONResponse(await told(), headers=_NOT_KEPT_BY_CACHES)
        except Unauthenticated as error:
            return problem(401, error.code, str(error), {"www-authenticate": "Bearer"})
        except Forbidden as error:
            return problem(403, error.code, str(error))
        except UnknownProducer as error:
            return problem(404, "UNKNOWN_PRODUCER", str(error))
        except DatabaseUnavailable:
            return problem(503, "UNAVAILABLE", "The inbox cannot be read right now.", {"retry-after": "5"})


def _as_json(watched: ProducerHealth) -> dict[str, Any]:
    now = watched.now
    return {
        "producer": now.producer,
        "known": watched.is_known,
        "active_secrets": watched.active_secrets,
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
        "failures": [{"state": each.kind} | _trouble(each) for each in watched.troubles if each.kind in _FAILURES],
        "ignored_last_day": [_trouble(each) for each in watched.troubles if each.kind == "IGNORED"],
        "rejected_last_week": [_trouble(each) for each in watched.troubles if each.kind == "REJECTED"],
        "gaps": [{"from": _moment(gap.since), "until": _moment(gap.until), "hours": gap.hours} for gap in watched.gaps],
    }


def _trouble(trouble: TroubleRow) -> dict[str, Any]:
    return {"reason": trouble.reason, "count": trouble.count, "last_at": _moment(trouble.last_at)}


def _moment(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment is not None else None
