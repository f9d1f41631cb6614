"""`POST /webhooks/{producer}`: verify and store the delivery, acknowledge it, apply it later (design §5)."""

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from api.bodies import BodyNotRead, BodyTooLarge, read_body
from api.context import Wake
from api.metrics import Metrics
from db.pool import Database, DatabaseUnavailable
from loyalty.webhooks.producers.events import BadSignature, MalformedDelivery, Sent, StaleSignature
from loyalty.webhooks.rejections import RejectionReason, Rejections
from loyalty.webhooks.store import UnknownProducer, check_before_reading, store_delivery

log = logging.getLogger("mipoints.api")

_RETRY_AFTER = {"retry-after": "5"}


def problem(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """An error answer outside GraphQL: its HTTP status, a code and a sentence."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, dict(headers or {}))


def sent_of(request: Request, body: bytes) -> Sent:
    """The request as producers' adapters read it: body, query and headers, with header names in lower case."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Sent(headers, body, dict(request.query_params))


@dataclass(frozen=True, slots=True)
class WebhookAnswer:
    """An answer, the two labels of its metric, and the reason if nothing was stored."""

    response: Response
    producer: str
    outcome: str
    reason: RejectionReason | None = None


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Receives deliveries of every producer. `secrets` are the active secrets of each."""

    db: Database
    secrets: Mapping[str, tuple[str, ...]]
    wake: Wake
    metrics: Metrics
    rejections: Rejections
    body_limit: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        started = time.perf_counter()
        producer = request.path_params["producer"]
        answer = await self._answer(request, producer)
        if answer.reason is not None:
            self.rejections.note(producer, answer.reason)
        self.metrics.webhooks.labels(answer.producer, answer.outcome).inc()
        self.metrics.seconds.labels("/webhooks").observe(time.perf_counter() - started)
        await answer.response(scope, receive, send)

    async def _answer(self, request: Request, producer: str) -> WebhookAnswer:
        try:
            return await self._store(request, producer)
        except UnknownProducer as error:
            response = problem(404, "UNKNOWN_PRODUCER", str(error))
            return WebhookAnswer(response, "unknown", "unknown", RejectionReason.UNKNOWN_PRODUCER)
        except BadSignature as error:
            reason = self._reason_of(error, producer)
            return WebhookAnswer(problem(401, "BAD_SIGNATURE", str(error)), producer, reason.lower(), reason)
        except MalformedDelivery as error:
            return WebhookAnswer(
                problem(400, "MALFORMED", str(error)), producer, "malformed", RejectionReason.MALFORMED
            )
        except BodyTooLarge:
            sentence = f"The body is over the limit of {self.body_limit} bytes."
            return WebhookAnswer(problem(413, "TOO_LARGE", sentence), "any", "too_large", RejectionReason.TOO_LARGE)
        except BodyNotRead:
            sentence = "The body did not arrive in time."
            return WebhookAnswer(problem(408, "NOT_READ", sentence), "any", "not_read", RejectionReason.NOT_READ)
        except DatabaseUnavailable as error:
            log.warning("A delivery of %r was not kept: %s", producer[:50], error)
            response = problem(
                503, "UNAVAILABLE", "The inbox cannot be written right now: send it again.", _RETRY_AFTER
            )
            return WebhookAnswer(response, "any", "unavailable", RejectionReason.UNAVAILABLE)

    def _reason_of(self, error: BadSignature, producer: str) -> RejectionReason:
        if not self.secrets.get(producer):
            return RejectionReason.NO_SECRET
        return RejectionReason.STALE if isinstance(error, StaleSignature) else RejectionReason.BAD_SIGNATURE

    async def _store(self, request: Request, producer: str) -> WebhookAnswer:
        if request.method != "POST":
            sentence = "Webhooks are sent with POST."
            response = problem(405, "METHOD_NOT_ALLOWED", sentence, {"allow": "POST"})
            return WebhookAnswer(response, "any", "wrong_method", RejectionReason.METHOD_NOT_ALLOWED)
        secrets = self.secrets.get(producer, ())
        check_before_reading(producer, secrets, sent_of(request, b""))
        body = await read_body(request, self.body_limit)
        stored = await store_delivery(self.db, producer, secrets, sent_of(request, body))
        if not stored.is_new:
            return WebhookAnswer(JSONResponse({"status": "duplicate"}, 200), producer, "duplicate")
        await self.wake("apply_deliveries", None)
        return WebhookAnswer(JSONResponse({"status": "accepted"}, 202), producer, "accepted")
