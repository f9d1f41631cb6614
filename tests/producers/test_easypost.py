"""EasyPost's signatures, and the facts that its trackers stand for."""

import hmac
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from loyalty.orders.rules.facts import Delivered, InTransit, Lost, Returned, ReturnedToSender
from loyalty.webhooks.producers import easypost
from loyalty.webhooks.producers.events import BadSignature, Ignored, MalformedDelivery, ReportedOrder, Sent
from tests.support.samples import sample

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = "sécret"
DELIVERED = sample("easypost_tracker_updated_delivered")
SIGNATURE = DELIVERED.sent.headers["x-hmac-signature"]


def delivery(_event: dict[str, Any] | None = None, **tracker: Any) -> Sent:
    """A delivered tracker's webhook, with the given values in place of its own."""
    body = json.loads(DELIVERED.sent.body) | (_event or {})
    body["result"] |= tracker
    return Sent({}, json.dumps(body).encode())


def scan(status: str, moment: str | None) -> dict[str, Any]:
    return {"object": "TrackingDetail", "status": status, "datetime": moment}


def fact_of(sent: Sent, received_at: datetime = NOW) -> Delivered | InTransit | Lost | Returned | ReturnedToSender:
    happening = easypost.read(sent, received_at)
    assert isinstance(happening, ReportedOrder), happening
    return happening.fact


@pytest.mark.parametrize(
    ("header", "is_valid"),
    [
        (SIGNATURE, True),
        (SIGNATURE.upper(), True),
        (f"  {SIGNATURE} ", True),
        (f"hmac-sha256-hex=00, {SIGNATURE}", True),
        (SIGNATURE.partition("=")[2], False),
        (SIGNATURE.replace("sha256", "sha1"), False),
        (SIGNATURE[:-1], False),
        (SIGNATURE + "0", False),
        ("x," * 10 + SIGNATURE, False),
        ("hmac-sha256-hex=", False),
        ("hmac-sha256-hex=ñ", False),
        ("", False),
        (" ", False),
    ],
)
def test_the_header_is_accepted_in_any_case_but_only_whole(header: str, is_valid: bool):
    sent = Sent({"x-hmac-signature": header}, DELIVERED.sent.body)
    if is_valid:
        easypost.verify([SECRET], sent, NOW)
        return
    with pytest.raises(BadSignature):
        easypost.verify([SECRET], sent, NOW)


@pytest.mark.parametrize("secret", ["sécret", "se\u0301cret"], ids=["composed", "decomposed"])
def test_a_secret_is_the_same_however_its_accents_are_written(secret: str):
    easypost.verify(["an older one", secret], DELIVERED.sent, NOW)


@pytest.mark.parametrize("secrets", [[], ["secret"], ["sécre"], ["sécret "], ["\ud800"]])
def test_other_secrets_do_not_prove_it(secrets: list[str]):
    with pytest.raises(BadSignature):
        easypost.verify(secrets, DELIVERED.sent, NOW)


def with_moment(
    timestamp: str, *, path: str = "/webhooks/easypost", signed_path: str = "/webhooks/easypost", method: str = "POST"
) -> Sent:
    """Signed in the second way only: x-timestamp, method, x-path and body."""
    body = DELIVERED.sent.body
    digest = hmac.digest(
        "se\u0301cret".encode(), f"{timestamp}{method}{signed_path}".encode("latin-1", "replace") + body, "sha256"
    )
    headers = {"x-hmac-signature-v2": f"hmac-sha256-hex={digest.hex()}", "x-timestamp": timestamp, "x-path": path}
    return Sent(headers, body)


@pytest.mark.parametrize("timestamp", ["Wed, 25 Nov 2026 12:00:00 -0000", "Wed, 25 Nov 2026 12:56:00 +0100"])
def test_a_signature_of_body_time_and_path_is_valid_for_five_minutes(timestamp: str):
    sent = with_moment(timestamp)
    easypost.verify(["older", SECRET], sent, NOW)
    easypost.verify([SECRET], sent, NOW - timedelta(minutes=4))
    for other in (
        lambda: easypost.verify([SECRET], sent, NOW + timedelta(minutes=6)),
        lambda: easypost.verify([SECRET], sent, NOW - timedelta(minutes=10)),
        lambda: easypost.verify([SECRET], replace(sent, body=sent.body + b" "), NOW),
        lambda: easypost.verify(["secret"], sent, NOW),
    ):
        with pytest.raises(BadSignature):
            other()


@pytest.mark.parametrize(
    "sent",
    [
        with_moment("Wed, 25 Nov 2026 12:00:00 -0000", path="/webhooks/other"),
        with_moment("Wed, 25 Nov 2026 12:00:00 -0000", method="GET"),
        with_moment("1795608000"),
        with_moment("2026-11-25T12:00:00Z"),
        with_moment("Wed, 25 Nov 2026 12:00:00"),
        with_moment("Wed, 25 Nov 2026 12:00:00 +9959"),
        with_moment("Mon, 01 Jan 0001 00:00:00 +2359"),
        with_moment("Wed, 31 Feb 2026 12:00:00 -0000"),
        with_moment("ñ☃\0"),
        with_moment(""),
    ],
    ids=lambda sent: f"{sent.headers['x-timestamp']!r} {sent.headers['x-path']}",
)
def test_a_signature_of_another_path_or_time_is_rejected(sent: Sent):
    with pytest.raises(BadSignature):
        easypost.verify([SECRET], sent, NOW)


def test_if_both_signatures_are_sent_the_first_decides_so_a_late_retry_is_accepted():
    late = with_moment("Wed, 25 Nov 2026 10:00:00 -0000").headers
    easypost.verify([SECRET], Sent(late | {"x-hmac-signature": SIGNATURE}, DELIVERED.sent.body), NOW)


def test_its_id_is_the_events_own():
    for name in ("delivered", "delivered_again_new_event_id", "in_transit", "return_to_sender"):
        each = sample(f"easypost_tracker_updated_{name}")
        identity = easypost.identify(each.sent)
        assert (identity.event_id, identity.type) == (each.entry["dedupe_key"], "tracker.updated")


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"\xff", b'{"description": "tracker.updated"}', b'{"id": "evt_1"}', b'{"id": 1, "description": "x"}',
     b'{"id": "", "description": "x"}', b'{"id": "a\\u0000", "description": "x"}', b'{"id": "e", "description": []}'],
)  # fmt: skip
def test_a_body_without_id_or_description_is_no_event(body: bytes):
    with pytest.raises(MalformedDelivery):
        easypost.identify(Sent({}, body))


@pytest.mark.parametrize(
    ("status", "detail", "kind"),
    [
        ("in_transit", "arrived_at_facility", InTransit),
        ("out_for_delivery", "out_for_delivery", InTransit),
        ("available_for_pickup", "arrived_at_pickup_location", InTransit),
        ("delivered", "arrived_at_destination", Delivered),
        ("delivered", None, Delivered),
        ("return_to_sender", "return", ReturnedToSender),
        ("failure", "lost", Lost),
        ("unknown", "unknown", "Status unknown moves no points."),
        ("pre_transit", "label_created", "Status pre_transit moves no points."),
        ("failure", "damaged", "Status failure moves no points."),
        ("cancelled", "cancelled", "Status cancelled moves no points."),
        ("error", "delivered", "Status error moves no points."),
        ("Delivered", None, "Unknown status Delivered."),
        ("teleported", "lost", "Unknown status teleported."),
        ("", None, "It has no status."),
        (None, None, "It has no status."),
        ({}, None, "status is not a text of 1 to 200 characters."),
    ],
)
def test_each_status_stands_for_a_fact(status: object, detail: str | None, kind: type | str):
    happening = easypost.read(delivery(status=status, status_detail=detail), NOW)
    if isinstance(kind, str):
        assert happening == Ignored(kind)
        return
    assert isinstance(happening, ReportedOrder)
    assert isinstance(happening.fact, kind)
    assert (happening.order_number, happening.tracking_number, happening.carrier) == (None, "1", "FedEx")
    assert happening.order_hints == ()


def test_delivered_after_it_was_sent_back_is_delivered_to_the_sender():
    history = [
        scan("in_transit", "2024-08-02T10:00:00Z"),
        scan("return_to_sender", "2024-08-03T10:00:00Z"),
        scan("delivered", "2024-08-05T10:00:00Z"),
    ]
    assert isinstance(fact_of(delivery(tracking_details=history)), ReturnedToSender)


@pytest.mark.parametrize("is_return", [True, "true", 1, []])
def test_a_returns_label_is_never_a_delivery(is_return: object):
    happening = easypost.read(delivery(is_return=is_return), NOW)
    assert isinstance(happening, Ignored)
    assert "return's label" in happening.reason
    assert isinstance(fact_of(delivery(is_return=None)), Delivered)


def test_one_delivery_under_two_event_ids_is_one_fact():
    again = sample("easypost_tracker_updated_delivered_again_new_event_id")
    assert fact_of(again.sent).key == fact_of(DELIVERED.sent, NOW - timedelta(days=1)).key
    later = delivery({"id": "evt_9", "created_at": "2024-09-01T00:00:00Z"}, updated_at="2024-09-01T00:00:00Z")
    assert fact_of(later).key == fact_of(DELIVERED.sent).key


@pytest.mark.parametrize(
    ("scans", "moment"),
    [
        ([scan("delivered", "2024-08-05T17:31:00Z")], "2024-08-05T17:31:00+00:00"),
        ([scan("delivered", "2024-08-05T19:31:00+02:00")], "2024-08-05T17:31:00+00:00"),
        (
            [
                scan("delivered", "2024-08-05T17:31:00Z"),
                scan("delivered", None),
                scan("in_transit", "2024-08-05T18:00:00Z"),
            ],
            "2024-08-05T17:31:00+00:00",
        ),
        (
            [
                scan("in_transit", "2024-08-05T18:00:00Z"),
                scan("pre_transit", "2024-08-01T18:00:00Z"),
            ],
            "2024-08-05T18:00:00+00:00",
        ),
        ([], "2024-08-05T17:44:09+00:00"),
        (None, "2024-08-05T17:44:09+00:00"),
        (["x", 1], "2024-08-05T17:44:09+00:00"),
        ([scan("delivered", "2099-01-01T00:00:00Z")], "2026-11-25T12:00:00+00:00"),
    ],
)
def test_the_time_is_that_of_the_scan_with_the_same_status(scans: object, moment: str):
    assert fact_of(delivery(tracking_details=scans)).occurred_at == datetime.fromisoformat(moment)


def test_without_any_time_it_is_the_time_of_receipt():
    bare = delivery({"created_at": None}, tracking_details=[], updated_at=None)
    assert fact_of(bare).occurred_at == NOW


@pytest.mark.parametrize(
    ("event_mode", "tracker_mode", "is_test"),
    [
        ("production", "production", False),
        (None, None, False),
        ("test", "test", True),
        ("test", "production", True),
        ("production", "test", True),
        ("staging", None, True),
        ({}, None, True),
    ],
)
def test_every_mode_but_production_is_a_test(event_mode: object, tracker_mode: object, is_test: bool):
    happening = easypost.read(delivery({"mode": event_mode}, mode=tracker_mode), NOW)
    assert isinstance(happening, ReportedOrder)
    assert happening.is_test is is_test


@pytest.mark.parametrize(
    "sent",
    [
        delivery({"description": "batch.created"}),
        delivery({"description": "tracker.deleted"}),
        delivery(tracking_code=None),
        delivery(tracking_code=""),
        delivery(tracking_code=["1"]),
        delivery(tracking_code="x" * 300),
        delivery(tracking_code="a\0b"),
        Sent({}, b'{"id": "e", "description": "tracker.updated"}'),
        Sent({}, b'{"id": "e", "description": "tracker.updated", "result": []}'),
    ],
    ids=lambda sent: repr(sent.body[-60:]),
)
def test_an_event_that_is_not_understood_is_ignored_with_a_reason(sent: Sent):
    happening = easypost.read(sent, NOW)
    assert isinstance(happening, Ignored)
    assert happening.reason.endswith(".")


def test_nothing_is_signed_without_a_secret():
    with pytest.raises(ValueError, match="empty"):
        easypost.sign("", b"{}", "evt_1", NOW)


def test_a_scan_without_an_offset_spoils_no_delivery():
    """The other scans date it; if none can be read, the tracker's own time does."""
    good, bad = scan("delivered", "2026-11-20T10:00:00Z"), scan("delivered", "2026-11-21T10:00:00")
    assert fact_of(delivery(tracking_details=[bad, good])).occurred_at == datetime(2026, 11, 20, 10, tzinfo=UTC)
    alone = delivery(tracking_details=[bad], updated_at="2026-11-22T10:00:00Z")
    assert fact_of(alone).occurred_at == datetime(2026, 11, 22, 10, tzinfo=UTC)
