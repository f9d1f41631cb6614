"""AfterShip: its two products, Tracking (parcels) and Returns (goods), send to one address, each with its own
signature header (aftership.com/docs/tracking/webhook, aftership.com/docs/returns/webhook)."""

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from loyalty.orders.rules.facts import Delivered, InTransit, Lost, ReturnedToSender
from loyalty.webhooks.producers.aftership_returns import RETURN_EVENTS, returned_goods
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
from loyalty.webhooks.producers.questions import ProducerQuestions, Question
from loyalty.webhooks.producers.reading import (
    Unreadable,
    first_id,
    json_object,
    listed,
    moment_of_unix,
    named,
    needed_text,
    order_numbers_in,
    text_of,
)
from loyalty.webhooks.producers.signatures import check_signed, hmac_sha256, signatures_in, text_key

KEPT_HEADERS = ("content-type", "as-webhook-version")
NUMBER_FIELDS = NumberFields(orders=("order_number", "order_id"), parcels=("tracking_number",))

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


def check_headers(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless there is a signature of either product."""
    if not sent.headers.get(_header(sent)):
        raise BadSignature(f"The header {_TRACKING} is needed, or of Returns {_RETURNS}.")


def verify(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless an active secret of either product signed these bytes. No time is signed."""
    check_headers(secrets, sent, now)
    given = sent.headers[_header(sent)]
    expected = [_expected_signature(secret, sent.body) for secret in secrets]
    check_signed(expected, signatures_in(given), "No active secret signed this body.")


def sign(secret: str, body: bytes, event_id: str, at: datetime) -> dict[str, str]:
    """The signature header of the product that the body belongs to; the event's id is in the body.

    Raises ValueError for an empty secret.
    """
    if not secret:
        raise ValueError("it is empty")
    header = _RETURNS if _is_of_returns(body) else _TRACKING
    return {"content-type": "application/json", header: _expected_signature(secret, body)}


def _expected_signature(secret: str, body: bytes) -> str:
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
    """The event's own id, from the field of the product that signed, and the event's name. Raises MalformedDelivery."""
    event = json_object(sent.body)
    event_id = needed_text(event, "event_id" if _header(sent) == _TRACKING else "id")
    return Identity(event_id, needed_text(event, "event"))


def read(sent: Sent, received_at: datetime) -> ProducerEvent:
    """The fact about a parcel or about returned goods; Ignored, with the reason, if the event has neither."""
    event = json_object(sent.body)
    try:
        if event.get("event") == "tracking_update":
            return _parcel(event, named(event, "msg"), received_at)
        if event.get("event") in RETURN_EVENTS:
            return returned_goods(event, named(event, "data"), received_at)
    except Unreadable as reason:
        return Ignored(str(reason))
    name = event.get("event")
    return Ignored(f"Event {name} moves no points." if name in _EVENTS_WITHOUT_EFFECT else f"Unknown event {name}.")


def _parcel(event: dict[str, Any], message: dict[str, Any], received_at: datetime) -> ReportedOrder:
    """The parcel's state at `ts`. The times of checkpoints have no zone, so they cannot order events."""
    tracking_number, carrier = text_of(message, "tracking_number"), first_id(message, "slug")
    if tracking_number is None:
        raise Unreadable("It names no tracking_number.")
    fact = _meaning(message)(
        tracking_number=tracking_number,
        carrier=carrier,
        lines=(),
        occurred_at=moment_of_unix(event.get("ts"), "ts", received_at),
    )
    hints = order_numbers_in(message, "order_number", "order_id")
    is_test = is_marked((event, message), "is_test", "test")
    return ReportedOrder(fact, None, tracking_number, carrier=carrier, order_hints=hints, is_test=is_test)


def _meaning(message: dict[str, Any]) -> _Meaning:
    """The fact that tag and subtag stand for. `return_to_sender` stays true after a checkpoint set it, and outweighs
    any later tag (R34). Raises Unreadable."""
    if message.get("return_to_sender") is True:
        return ReturnedToSender
    tag, subtag = text_of(message, "tag") or "", text_of(message, "subtag") or ""
    meaning = _SUBTAGS.get(subtag) or _TAGS.get(tag)
    if meaning is not None:
        return meaning
    if tag in _TAGS_WITHOUT_EFFECT:
        raise Unreadable(f"{subtag or tag} moves no points.")
    raise Unreadable(f"Unknown tag {tag}." if tag else "It has no tag.")


def _question(tracking_number: str, _carrier: str | None, key: str) -> Question:
    path = "/tracking/2026-07/trackings?" + urlencode({"tracking_numbers": tracking_number})
    return Question(path, {"as-api-key": key})


def _events(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    """A tracking is a webhook's `msg`; the time of its last change is the webhook's `ts`."""
    return [
        {"event": "tracking_update", "msg": tracking, "ts": _unix(tracking.get("updated_at"))}
        for tracking in listed(named(answer, "data"), "trackings")
    ]


def _unix(moment: object) -> int | None:
    """Whole seconds since 1970 of an instant with its offset; None for anything else."""
    try:
        parsed = datetime.fromisoformat(str(moment))
    except ValueError:
        return None
    return int(parsed.timestamp()) if parsed.tzinfo is not None else None


QUESTIONS = ProducerQuestions("https://api.aftership.com", _question, _events)
