"""Sendcloud's parcels (sendcloud.dev/api/v3/webhooks, the same in v2): one status an event, events in any order."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from loyalty.webhooks.producers.events import (
    BadSignature,
    Identity,
    Ignored,
    NumberFields,
    ProducerEvent,
    ReportedOrder,
    Sent,
)
from loyalty.webhooks.producers.marks import is_marked
from loyalty.webhooks.producers.questions import ProducerQuestions, Question, basic_credentials
from loyalty.webhooks.producers.reading import (
    Unreadable,
    first_id,
    is_id,
    is_text,
    json_object,
    listed,
    moment_of_unix,
    named,
    needed_text,
    order_numbers_in,
    text_of,
)
from loyalty.webhooks.producers.sendcloud_statuses import meaning_of
from loyalty.webhooks.producers.signatures import check_signed, hmac_sha256, signatures_in, text_key

KEPT_HEADERS = ("content-type",)
NUMBER_FIELDS = NumberFields(orders=("order_number", "external_order_id"), parcels=("tracking_number",))

_SIGNATURE = "sendcloud-signature"
_CHANGED = "carrier_status_change_timestamp"
_ACTIONS_WITHOUT_EFFECT = (
    "integration_connected",
    "integration_updated",
    "integration_deleted",
    "return_created",
    "test_webhook",
)


def check_headers(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless there is a signature."""
    if not sent.headers.get(_SIGNATURE):
        raise BadSignature("The header Sendcloud-Signature is needed.")


def verify(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless an active secret signed exactly these bytes. No time is signed."""
    check_headers(secrets, sent, now)
    given = sent.headers[_SIGNATURE]
    expected = [_expected_signature(secret, sent.body) for secret in secrets if secret]
    check_signed(expected, signatures_in(given.lower()), "No active secret signed this body.")


def sign(secret: str, body: bytes, event_id: str, at: datetime) -> dict[str, str]:
    """Sendcloud's header. It sends no event id and signs no time. Raises ValueError for an empty secret."""
    if not secret:
        raise ValueError("it is empty")
    return {"content-type": "application/json", _SIGNATURE: _expected_signature(secret, body)}


def _expected_signature(secret: str, body: bytes) -> str:
    """HMAC-SHA256 over the body in lower-case hex, keyed with the webhook signature key's text."""
    return hmac_sha256(text_key(secret), body).hex()


def identify(sent: Sent) -> Identity:
    """An id that we derive, because Sendcloud sends none: `parcel:status:time of change`, else the body's hash.

    Raises MalformedDelivery if the body is no event.
    """
    event = json_object(sent.body)
    action = needed_text(event, "action")
    parcel = named(event, "parcel")
    parts = (parcel.get("id"), first_id(named(parcel, "status"), "id", "code"), event.get(_CHANGED))
    event_id = ":".join(map(str, parts)) if all(map(is_id, parts)) else ""
    return Identity(event_id if is_text(event_id) else sha256(sent.body).hexdigest(), action)


def read(sent: Sent, received_at: datetime) -> ProducerEvent:
    """The fact that the parcel's status stands for; Ignored, with the reason, if we know none."""
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
    meaning = meaning_of(named(parcel, "status"))
    tracking_number, carrier = text_of(parcel, "tracking_number"), first_id(named(parcel, "carrier"), "code")
    if tracking_number is None:
        raise Unreadable("It names no tracking_number.")
    moment = event.get("timestamp") if event.get(_CHANGED) is None else event[_CHANGED]
    fact = meaning(
        tracking_number=tracking_number,
        carrier=carrier,
        lines=(),
        occurred_at=moment_of_unix(_in_seconds(moment), "timestamp", received_at),
    )
    hints = order_numbers_in(parcel, "order_number", "external_order_id")
    is_test = is_marked((event, parcel), "is_test", "test")
    return ReportedOrder(fact, None, tracking_number, carrier, hints, is_test)


def _in_seconds(moment: object) -> object:
    """The time in seconds. Sendcloud documents a "unix timestamp" and sends milliseconds: the size decides."""
    is_in_milliseconds = isinstance(moment, int | Decimal) and 10**11 <= moment < 10**14
    return Decimal(str(moment)) / 1000 if is_in_milliseconds else moment


def _question(tracking_number: str, _carrier: str | None, key: str) -> Question:
    return Question("/api/v2/parcels?" + urlencode({"tracking_number": tracking_number}), basic_credentials(key))


def _events(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"action": "parcel_status_changed", "parcel": parcel} for parcel in listed(answer, "parcels")]


QUESTIONS = ProducerQuestions("https://panel.sendcloud.sc", _question, _events)
