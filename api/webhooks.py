"""`POST /webhooks/{producer}`: kept and committed first, answered then, applied later (design §5)."""

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
from loyalty.inbox import BadSignature, MalformedDelivery, Sent, UnknownProducer, keep

log = logging.getLogger("mipoints.api")

_RETRY_AFTER = {"retry-after": "5"}


def problem(status: int, code: str, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    """A refusal outside GraphQL."""
    return JSONResponse({"error": {"code": code, "message": message}}, status, dict(headers or {}))


def sent_of(request: Request, body: bytes) -> Sent:
    """What reached us, header names in lower case."""
    headers = {name.lower(): value for name, value in request.headers.items()}
    return Sent(headers, body, dict(request.query_params))


@dataclass(frozen=True, slots=True)
class WebhookEndpoint:
    """Takes deliveries of every producer. The secrets are those active for each."""

    db: Database
    secrets: Mapping[str, tuple[str, ...]]
    wake: Wake
    metrics: Metrics
    body_limit: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        started = time.perf_counter()
        response, producer, outcome = await self._answer(request, request.path_params["producer"])
        self.metrics.webhooks.labels(producer, outcome).inc()
        self.metrics.seconds.labels("/webhooks").observe(time.perf_counter() - started)
        await response(scope, receive, send)

    async def _answer(self, request: Request, producer: str) -> tuple[Response, str, str]:
        """The answer, and the two words that are counted."""
        try:
            return await self._kept(request, producer)
        except UnknownProducer as error:
            return problem(404, "UNKNOWN_PRODUCER", str(error)), "unknown", "unknown"
        except BadSignature as error:
            return problem(401, "BAD_SIGNATURE", str(error)), producer, "bad_signature"
        except MalformedDelivery as error:
            return problem(400, "MALFORMED", str(error)), producer, "malformed"
        except BodyTooLarge:
            sentence = f"The body is over the limit of {self.body_limit} bytes."
            return problem(413, "TOO_LARGE", sentence), "any", "too_large"
        except BodyNotRead:
            sentence = "The body did not arrive in time."
            return problem(408, "NOT_READ", sentence), "any", "not_read"
        except DatabaseUnavailable as error:
            log.warning("A delivery of %r was not kept: %s", producer[:50], error)
            sentence = "The inbox cannot be written right now: send it again."
            return problem(503, "UNAVAILABLE", sentence, _RETRY_AFTER), "any", "unavailable"

    async def _kept(self, request: Request, producer: str) -> tuple[Response, str, str]:
        if request.method != "POST":
            sentence = "Webhooks are sent with POST."
            return problem(405, "METHOD_NOT_ALLOWED", sentence, {"allow": "POST"}), "any", "wrong_method"
        body = await read_body(request, self.body_limit)
        kept = await keep(self.db, producer, self.secrets.get(producer, ()), sent_of(request, body))
        if not kept.is_new:
            return JSONResponse({"status": "duplicate"}, 200), producer, "duplicate"
        await self.wake("apply_deliveries", None)
        return JSONResponse({"status": "accepted"}, 202), producer, "accepted"
