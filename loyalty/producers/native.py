"""The programme's own webhooks, signed as Standard Webhooks (design §5; github.com/standard-webhooks)."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from loyalty.producers.events import BadSignature, Happening, Identity, Ignored, Known, MalformedDelivery
from loyalty.rules.shipment import Delivered, Fact, InTransit, Lost, Returned, ReturnedToSender

TOLERANCE = timedelta(minutes=5)
_LONGEST = 200
_SHIPMENTS: dict[str, type[Delivered | InTransit | ReturnedToSender | Lost]] = {
    "shipment.delivered": Delivered,
    "shipment.in_transit": InTransit,
    "shipment.returned_to_sender": ReturnedToSender,
    "shipment.lost": Lost,
}


def verify(secrets: Sequence[str], headers: Mapping[str, str], body: bytes, sent_around: datetime) -> None:
    """Raises BadSignature unless one active secret signed exactly these bytes within five minutes."""
    message_id, timestamp, signatures = (
        headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")
    )
    if not (message_id and timestamp and signatures):
        raise BadSignature("The headers webhook-id, webhook-timestamp and webhook-signature are all needed.")
    _check_time(timestamp, sent_around)
    given = [part.partition(",")[2] for part in signatures.split(" ") if part.startswith("v1,")]
    signed = f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body
    matches = [
        hmac.compare_digest(expected_signature(secret, signed).encode(), signature.encode("utf-8", "replace"))
        for secret in secrets
        for signature in given[:10]
    ]
    if not any(matches):
        raise BadSignature("No active secret signed this body with this id and timestamp.")


def expected_signature(secret: str, signed: bytes) -> str:
    """Base64 of HMAC-SHA256 over `id.timestamp.body`, keyed with what follows `whsec_`."""
    return base64.b64encode(hmac.new(secret_key(secret), signed, hashlib.sha256).digest()).decode()


def secret_key(secret: str) -> bytes:
    """The key's bytes, read as the reference libraries read them: padding may be missing."""
    return base64.b64decode(secret.removeprefix("whsec_") + "==")


def _check_time(timestamp: str, sent_around: datetime) -> None:
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= 12):
        raise BadSignature("webhook-timestamp is in whole seconds since 1970.")
    if abs(int(timestamp) - sent_around.timestamp()) > TOLERANCE.total_seconds():
        raise BadSignature("webhook-timestamp is more than five minutes off.")


def identify(headers: Mapping[str, str], body: bytes) -> Identity:
    """The sender's webhook-id and the event's type. Raises MalformedDelivery where the body is no event."""
    event = _event(body)
    type_ = event.get("type")
    if not _is_text(type_):
        raise MalformedDelivery("The event has no type.")
    if not _is_text(headers["webhook-id"]):
        raise MalformedDelivery(f"webhook-id is longer than {_LONGEST} characters.")
    return Identity(headers["webhook-id"], str(type_))


def _event(body: bytes) -> dict[str, Any]:
    try:
        event = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise MalformedDelivery("The body is not JSON.") from error
    if not isinstance(event, dict):
        raise MalformedDelivery("The body is not a JSON object.")
    return event


def read(body: bytes, received_at: datetime) -> Happening:
    """What the event says of an order; Ignored, with the reason, where it says nothing we know."""
    event = _event(body)
    data = event.get("data")
    if event["type"] not in (*_SHIPMENTS, "return.received"):
        return Ignored(f"Unknown type {event['type']}.")
    if not isinstance(data, dict):
        return Ignored("The event has no data.")
    try:
        return _known(event, data, received_at)
    except _Unreadable as reason:
        return Ignored(str(reason))


class _Unreadable(Exception):
    """A field is missing or of another form than we know."""


def _known(event: dict[str, Any], data: dict[str, Any], received_at: datetime) -> Known:
    order_number = _text(data, "order_number")
    tracking_number = _text(data, "tracking_number")
    if order_number is None and tracking_number is None:
        raise _Unreadable("It names neither order_number nor tracking_number.")
    occurred_at = _moment(data.get("occurred_at") or event.get("timestamp"), received_at)
    return Known(_fact(event["type"], data, tracking_number, occurred_at), order_number, tracking_number)


def _fact(type_: str, data: dict[str, Any], tracking_number: str | None, occurred_at: datetime) -> Fact:
    lines = _lines(data.get("lines"))
    if type_ != "return.received":
        return _SHIPMENTS[type_](
            tracking_number=tracking_number,
            carrier=_text(data, "carrier"),
            lines=lines,
            occurred_at=occurred_at,
        )
    return_id = _text(data, "return_id")
    if return_id is None:
        raise _Unreadable("A return needs its return_id.")
    amount_minor, shipping_minor = _refund(data.get("refund"))
    return Returned(
        return_id=return_id,
        tracking_number=tracking_number,
        lines=lines,
        amount_minor=amount_minor,
        shipping_minor=shipping_minor,
        occurred_at=occurred_at,
    )


def _refund(refund: object) -> tuple[int | None, int]:
    if refund is None:
        return None, 0
    if not isinstance(refund, dict):
        raise _Unreadable("refund is not an object.")
    shipping = refund.get("shipping_minor")
    amount = refund.get("amount_minor")
    if shipping is None and amount is None:
        return None, 0
    shipping = shipping or 0
    amount = shipping if amount is None else amount
    if not (_is_count(amount) and _is_count(shipping)):
        raise _Unreadable("refund has amounts that are no whole minor units of zero or more.")
    return amount, min(shipping, amount)


def _lines(lines: object) -> tuple[tuple[str, int], ...]:
    if lines is None:
        return ()
    if not isinstance(lines, list) or not all(_is_line(line) for line in lines):
        raise _Unreadable("lines is not a list of {line_id, quantity}.")
    quantities: dict[str, int] = {}
    for line in lines:
        quantities[str(line["line_id"])] = quantities.get(str(line["line_id"]), 0) + line["quantity"]
    return tuple(sorted(quantities.items()))


def _is_line(line: object) -> bool:
    if not isinstance(line, dict):
        return False
    quantity = line.get("quantity")
    return _is_id(line.get("line_id")) and _is_count(quantity) and quantity != 0


def _text(data: dict[str, Any], name: str) -> str | None:
    value = data.get(name)
    if value is None or value == "":
        return None
    if not _is_id(value):
        raise _Unreadable(f"{name} is not a text of 1 to {_LONGEST} characters.")
    return str(value)


def _is_id(value: object) -> bool:
    return _is_text(value) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _LONGEST and "\0" not in value and _is_unicode(value)


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= 2_147_483_647


def _moment(value: object, received_at: datetime) -> datetime:
    """When it happened, and never after we were told: a date in the future would outrank every later event."""
    if value is None:
        return received_at
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise _Unreadable("occurred_at is not an instant.") from error
    if moment.tzinfo is None:
        raise _Unreadable("occurred_at has no offset.")
    if not 2000 <= moment.year <= 2200:
        raise _Unreadable("occurred_at is of another century.")
    return min(moment.astimezone(UTC), received_at)
