"""AfterShip's two products at one address: Tracking's parcels and Returns' goods, each with a signature header of its
own (aftership.com/docs/tracking/webhook, aftership.com/docs/returns/webhook)."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from loyalty.orders.rules.facts import Delivered, InTransit, Lines, Lost, Returned, ReturnedToSender
from loyalty.webhooks.producers.events import (
    BadSignature,
    Identity,
    Ignored,
    MalformedDelivery,
    ProducerEvent,
    ReportedOrder,
    Sent,
)
from loyalty.webhooks.producers.reading import (
    Unreadable,
    first_id,
    is_count,
    json_object,
    lines_of,
    listed,
    moment_of,
    moment_of_unix,
    named,
    needed_text,
    text_of,
)
from loyalty.webhooks.producers.signatures import check_signed, hmac_sha256, signatures_in, text_key

KEPT_HEADERS = ("content-type", "as-webhook-version")

_TRACKING, _RETURNS = "aftership-hmac-sha256", "as-signature-hmac-sha256"
_Meaning = type[Delivered | InTransit | ReturnedToSender | Lost]
_TAGS: dict[str, _Meaning] = {
    "InTransit": InTransit,
    "OutForDelivery": InTransit,
    "AttemptFail": InTransit,
    "AvailableForPickup": InTransit,
    "Delivered": Delivered,
}
_SUBTAGS: dict[str, _Meaning] = {
    "Exception_010": ReturnedToSender,
    "Exception_011": ReturnedToSender,
    "Exception_013": Lost,
}
_TAGS_WITHOUT_EFFECT = ("Pending", "InfoReceived", "Exception", "Expired")
_EVENTS_WITHOUT_EFFECT = (
    "edd_revise",
    "tracking_pending_time",
    "return.submitted",
    "return.approved",
    "return.rejected",
    "return.expired",
)


def verify(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless an active secret, of either product, signed these bytes. No moment is signed."""
    given = sent.headers.get(_header(sent))
    if not given:
        raise BadSignature(f"The header {_TRACKING} is needed, or of Returns {_RETURNS}.")
    expected = [expected_signature(secret, sent.body) for secret in secrets]
    check_signed(expected, signatures_in(given), "No active secret signed this body.")


def sign(secret: str, body: bytes, event_id: str, at: datetime) -> dict[str, str]:
    """The header of the body's product; the event's id is in the body. Raises ValueError without a secret."""
    if not secret:
        raise ValueError("it is empty")
    header = _RETURNS if _is_of_returns(body) else _TRACKING
    return {"content-type": "application/json", header: expected_signature(secret, body)}


def expected_signature(secret: str, body: bytes) -> str:
    """Base64 of HMAC-SHA256 over the body, keyed with the secret's text."""
    return base64.b64encode(hmac_sha256(text_key(secret), body)).decode()


def _header(sent: Sent) -> str:
    return _TRACKING if _TRACKING in sent.headers else _RETURNS


def _is_of_returns(body: bytes) -> bool:
    try:
        return str(json_object(body).get("event")).startswith("return.")
    except MalformedDelivery:
        return False


def identify(sent: Sent) -> Identity:
    """The event's own id, in the form of the product that signed, and its name. Raises MalformedDelivery."""
    event = json_object(sent.body)
    event_id = needed_text(event, "event_id" if _header(sent) == _TRACKING else "id")
    return Identity(event_id, needed_text(event, "event"))


def read(sent: Sent, received_at: datetime) -> ProducerEvent:
    """What the event says of a parcel, or of goods that came back; Ignored, with the reason, where it says neither."""
    event = json_object(sent.body)
    try:
        if event.get("event") == "tracking_update":
            return _parcel(event, named(event, "msg"), received_at)
        if event.get("event") in ("return.receiving.created", "return.resolved"):
            return _goods(event, named(event, "data"), received_at)
    except Unreadable as reason:
        return Ignored(str(reason))
    name = event.get("event")
    return Ignored(f"Event {name} moves no points." if name in _EVENTS_WITHOUT_EFFECT else f"Unknown event {name}.")


# --- Tracking


def _parcel(event: dict[str, Any], message: dict[str, Any], received_at: datetime) -> ReportedOrder:
    """What is said of a parcel at `ts`; the times of checkpoints have no zone and order nothing."""
    tracking_number, carrier = text_of(message, "tracking_number"), text_of(message, "slug")
    if tracking_number is None:
        raise Unreadable("It names no tracking_number.")
    fact = _meaning(message)(
        tracking_number=tracking_number,
        carrier=carrier,
        lines=(),
        occurred_at=moment_of_unix(event.get("ts"), "ts", received_at),
    )
    hint = first_id(message, "order_number", "order_id")
    return ReportedOrder(fact, None, tracking_number, carrier=carrier, order_hint=hint)


def _meaning(message: dict[str, Any]) -> _Meaning:
    """What tag and subtag mean; `return_to_sender` is said once a checkpoint was, whatever the tag is now (R34)."""
    if message.get("return_to_sender") is True:
        return ReturnedToSender
    tag, subtag = text_of(message, "tag") or "", text_of(message, "subtag") or ""
    meaning = _SUBTAGS.get(subtag) or _TAGS.get(tag)
    if meaning is not None:
        return meaning
    if tag in _TAGS_WITHOUT_EFFECT:
        raise Unreadable(f"{subtag or tag} moves no points.")
    raise Unreadable(f"Unknown tag {tag}." if tag else "It has no tag.")


# --- Returns


def _goods(event: dict[str, Any], data: dict[str, Any], received_at: datetime) -> ReportedOrder:
    """The goods of one return, told once and in full: when all have come, or the return is over."""
    rma_number, hint = text_of(data, "rma_number"), first_id(named(data, "order"), "order_number", "external_id")
    if rma_number is None or hint is None:
        raise Unreadable("It names no rma_number or no order.")
    items = listed(data, "return_items")
    lines = _received(items)
    if not lines:
        raise Unreadable("No goods were received: a refund of money alone is the shop's to tell.")
    if not (event["event"] == "return.resolved" or data.get("approval_status") == "done" or _are_all_there(items)):
        raise Unreadable("Only some of the goods were received: they count when all are, or the return is resolved.")
    moment = moment_of(event.get("created_at"), "created_at", received_at)
    fact = Returned(rma_number, None, lines, amount_minor=None, shipping_minor=0, occurred_at=moment)
    return ReportedOrder(fact, None, None, order_hint=hint, is_test=event.get("is_test") is True)


def _received(items: list[dict[str, Any]]) -> Lines:
    """Pieces received, by the shop's line ids. Raises Unreadable where one cannot be told: never more than is named."""
    pieces: list[tuple[str, int]] = []
    for item in items:
        quantity = item.get("received_quantity") or 0
        line_id = text_of(item, "external_order_item_id")
        if not is_count(quantity):
            raise Unreadable("received_quantity is no whole number of zero or more.")
        if quantity and line_id is None:
            raise Unreadable("Goods were received that name no external_order_item_id.")
        if quantity:
            pieces.append((str(line_id), quantity))
    return lines_of(pieces)


def _are_all_there(items: list[dict[str, Any]]) -> bool:
    return all(
        is_count(item.get("return_quantity")) and (item.get("received_quantity") or 0) >= item["return_quantity"]
        for item in items
    )
