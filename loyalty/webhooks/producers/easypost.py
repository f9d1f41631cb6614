"""EasyPost's trackers (docs.easypost.com/docs/events): one parcel, with its whole history in every event."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

from loyalty.orders.rules.facts import Delivered, InTransit, Lost, ReturnedToSender
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
    json_object,
    listed,
    moment_of,
    named,
    needed_text,
    text_of,
)
from loyalty.webhooks.producers.signatures import check_seconds, check_signed, hmac_sha256, signatures_in, text_key

KEPT_HEADERS = ("content-type",)
NUMBER_FIELDS = NumberFields(parcels=("tracking_code",))

_BODY_SIGNATURE, _BODY_AND_TIME_SIGNATURE = "x-hmac-signature", "x-hmac-signature-v2"
_TYPES = ("tracker.created", "tracker.updated")
_Meaning = type[Delivered | InTransit | ReturnedToSender | Lost]
_STATUSES: dict[str, _Meaning] = {
    "in_transit": InTransit,
    "out_for_delivery": InTransit,
    "available_for_pickup": InTransit,
    "delivered": Delivered,
    "return_to_sender": ReturnedToSender,
}
_DETAILS: dict[tuple[str, str], _Meaning] = {("failure", "lost"): Lost}
_WITHOUT_EFFECT = ("unknown", "pre_transit", "failure", "cancelled", "error")


def check_headers(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless there is one of the two signatures."""
    if not (sent.headers.get(_BODY_SIGNATURE) or sent.headers.get(_BODY_AND_TIME_SIGNATURE)):
        raise BadSignature(f"The header {_BODY_SIGNATURE} is needed.")


def verify(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless an active secret signed the body.

    If only the second signature was sent, it must cover body and time, and the time be within five minutes of `now`.
    """
    header, signed = _BODY_SIGNATURE, sent.body
    if _BODY_SIGNATURE not in sent.headers and _BODY_AND_TIME_SIGNATURE in sent.headers:
        header, signed = _BODY_AND_TIME_SIGNATURE, _signed_with_time(sent, now)
    given = sent.headers.get(header, "").lower()
    if not given:
        raise BadSignature(f"The header {_BODY_SIGNATURE} is needed.")
    expected = [_expected_signature(secret, signed) for secret in secrets]
    check_signed(expected, signatures_in(given), "No active secret signed this body.")


def sign(secret: str, body: bytes, event_id: str, at: datetime) -> dict[str, str]:
    """EasyPost's header. The event's id is in the body; no time is signed. Raises ValueError for an empty secret."""
    if not secret:
        raise ValueError("it is empty")
    return {"content-type": "application/json", _BODY_SIGNATURE: _expected_signature(secret, body)}


def _expected_signature(secret: str, signed: bytes) -> str:
    """`hmac-sha256-hex=` and HMAC-SHA256 in lower case, keyed with the secret in Unicode's form NFKD."""
    return "hmac-sha256-hex=" + hmac_sha256(text_key(unicodedata.normalize("NFKD", secret)), signed).hex()


def _signed_with_time(sent: Sent, now: datetime) -> bytes:
    """The bytes that the second signature covers: x-timestamp, the method, x-path and the body, nothing between them.

    Raises BadSignature.
    """
    timestamp = sent.headers.get("x-timestamp", "")
    try:
        moment = datetime.strptime(timestamp, "%a, %d %b %Y %H:%M:%S %z")
    except ValueError as error:
        raise BadSignature("x-timestamp is a moment such as Tue, 19 Aug 2025 20:37:09 -0000.") from error
    check_seconds(moment.timestamp(), now, "x-timestamp")
    return f"{timestamp}POST{sent.headers.get('x-path', '')}".encode("latin-1", "replace") + sent.body


def identify(sent: Sent) -> Identity:
    """The event's own id, and its description as the type. Raises MalformedDelivery if the body is no event."""
    event = json_object(sent.body)
    return Identity(needed_text(event, "id"), needed_text(event, "description"))


def read(sent: Sent, received_at: datetime) -> ProducerEvent:
    """The fact about the tracker's parcel; Ignored, with the reason, if nothing in the event moves points."""
    event = json_object(sent.body)
    tracker = named(event, "result")
    if event.get("description") not in _TYPES:
        return Ignored(f"Unknown type {event.get('description')}.")
    if tracker.get("is_return") not in (None, False):
        return Ignored("It tracks a return's label: what arrives there was delivered to nobody.")
    try:
        return _reported(event, tracker, received_at)
    except Unreadable as reason:
        return Ignored(str(reason))


def _reported(event: dict[str, Any], tracker: dict[str, Any], received_at: datetime) -> ReportedOrder:
    tracking_number, carrier = text_of(tracker, "tracking_code"), first_id(tracker, "carrier")
    if tracking_number is None:
        raise Unreadable("It names no tracking_code.")
    fact = _meaning(tracker)(
        tracking_number=tracking_number, carrier=carrier, lines=(), occurred_at=_moment(event, tracker, received_at)
    )
    return ReportedOrder(fact, None, tracking_number, carrier=carrier, is_test=_is_test(event, tracker))


def _meaning(tracker: dict[str, Any]) -> _Meaning:
    """The fact that the status stands for. If the history has a return to the sender, `delivered` means that the sender
    has it (R34). Raises Unreadable."""
    status, detail = text_of(tracker, "status") or "", text_of(tracker, "status_detail") or ""
    meaning = _DETAILS.get((status, detail)) or _STATUSES.get(status)
    if meaning is None:
        raise Unreadable(f"Status {status} moves no points." if status in _WITHOUT_EFFECT else _unknown(status))
    if meaning is Delivered and any(scan.get("status") == "return_to_sender" for scan in _scans(tracker)):
        return ReturnedToSender
    return meaning


def _unknown(status: str) -> str:
    return f"Unknown status {status}." if status else "It has no status."


def _moment(event: dict[str, Any], tracker: dict[str, Any], received_at: datetime) -> datetime:
    """The time of the last scan with the tracker's status: it is the same in every event that reports this status."""
    dated = [(scan, moment) for scan in _scans(tracker) if (moment := _scanned_at(scan, received_at)) is not None]
    moments = [moment for scan, moment in dated if scan.get("status") == tracker["status"]]
    moments = moments or [moment for _, moment in dated]
    if not moments:
        return moment_of(tracker.get("updated_at") or event.get("created_at"), "updated_at", received_at)
    return max(moments)


def _scanned_at(scan: dict[str, Any], received_at: datetime) -> datetime | None:
    """The time of a scan; None if it has none that can be read, as without an offset: the other scans count."""
    try:
        return moment_of(scan["datetime"], "datetime", received_at) if scan.get("datetime") else None
    except Unreadable:
        return None


def _scans(tracker: dict[str, Any]) -> list[dict[str, Any]]:
    return listed(tracker, "tracking_details")


def _is_test(event: dict[str, Any], tracker: dict[str, Any]) -> bool:
    """The mode of the event, of the tracker or of one of its scans; an unknown mode counts as a test."""
    return is_marked((event, tracker, *_scans(tracker)), "mode", "test", "is_test")


def _question(tracking_number: str, _carrier: str | None, key: str) -> Question:
    return Question("/v2/trackers?" + urlencode({"tracking_code": tracking_number}), basic_credentials(key + ":"))


def _events(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [
        {"description": "tracker.updated", "mode": tracker.get("mode"), "result": tracker}
        for tracker in listed(answer, "trackers")
    ]


QUESTIONS = ProducerQuestions("https://api.easypost.com", _question, _events)
