"""`POST /webhooks/{producer}/ping`: a producer tests its signature and gets a diagnosis; nothing is stored."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from api.bodies import BodyNotRead, BodyTooLarge, read_body
from api.metrics import Metrics
from api.webhooks import problem, sent_of
from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.diagnosis import diagnose, quick_look
from loyalty.webhooks.producers.findings import Pinged

LARGEST_BODY = 64 * 1024
_DIAGNOSES_A_SECOND = 5


@dataclass(slots=True)
class PingEndpoint:
    """Verifies a signed body as a webhook's is verified.

    A diagnosis computes many signatures. So one runs at a time, and five in a second, for all producers together.
    """

    secrets: Mapping[str, tuple[str, ...]]
    metrics: Metrics
    body_limit: int
    _second: int = 0
    _diagnosed: int = 0
    _is_diagnosing: bool = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        producer = request.path_params["producer"]
        response = await self._answer(request, producer)
        known = producer if producer in PRODUCERS else "unknown"
        self.metrics.pings.labels(known, response.status_code).inc()
        await response(scope, receive, send)

    async def _answer(self, request: Request, producer: str) -> Response:
        if request.method != "POST":
            return problem(405, "METHOD_NOT_ALLOWED", "Pings are sent with POST, as webhooks are.", {"allow": "POST"})
        if producer not in PRODUCERS:
            return problem(404, "UNKNOWN_PRODUCER", f"No producer is called {producer[:50]!r}.")
        limit = min(self.body_limit, LARGEST_BODY)
        try:
            body = await read_body(request, limit)
        except BodyTooLarge:
            return problem(413, "TOO_LARGE", f"A ping's body is of at most {limit} bytes.")
        except BodyNotRead:
            return problem(408, "NOT_READ", "The body did not arrive in time.")
        return await self._verify(request, producer, body)

    async def _verify(self, request: Request, producer: str, body: bytes) -> Response:
        adapter, secrets, sent = PRODUCERS[producer], self.secrets.get(producer, ()), sent_of(request, body)
        now = datetime.now(UTC)
        pinged = quick_look(adapter, secrets, sent, now)
        if pinged.refusal is None:
            return JSONResponse(_verified(pinged, len(secrets)))
        if not self._may_diagnose():
            sentence = f"{pinged.refusal} What exactly is wrong is found out for few at a time: ask again."
            return problem(429, "TOO_MANY_PINGS", sentence, {"retry-after": "1"})
        self._is_diagnosing = True
        try:
            pinged = await asyncio.to_thread(diagnose, adapter, secrets, sent, pinged.refusal, now)
        finally:
            self._is_diagnosing = False
        return JSONResponse(_refused(pinged), 401)

    def _may_diagnose(self) -> bool:
        second = int(time.monotonic())
        if second != self._second:
            self._second, self._diagnosed = second, 0
        if self._is_diagnosing or self._diagnosed >= _DIAGNOSES_A_SECOND:
            return False
        self._diagnosed += 1
        return True


def _verified(pinged: Pinged, active: int) -> dict[str, Any]:
    return {
        "status": "verified",
        "secret_number": pinged.secret_number,
        "active_secrets": active,
        "seconds_behind_our_clock": pinged.seconds_behind,
    }


def _refused(pinged: Pinged) -> dict[str, Any]:
    return {
        "error": {"code": "BAD_SIGNATURE", "message": pinged.refusal},
        "findings": [{"code": each.code, "message": each.sentence} for each in pinged.findings],
        "expected": pinged.expected,
        "seconds_behind_our_clock": pinged.seconds_behind,
    }
