"""`POST /reconciliation`: the shop, or a producer with its signature, reports what was delivered (design §5)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from api.access import caller_of, service_only
from api.bodies import BodyNotRead, BodyTooLarge, NotJson, read_body, read_json
from api.context import Wake
from api.problems import Forbidden, Unauthenticated
from api.webhooks import problem, sent_of
from db.pool import DatabaseUnavailable
from loyalty.programme.programme import Programme
from loyalty.refusals import InvalidInput
from loyalty.tokens import Verifier
from loyalty.webhooks.producers.events import BadSignature
from loyalty.webhooks.producers.reading import is_id
from loyalty.webhooks.reconcile import Missing, Report, keep_reports
from loyalty.webhooks.store import UnknownProducer, check_before_reading, check_sender


@dataclass(frozen=True, slots=True)
class ReconciliationEndpoint:
    """Answers which of the reported deliveries were missing. Each of those is stored, and applied like a webhook."""

    programme: Programme
    verifier: Verifier
    secrets: Mapping[str, tuple[str, ...]]
    wake: Wake
    body_limit: int

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        request = Request(scope, receive)
        response = await self._answer(request)
        await response(scope, receive, send)

    async def _answer(self, request: Request) -> Response:
        if request.method != "POST":
            return problem(405, "METHOD_NOT_ALLOWED", "Reports are sent with POST.", {"allow": "POST"})
        try:
            return await self._store(request)
        except UnknownProducer as error:
            return problem(404, "UNKNOWN_PRODUCER", str(error))
        except (Unauthenticated, Forbidden) as error:
            status = 401 if isinstance(error, Unauthenticated) else 403
            return problem(status, error.code, str(error))
        except BadSignature as error:
            return problem(401, "BAD_SIGNATURE", str(error))
        except (NotJson, InvalidInput) as error:
            return problem(400, "INVALID_INPUT", str(error))
        except BodyTooLarge:
            return problem(413, "TOO_LARGE", f"The body is over the limit of {self.body_limit} bytes.")
        except BodyNotRead:
            return problem(408, "NOT_READ", "The body did not arrive in time.")
        except DatabaseUnavailable:
            sentence = "Nothing was kept: send it again."
            return problem(503, "UNAVAILABLE", sentence, {"retry-after": "5"})

    async def _store(self, request: Request) -> Response:
        reporter, body = await self._verify(request)
        reports = reports_of(read_json(body))
        missing = await keep_reports(self.programme.db, reports, reporter)
        if missing:
            await self.wake("apply_deliveries", None)
        return JSONResponse({"told": len(reports), "missing": [_as_json(each) for each in missing]})

    async def _verify(self, request: Request) -> tuple[str, bytes]:
        """The name of the reporter, and the body. A service proves itself by its token, a producer by its signature."""
        producer: str | None = request.path_params.get("producer")
        if producer is None:
            caller = service_only(await caller_of(request, self.verifier), "storefront", "operator")
            return str(caller.name), await read_body(request, self.body_limit)
        secrets = self.secrets.get(producer, ())
        check_before_reading(producer, secrets, sent_of(request, b""))
        body = await read_body(request, self.body_limit)
        check_sender(producer, secrets, sent_of(request, body))
        return producer, body


def reports_of(document: Any) -> list[Report]:
    """The reports in `{"delivered": [{order_number?, tracking_number?, occurred_at?}]}`. Raises InvalidInput."""
    delivered = document.get("delivered") if isinstance(document, dict) else None
    if not isinstance(delivered, list):
        raise InvalidInput(
            'The body is {"delivered": [{"order_number", "tracking_number", "occurred_at"}]}.', "delivered"
        )
    return [_report(each, str(place)) for place, each in enumerate(delivered)]


def _report(entry: Any, place: str) -> Report:
    if not isinstance(entry, dict) or set(entry) - {"order_number", "tracking_number", "occurred_at"}:
        raise InvalidInput(
            f"delivered[{place}] has other fields than order_number, tracking_number, occurred_at.", "delivered", place
        )
    order_number, tracking_number = (_id(entry.get(name), name, place) for name in ("order_number", "tracking_number"))
    return Report(order_number, tracking_number, _moment(entry.get("occurred_at"), place))


def _id(value: Any, name: str, place: str) -> str | None:
    if value is None:
        return None
    if not is_id(value):
        raise InvalidInput(f"delivered[{place}].{name} is not a text of 1 to 200 characters.", "delivered", place)
    return str(value)


def _moment(value: Any, place: str) -> datetime | None:
    if value is None:
        return None
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None or not 2000 <= moment.year <= 2200:
        raise InvalidInput(f"delivered[{place}].occurred_at is not an instant with its offset.", "delivered", place)
    return moment.astimezone(UTC)


def _as_json(missing: Missing) -> dict[str, Any]:
    report = missing.report
    return {
        "order_number": report.order_number,
        "tracking_number": report.tracking_number,
        "occurred_at": report.occurred_at.isoformat() if report.occurred_at is not None else None,
        "order_known": missing.is_order_known,
    }
