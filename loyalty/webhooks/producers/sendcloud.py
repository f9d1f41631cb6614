"""Sendcloud's parcels (sendcloud.dev/api/v3/webhooks, the same in v2): one status each time, in no certain order."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from re import findall
from typing import Any

from loyalty.orders.rules.facts import Delivered, InTransit, ReturnedToSender
from loyalty.webhooks.producers.events import BadSignature, Identity, Ignored, ProducerEvent, ReportedOrder, Sent
from loyalty.webhooks.producers.reading import (
    Unreadable,
    first_id,
    is_id,
    is_text,
    json_object,
    moment_of_unix,
    named,
    needed_text,
    text_of,
)
from loyalty.webhooks.producers.signatures import check_signed, hmac_sha256, signatures_in, text_key

KEPT_HEADERS = ("content-type",)

_SIGNATURE = "sendcloud-signature"
_CHANGED = "carrier_status_change_timestamp"
_ACTIONS_WITHOUT_EFFECT = (
    "integration_connected",
    "integration_updated",
    "integration_deleted",
    "return_created",
    "test_webhook",
)

_Meaning = type[Delivered | InTransit | ReturnedToSender]
# Every status that GET /parcels/statuses lists: v2's id, v3's code, the message of both, and what it says of a parcel.
_STATUSES: tuple[tuple[int, str, str, _Meaning | None], ...] = (
    (1, "ANNOUNCED", "Announced", None),
    (3, "TO_SORTING", "En route to sorting center", InTransit),
    (4, "DELAYED", "Delivery delayed", InTransit),
    (5, "SORTED", "Sorted", InTransit),
    (6, "UNSORTED", "Not sorted", InTransit),
    (7, "SORTING", "Being sorted", InTransit),
    (8, "DELIVERY_FAILED", "Delivery attempt failed", InTransit),
    (11, "DELIVERED", "Delivered", Delivered),
    (12, "AWAITING_CUSTOMER_PICKUP", "Awaiting customer pickup", InTransit),
    (13, "ANNOUNCED_UNCOLLECTED", "Announced: not collected", None),
    (15, "COLLECT_ERROR", "Error collecting", None),
    (22, "PICKED_UP_BY_DRIVER", "Shipment picked up by driver", InTransit),
    (80, "UNDELIVERABLE", "Unable to deliver", None),
    (91, "SHIPMENT_ON_ROUTE", "Parcel en route", InTransit),
    (92, "DRIVER_ON_ROUTE", "Driver en route", InTransit),
    (93, "COLLECTED_BY_CUSTOMER", "Shipment collected by customer", Delivered),
    (94, "CANCELLATION_FAILED", "Parcel cancellation failed.", None),
    (999, "NO_LABEL", "No label", None),
    (1000, "READY_TO_SEND", "Ready to send", None),
    (1001, "ANNOUNCING", "Being announced", None),
    (1002, "ANNOUNCEMENT_FAILED", "Announcement failed", None),
    (1337, "UNKNOWN", "Unknown status - check carrier track & trace page for more insights", None),
    (1998, "CANCELLED_UPSTREAM", "Cancelled upstream", None),
    (1999, "CANCELLING", "Cancellation requested", None),
    (2000, "CANCELLED", "Cancelled", None),
    (2001, "CANCELLING_UPSTREAM", "Submitting cancellation request", None),
    (62989, "AT_CUSTOMS", "At Customs", InTransit),
    (62990, "AT_SORTING_CENTRE", "At sorting centre", InTransit),
    (62991, "REFUSED_BY_RECIPIENT", "Refused by recipient", None),
    (62992, "RETURNED_TO_SENDER", "Returned to sender", ReturnedToSender),
    (62993, "DELIVERY_METHOD_CHANGED", "Delivery method changed", InTransit),
    (62994, "DELIVERY_DATE_CHANGED", "Delivery date changed", InTransit),
    (62995, "DELIVERY_ADDRESS_CHANGED", "Delivery address changed", InTransit),
    (62996, "EXCEPTION", "Exception", None),
    (62997, "ADDRESS_INVALID", "Address invalid", None),
)


def verify(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless an active secret signed exactly these bytes. No moment is signed."""
    given = sent.headers.get(_SIGNATURE)
    if not given:
        raise BadSignature("The header Sendcloud-Signature is needed.")
    expected = [expected_signature(secret, sent.body) for secret in secrets if secret]
    check_signed(expected, signatures_in(given.lower()), "No active secret signed this body.")


def sign(secret: str, body: bytes, event_id: str, at: datetime) -> dict[str, str]:
    """Sendcloud's header. It sends no event id and signs no moment. Raises ValueError without a secret."""
    if not secret:
        raise ValueError("it is empty")
    return {"content-type": "application/json", _SIGNATURE: expected_signature(secret, body)}


def expected_signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 over the body in lower-case hex, keyed with the webhook signature key's text."""
    return hmac_sha256(text_key(secret), body).hex()


def identify(sent: Sent) -> Identity:
    """The news' own name, for Sendcloud gives it none: `parcel:status:when`, else the body's hash.

    Raises MalformedDelivery where it is no event.
    """
    event = json_object(sent.body)
    action = needed_text(event, "action")
    parcel = named(event, "parcel")
    parts = (parcel.get("id"), first_id(named(parcel, "status"), "id", "code"), event.get(_CHANGED))
    told = ":".join(map(str, parts)) if all(map(is_id, parts)) else ""
    return Identity(told if is_text(told) else sha256(sent.body).hexdigest(), action)


def read(sent: Sent, received_at: datetime) -> ProducerEvent:
    """What the status says of a parcel; Ignored, with the reason, where it says nothing we know."""
    event = json_object(sent.body)
    action = event.get("action")
    if action in _ACTIONS_WITHOUT_EFFECT:
        return Ignored(f"Action {action} moves no points.")
    if action != "parcel_status_changed":
        return Ignored(f"Unknown action {action}.")
    try:
        return _parcel(event, named(event, "parcel"), received_at)
    except Unreadable as reason:
        return Ignored(str(reason))


def _parcel(event: dict[str, Any], parcel: dict[str, Any], received_at: datetime) -> ReportedOrder:
    if parcel.get("is_return") not in (None, False):
        raise Unreadable("A return's label: what arrives with it arrives at the shop.")
    meaning = _meaning(named(parcel, "status"))
    tracking_number, carrier = text_of(parcel, "tracking_number"), text_of(named(parcel, "carrier"), "code")
    if tracking_number is None:
        raise Unreadable("It names no tracking_number.")
    moment = event.get("timestamp") if event.get(_CHANGED) is None else event[_CHANGED]
    fact = meaning(
        tracking_number=tracking_number,
        carrier=carrier,
        lines=(),
        occurred_at=moment_of_unix(_in_seconds(moment), "timestamp", received_at),
    )
    return ReportedOrder(fact, None, tracking_number, carrier, first_id(parcel, "order_number", "external_order_id"))


def _meaning(status: dict[str, Any]) -> _Meaning:
    """What a status means: its words decide, for ids and words have come in other pairs than the list's."""
    words = [str(text) for text in (status.get("code"), status.get("message")) if is_text(text)]
    status_id = first_id(status, "id")
    told = [_BY_WORDS[_words(text)] for text in words if _words(text) in _BY_WORDS]
    told += [_BY_ID[status_id]] if status_id in _BY_ID else []
    if not told:
        name = next(iter(words), status_id)
        raise Unreadable(f"Unknown status {name}." if name else "It has no status.")
    message, meaning = told[0]
    if meaning is None:
        raise Unreadable(f"Status {message} moves no points.")
    return meaning


def _words(text: str) -> str:
    """`RETURNED_TO_SENDER`, `returned-to-sender` and `Returned to sender` are the same words."""
    return " ".join(findall("[a-z0-9]+", text.casefold()))


def _in_seconds(moment: object) -> object:
    """Its size tells seconds from the milliseconds that Sendcloud sends: its documents say "unix timestamp" only."""
    is_in_milliseconds = isinstance(moment, int | Decimal) and 10**11 <= moment < 10**14
    return Decimal(str(moment)) / 1000 if is_in_milliseconds else moment


_BY_WORDS = {_words(text): (message, what) for _, code, message, what in _STATUSES for text in (code, message)}
_BY_ID: dict[str | None, tuple[str, _Meaning | None]] = {
    str(id_): (message, what) for id_, _, message, what in _STATUSES
}
