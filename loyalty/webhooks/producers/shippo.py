"""Shippo's tracking (docs.goshippo.com/docs/tracking): every event has a parcel's status and history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from re import IGNORECASE, fullmatch
from typing import Any
from urllib.parse import quote

from loyalty.orders.rules.facts import Delivered, InTransit, Lost, ReturnedToSender
from loyalty.webhooks.producers.events import Identity, Ignored, NumberFields, ProducerEvent, ReportedOrder, Sent
from loyalty.webhooks.producers.marks import is_marked
from loyalty.webhooks.producers.questions import ProducerQuestions, Question
from loyalty.webhooks.producers.reading import (
    Unreadable,
    first_id,
    is_id,
    is_text,
    json_object,
    listed,
    moment_of,
    named,
    needed_text,
    text_of,
)
from loyalty.webhooks.producers.signatures import check_signed, check_time, hmac_sha256, text_key

KEPT_HEADERS = ("content-type", "shippo-api-version")
NUMBER_FIELDS = NumberFields(parcels=("tracking_number",))

_SIGNATURE = "shippo-auth-signature"
_TOKEN = "token="
_LEGACY = "track"

_Meaning = type[Delivered | InTransit | ReturnedToSender | Lost]
_STATUSES: dict[str, _Meaning] = {"TRANSIT": InTransit, "DELIVERED": Delivered, "RETURNED": ReturnedToSender}
# An unclaimed parcel still lies with the carrier and can be fetched; a parcel that goes back has return_to_sender.
_SUBSTATUSES: dict[tuple[str, str], _Meaning] = {
    ("RETURNED", "package_unclaimed"): InTransit,
    ("FAILURE", "package_lost"): Lost,
}
_STATUSES_WITHOUT_EFFECT = ("UNKNOWN", "PRE_TRANSIT", "FAILURE")
_EVENTS_WITHOUT_EFFECT = ("transaction_created", "transaction_updated", "batch_created", "batch_purchased")


def check_headers(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless there is a signature, or an active token in the address."""
    if _SIGNATURE not in sent.headers:
        _check_token(secrets, sent.query.get("token", ""))


def verify(secrets: Sequence[str], sent: Sent, now: datetime) -> None:
    """Raises BadSignature unless an active secret signed these bytes, at most five minutes from `now`.

    A delivery without a signature is verified by the token in its address, if an active secret is written `token=…`.
    A wrong signature is rejected even with a valid token.
    """
    check_headers(secrets, sent, now)
    header = sent.headers.get(_SIGNATURE)
    if header is None:
        return
    parts = [part.strip().partition("=") for part in header.split(",")]
    timestamp = next((value for name, _, value in parts if name == "t"), "")
    check_time(timestamp, now, "t in Shippo-Auth-Signature")
    keys = [secret for secret in secrets if secret and not secret.startswith(_TOKEN)]
    check_signed(
        [_expected_signature(key, timestamp, sent.body) for key in keys],
        [value.lower() for name, _, value in parts if name == "v1"],
        "No active secret signed this body with this timestamp.",
    )


def _check_token(secrets: Sequence[str], token: str) -> None:
    tokens = [secret for secret in secrets if secret.startswith(_TOKEN) and secret != _TOKEN]
    check_signed(tokens, [_TOKEN + token], "There is no Shippo-Auth-Signature, and no active token in the address.")


def sign(secret: str, body: bytes, event_id: str, at: datetime) -> dict[str, str]:
    """Shippo's header; Shippo sends no event id. Raises ValueError for an empty secret, and for a token: it signs
    nothing."""
    if not secret:
        raise ValueError("it is empty")
    if secret.startswith(_TOKEN):
        raise ValueError("a token signs nothing; it belongs to the address, …/webhooks/shippo?token=…")
    timestamp = str(int(at.timestamp()))
    signature = f"t={timestamp},v1={_expected_signature(secret, timestamp, body)}"
    return {"content-type": "application/json", _SIGNATURE: signature}


def _expected_signature(secret: str, timestamp: str, body: bytes) -> str:
    """HMAC-SHA256 over `timestamp.body` in lower-case hex, keyed with the secret's text."""
    return hmac_sha256(text_key(secret), f"{timestamp}.".encode() + body).hex()


def identify(sent: Sent) -> Identity:
    """An id that we derive, because Shippo sends none: a hash of carrier, number, status id and status, or of the body.

    Raises MalformedDelivery if the body is no event. Bodies from before 2018 have no `event`, but a tracking_number.
    """
    event = json_object(sent.body)
    is_legacy = "event" not in event and is_text(event.get("tracking_number"))
    type_ = _LEGACY if is_legacy else needed_text(event, "event")
    data = named(event, "data")
    status = named(data, "tracking_status")
    parts = (data.get("carrier"), data.get("tracking_number"), status.get("object_id"), status.get("status"))
    hashed = "|".join(map(str, parts)).encode() if all(map(is_id, parts)) else sent.body
    return Identity(sha256(hashed).hexdigest(), type_)


def read(sent: Sent, received_at: datetime) -> ProducerEvent:
    """The fact that the last status of a parcel stands for; Ignored, with the reason, if we know none."""
    event = json_object(sent.body)
    name = event.get("event")
    if name is None:
        return Ignored("It has no event: a form of before 2018.")
    if name in _EVENTS_WITHOUT_EFFECT:
        return Ignored(f"Event {name} moves no points.")
    if name != "track_updated":
        return Ignored(f"Unknown event {name}.")
    try:
        return _parcel(event, named(event, "data"), received_at)
    except Unreadable as reason:
        return Ignored(str(reason))


def _parcel(event: dict[str, Any], data: dict[str, Any], received_at: datetime) -> ReportedOrder:
    status = named(data, "tracking_status")
    tracking_number, carrier = text_of(data, "tracking_number"), first_id(data, "carrier")
    meaning = _meaning(status, listed(data, "tracking_history"))
    if tracking_number is None:
        raise Unreadable("It names no tracking_number.")
    fact = meaning(
        tracking_number=tracking_number,
        carrier=carrier,
        lines=(),
        occurred_at=moment_of(status.get("status_date"), "status_date", received_at),
    )
    hints = _order_hints(data.get("metadata"))
    return ReportedOrder(fact, None, tracking_number, carrier, hints, _is_test(event, data, status))


def _is_test(event: dict[str, Any], data: dict[str, Any], status: dict[str, Any]) -> bool:
    """The mark stands beside the event, in its data or in the status; `shippo` is the carrier of invented parcels."""
    is_invented = _word(data.get("carrier")).casefold() == "shippo"
    return is_invented or is_marked((event, data, status), "test", "is_test")


def _meaning(status: dict[str, Any], history: list[dict[str, Any]]) -> _Meaning:
    """The fact that the status stands for. If the history has a return, every later status is about the way back to the
    sender (R34). Raises Unreadable."""
    if any(_meaning_alone(each) is ReturnedToSender for each in history):
        return ReturnedToSender
    meaning = _meaning_alone(status)
    if meaning is not None:
        return meaning
    name = text_of(status, "status")
    if name in _STATUSES_WITHOUT_EFFECT:
        raise Unreadable(f"Status {name} moves no points.")
    raise Unreadable(f"Unknown status {name}." if name else "It has no tracking_status.")


def _meaning_alone(status: dict[str, Any]) -> _Meaning | None:
    name, code = _word(status.get("status")), _word(named(status, "substatus").get("code"))
    return _SUBSTATUSES.get((name, code)) or _STATUSES.get(name)


def _word(value: object) -> str:
    return value if isinstance(value, str) else ""


def _order_hints(metadata: object) -> tuple[str, ...]:
    """The order numbers that the shop's free text may mean: X of `Order X`, and the whole text."""
    if not is_text(metadata):
        return ()
    text = str(metadata).strip()
    order = fullmatch(r"order:?\s+(\S+)", text, IGNORECASE)
    return tuple(number for number in (*([order[1]] if order else []), text) if number)


def _question(tracking_number: str, carrier: str | None, key: str) -> Question:
    path = f"/tracks/{quote((carrier or '').casefold(), safe='')}/{quote(tracking_number, safe='')}"
    return Question(path, {"authorization": f"ShippoToken {key}"})


def _events(answer: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [{"event": "track_updated", "test": False, "data": dict(answer)}]


QUESTIONS = ProducerQuestions("https://api.goshippo.com", _question, _events)
