"""The programme's own form of webhooks, signed as in Standard Webhooks (design §5; github.com/standard-webhooks)."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.orders.rules.facts import Cancelled, Delivered, Fact, InTransit, Lines, Lost, Returned, ReturnedToSender
from loyalty.webhooks.producers.events import (
    BadSignature,
    Identity,
    Ignored,
    MalformedDelivery,
    NumberFields,
    ProducerEvent,
    ReportedOrder,
    Sent,
)
from loyalty.webhooks.producers.marks import is_marked
from loyalty.webhooks.producers.reading import (
    LONGEST_TEXT,
    Unreadable,
    first_id,
    is_count,
    is_id,
    is_text,
    json_object,
    lines_of,
    moment_of,
    text_of,
)
from loyalty.webhooks.producers.signatures import check_signed, check_time, hmac_sha256

KEPT_HEADERS = ("content-type", "webhook-id", "webhook-timestamp")
NUMBER_FIELDS = NumberFields(orders=("order_number",), parcels=("tracking_number",))
QUESTIONS = None

_SHIPMENTS: dict[str, type[Delivered | InTransit | ReturnedToSender | Lost]] = {
    "shipment.delivered": Delivered,
    "shipment.in_transit": InTransit,
    "shipment.returned_to_sender": ReturnedToSender,
    "shipment.lost": Lost,
}
_RETURNED, _CANCELLED = "return.received", "order.cancelled"
_NEEDED: dict[str, tuple[tuple[str, ...], str]] = {
    _RETURNED: (("return_id",), "A return needs its return_id."),
    _CANCELLED: (("order_number", "cancellation_id"), "A cancellation needs its order_number and cancellation_id."),
}
"""The numbers that an event of a type cannot do without, and the sentence that says so."""


def check_headers(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless there are an id, a signature, and a time of at most five minutes from `now`."""
    if not all(_proof(sent)):
        raise BadSignature("The headers webhook-id, webhook-timestamp and webhook-signature are all needed.")
    check_time(sent.headers["webhook-timestamp"], now, "webhook-timestamp")


def _proof(sent: Sent) -> list[str]:
    return [sent.headers.get(name, "") for name in ("webhook-id", "webhook-timestamp", "webhook-signature")]


def verify(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless an active secret signed exactly these bytes, at most five minutes from `now`."""
    check_headers(secrets, sent, now)
    message_id, timestamp, signatures = _proof(sent)
    given = [part.partition(",")[2] for part in signatures.split(" ") if part.startswith("v1,")]
    signed = _signed(message_id, timestamp, sent.body)
    check_signed(
        [expected_signature(secret, signed) for secret in secrets],
        given,
        "No active secret signed this body with this id and timestamp.",
    )


def sign(secret: str, body: bytes, event_id: str, at: datetime) -> dict[str, str]:
    """The headers of Standard Webhooks. Raises ValueError if the secret is not base64."""
    timestamp = str(int(at.timestamp()))
    return {
        "content-type": "application/json",
        "webhook-id": event_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": "v1," + expected_signature(secret, _signed(event_id, timestamp, body)),
    }


def _signed(message_id: str, timestamp: str, body: bytes) -> bytes:
    return f"{message_id}.{timestamp}.".encode("utf-8", "replace") + body


def expected_signature(secret: str, signed: bytes) -> str:
    """Base64 of HMAC-SHA256 over `id.timestamp.body`, keyed with what follows `whsec_`."""
    return base64.b64encode(hmac_sha256(secret_key(secret), signed)).decode()


def secret_key(secret: str) -> bytes:
    """The key's bytes, read as the reference libraries read them: padding may be missing."""
    return base64.b64decode(secret.removeprefix("whsec_") + "==")


def identify(sent: Sent) -> Identity:
    """The sender's webhook-id and the event's type.

    Raises MalformedDelivery if the body is no event, or lacks a number that its type needs: it could never be applied.
    """
    event = json_object(sent.body)
    type_ = event.get("type")
    if not is_text(type_):
        raise MalformedDelivery("The event has no type.")
    webhook_id = sent.headers.get("webhook-id")
    if not is_text(webhook_id):
        raise MalformedDelivery(f"webhook-id is not of 1 to {LONGEST_TEXT} characters.")
    _check_numbers(str(type_), event.get("data"))
    return Identity(str(webhook_id), str(type_))


def _check_numbers(type_: str, data: object) -> None:
    """Raises MalformedDelivery."""
    numbers, sentence = _NEEDED.get(type_, ((), ""))
    if not all(isinstance(data, dict) and is_id(data.get(number)) for number in numbers):
        raise MalformedDelivery(sentence)


def read(sent: Sent, received_at: datetime) -> ProducerEvent:
    """The fact about an order; Ignored, with the reason, if the event has none that we know."""
    event = json_object(sent.body)
    data = event.get("data")
    if event["type"] not in (*_SHIPMENTS, *_NEEDED):
        return Ignored(f"Unknown type {event['type']}.")
    if not isinstance(data, dict):
        return Ignored("The event has no data.")
    try:
        return _reported(event, data, received_at)
    except Unreadable as reason:
        return Ignored(str(reason))


def _reported(event: dict[str, Any], data: dict[str, Any], received_at: datetime) -> ReportedOrder:
    order_number = text_of(data, "order_number")
    tracking_number = text_of(data, "tracking_number")
    if order_number is None and tracking_number is None:
        raise Unreadable("It names neither order_number nor tracking_number.")
    occurred_at = moment_of(data.get("occurred_at") or event.get("timestamp"), "occurred_at", received_at)
    carrier = first_id(data, "carrier")
    fact = _fact(event["type"], data, tracking_number, carrier, occurred_at)
    is_test = is_marked((event, data), "test", "is_test")
    return ReportedOrder(fact, order_number, tracking_number, carrier=carrier, is_test=is_test)


def _fact(
    type_: str, data: dict[str, Any], tracking_number: str | None, carrier: str | None, occurred_at: datetime
) -> Fact:
    lines = _lines(data.get("lines"))
    if type_ == _CANCELLED:
        return Cancelled(_needed(data, "cancellation_id", type_), lines, occurred_at)
    if type_ != _RETURNED:
        return _SHIPMENTS[type_](tracking_number, carrier, lines, occurred_at)
    return_id = _needed(data, "return_id", type_)
    amount_minor, shipping_minor, currency = _refund(data.get("refund"))
    return Returned(
        return_id=return_id,
        tracking_number=tracking_number,
        lines=lines,
        amount_minor=amount_minor,
        shipping_minor=shipping_minor,
        occurred_at=occurred_at,
        carrier=carrier,
        currency=currency,
    )


def _needed(data: dict[str, Any], name: str, type_: str) -> str:
    value = text_of(data, name)
    if value is None:
        raise Unreadable(_NEEDED[type_][1])
    return value


def _refund(refund: object) -> tuple[int | None, int, str | None]:
    """The amount, the shipping in it, and their currency; None means the order's, in which this form is agreed."""
    if refund is None:
        return None, 0, None
    if not isinstance(refund, dict):
        raise Unreadable("refund is not an object.")
    shipping = refund.get("shipping_minor")
    amount = refund.get("amount_minor")
    if shipping is None and amount is None:
        return None, 0, None
    shipping = shipping or 0
    amount = shipping if amount is None else amount
    if not (is_count(amount) and is_count(shipping)):
        raise Unreadable("refund has amounts that are no whole minor units of zero or more.")
    currency = text_of(refund, "currency")
    return amount, min(shipping, amount), currency.upper() if currency is not None else None


def _lines(lines: object) -> Lines:
    if lines is None:
        return ()
    if not isinstance(lines, list) or not all(_is_line(line) for line in lines):
        raise Unreadable("lines is not a list of {line_id, quantity}.")
    return lines_of([(str(line["line_id"]), line["quantity"]) for line in lines])


def _is_line(line: object) -> bool:
    if not isinstance(line, dict):
        return False
    quantity = line.get("quantity")
    return is_id(line.get("line_id")) and is_count(quantity) and quantity != 0
