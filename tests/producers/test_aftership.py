"""AfterShip's two signatures, and the facts in events of Tracking and of Returns."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.orders.rules.facts import Delivered, InTransit, Lost, Returned, ReturnedToSender
from loyalty.webhooks.producers import aftership
from loyalty.webhooks.producers.events import BadSignature, Ignored, MalformedDelivery, ReportedOrder, Sent
from tests.support.samples import sample, samples

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECRET = "aftership_test_secret"
DELIVERED = sample("aftership_tracking_update_delivered")
APPROVED = sample("aftership_returns_return_approved")
TRACKING, RETURNS = "aftership-hmac-sha256", "as-signature-hmac-sha256"
SIGNATURE = DELIVERED.sent.headers[TRACKING]


def delivery(_event: dict[str, Any] | None = None, **message: Any) -> Sent:
    """A delivered parcel's webhook, with the given values in place of its own."""
    body = json.loads(DELIVERED.sent.body) | (_event or {})
    body["msg"] |= message
    return Sent({}, json.dumps(body).encode())


def item(received: object, of: object = 1, line: object = "11") -> dict[str, Any]:
    return {"external_order_item_id": line, "return_quantity": of, "received_quantity": received}


def goods(*items: object, event: str = "return.receiving.created", more: Any = None, **data: Any) -> Sent:
    """Goods of RMA-1001, of order ORD-1001."""
    rma = {"rma_number": "RMA-1001", "approval_status": "approved", "order": {"order_number": "ORD-1001"}}
    body = {"id": "r1", "version": "2026-07", "event": event, "created_at": "2024-04-10T07:34:56.000Z"}
    return Sent({}, json.dumps(body | {"data": rma | {"return_items": list(items)} | data} | (more or {})).encode())


@pytest.mark.parametrize(
    ("header", "is_valid"),
    [
        (SIGNATURE, True),
        (f" {SIGNATURE}  ", True),
        (f"AAAA, {SIGNATURE}", True),
        (SIGNATURE.lower(), False),
        (SIGNATURE.rstrip("="), False),
        (f"sha256={SIGNATURE}", False),
        ("x," * 10 + SIGNATURE, False),
        ("ñ☃\ud800", False),
        ("", False),
        (" ", False),
    ],
)
@pytest.mark.parametrize("name", [TRACKING, RETURNS])
def test_either_header_proves_the_body_but_only_whole(name: str, header: str, is_valid: bool):
    sent = Sent({name: header}, DELIVERED.sent.body)
    if is_valid:
        aftership.verify(["older", SECRET], sent, NOW)
        return
    with pytest.raises(BadSignature):
        aftership.verify([SECRET], sent, NOW)


def test_each_product_may_have_a_secret_of_its_own():
    aftership.verify(["of tracking", SECRET], DELIVERED.sent, NOW)
    aftership.verify([SECRET, "of returns"], APPROVED.sent, NOW)
    for secrets in ([], ["of tracking"], ["\ud800"]):
        with pytest.raises(BadSignature):
            aftership.verify(secrets, APPROVED.sent, NOW)


def test_a_wrong_header_is_rejected_even_if_the_other_products_is_right():
    with pytest.raises(BadSignature):
        aftership.verify([SECRET], Sent({TRACKING: "AAAA", RETURNS: SIGNATURE}, DELIVERED.sent.body), NOW)


@pytest.mark.parametrize("each", samples("aftership"), ids=lambda each: each.name)
def test_its_id_is_the_events_own_and_of_the_product_that_signed(each: Any):
    assert aftership.identify(each.sent).event_id == each.entry["dedupe_key"]
    other = RETURNS if TRACKING in each.sent.headers else TRACKING
    with pytest.raises(MalformedDelivery):
        aftership.identify(replace(each.sent, headers={other: "any"}))


@pytest.mark.parametrize("name", [TRACKING, RETURNS])
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"\xff",
        b"{}",
        b'{"event": "x"}',
        b'{"event_id": "e", "id": "e"}',
        b'{"event": "", "event_id": "e", "id": "e"}',
        b'{"event": "x", "event_id": {}, "id": 1}',
        b'{"event": "x", "event_id": "\\u0000", "id": ""}',
    ],
)
def test_a_body_without_id_or_name_is_no_event(name: str, body: bytes):
    with pytest.raises(MalformedDelivery):
        aftership.identify(Sent({name: "any"}, body))


@pytest.mark.parametrize(
    ("tag", "subtag", "kind"),
    [
        ("InTransit", "InTransit_003", InTransit),
        ("OutForDelivery", "OutForDelivery_001", InTransit),
        ("AttemptFail", "AttemptFail_001", InTransit),
        ("AvailableForPickup", "AvailableForPickup_001", InTransit),
        ("Delivered", "Delivered_001", Delivered),
        ("Delivered", "Delivered_005", Delivered),
        ("Delivered", "Delivered_099", Delivered),
        ("Delivered", None, Delivered),
        ("Exception", "Exception_010", ReturnedToSender),
        ("Exception", "Exception_011", ReturnedToSender),
        ("Exception", "Exception_013", Lost),
        ("Exception", "Exception_001", "Exception_001 moves no points."),
        ("Exception", "Exception_003", "Exception_003 moves no points."),
        ("Exception", "Exception_012", "Exception_012 moves no points."),
        ("Exception", "Exception_099", "Exception_099 moves no points."),
        ("Exception", None, "Exception moves no points."),
        ("Pending", "Pending_001", "Pending_001 moves no points."),
        ("InfoReceived", "InfoReceived_001", "InfoReceived_001 moves no points."),
        ("Expired", "Expired_001", "Expired_001 moves no points."),
        ("delivered", None, "Unknown tag delivered."),
        ("Teleported", "Delivered_001", "Unknown tag Teleported."),
        (None, None, "It has no tag."),
        ([], None, "tag is not a text of 1 to 200 characters."),
        ("Delivered", {}, "subtag is not a text of 1 to 200 characters."),
    ],
)
def test_each_tag_and_subtag_stands_for_a_fact(tag: object, subtag: object, kind: type | str):
    happening = aftership.read(delivery(tag=tag, subtag=subtag), NOW)
    if isinstance(kind, str):
        assert happening == Ignored(kind)
        return
    assert isinstance(happening, ReportedOrder)
    assert isinstance(happening.fact, kind)
    assert (happening.tracking_number, happening.carrier) == ("0000000000000000", "usps")


@pytest.mark.parametrize("tag", ["Delivered", "InTransit", "Exception", "Expired"])
def test_a_delivery_after_a_return_is_a_delivery_to_the_sender(tag: str):
    happening = aftership.read(delivery(tag=tag, subtag=f"{tag}_001", return_to_sender=True), NOW)
    assert isinstance(happening, ReportedOrder)
    assert isinstance(happening.fact, ReturnedToSender)


@pytest.mark.parametrize(
    ("ts", "moment"),
    [
        (1712741796, "2024-04-10T09:36:36+00:00"),
        (1712741796.5, "2024-04-10T09:36:36.500000+00:00"),
        (4000000000, "2026-11-25T12:00:00+00:00"),
        (None, "2026-11-25T12:00:00+00:00"),
    ],
)
def test_the_time_is_ts_whatever_the_checkpoints_are(ts: float | None, moment: str):
    checkpoints = [{"checkpoint_time": "2030-01-01T00:00:00", "tag": "Delivered"}, "x", {"checkpoint_time": []}]
    happening = aftership.read(delivery({"ts": ts}, checkpoints=checkpoints), NOW)
    assert isinstance(happening, ReportedOrder)
    assert happening.fact.occurred_at == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("message", "hints"),
    [
        ({}, ("ORD-1001",)),
        ({"order_number": "#1001", "order_id": "450789469"}, ("#1001", "450789469")),
        ({"order_number": None, "order_id": "450789469"}, ("450789469",)),
        ({"order_number": "", "order_id": 450789469890088186047}, ("450789469890088186047",)),
        ({"order_number": {}, "order_id": "x" * 300}, ()),
        ({"order_number": None}, ()),
    ],
)
def test_the_orders_it_names_are_only_hints(message: dict[str, Any], hints: tuple[str, ...]):
    happening = aftership.read(delivery(**message), NOW)
    assert isinstance(happening, ReportedOrder)
    assert (happening.order_number, happening.order_hints) == (None, hints)


@pytest.mark.parametrize(
    "sent",
    [
        delivery({"event": "edd_revise"}),
        delivery({"event": "tracking_pending_time"}),
        delivery({"event": "tracking_teleported"}),
        delivery(tracking_number=None),
        delivery(tracking_number=[]),
        delivery(tracking_number="a\0"),
        delivery({"ts": "1712741796"}),
        delivery({"ts": -1}),
        delivery({"ts": True}),
        delivery({"ts": 1e99}),
        delivery({"ts": 1}),
        Sent({}, b'{"event": "tracking_update", "event_id": "e"}'),
        Sent({}, b'{"event": "tracking_update", "event_id": "e", "msg": []}'),
        *(goods(item(1), event=f"return.{name}") for name in ("submitted", "approved", "rejected", "expired")),
        goods(item(1), event="return.restock.created"),
        goods(item(1), event="return.shipment.updated"),
        goods(item(1), event="return.teleported"),
        goods(),
        goods(item(0)),
        goods(item(None)),
        goods(item(1, 2)),
        goods(item(1), item(0, 1, "12")),
        goods(item(1, None)),
        goods(item(-1)),
        goods(item("1")),
        goods(item(True)),
        goods(item(1, 1, None)),
        goods(item(1, 1, "")),
        goods(item(1, 1, {})),
        goods(item(1), rma_number=None),
        goods(item(1), rma_number=[]),
        goods(item(1), order=None),
        goods(item(1), order={"order_number": []}),
        goods(item(1), more={"created_at": "yesterday"}),
        goods(item(1), more={"data": []}),
        goods(item(0), event="return.resolved"),
        goods(event="return.resolved", refunded_total={"amount": "99.99", "currency": "EUR"}),
        Sent({}, b'{"event": "return.resolved", "id": "e"}'),
    ],
    ids=lambda sent: repr(sent.body[-90:]),
)
def test_an_event_that_is_not_understood_is_ignored_with_a_reason(sent: Sent):
    happening = aftership.read(sent, NOW)
    assert isinstance(happening, Ignored)
    assert happening.reason.endswith(".")


@pytest.mark.parametrize(
    ("sent", "lines"),
    [
        (goods(item(1)), (("11", 1),)),
        (goods(item(3, 2, 450789469890088186047)), (("450789469890088186047", 3),)),
        (goods(item(1), item(2, 2, "12"), item(1)), (("11", 2), ("12", 2))),
        (goods(item(0, 0), item(1, 1, "12")), (("12", 1),)),
        (goods(item(1, 2), event="return.resolved"), (("11", 1),)),
        (goods(item(1, 2), approval_status="done"), (("11", 1),)),
        (goods(item(1), "x", None), (("11", 1),)),
    ],
    ids=lambda each: repr(each)[-60:],
)
def test_received_goods_come_back_line_by_line_under_the_rma_number(sent: Sent, lines: tuple[tuple[str, int], ...]):
    happening = aftership.read(sent, NOW)
    moment = datetime(2024, 4, 10, 7, 34, 56, tzinfo=UTC)
    assert happening == ReportedOrder(
        Returned("RMA-1001", None, lines, None, 0, moment), None, None, order_hints=("ORD-1001",)
    )


def test_a_return_is_one_fact_when_it_is_received_and_when_it_is_resolved():
    events = [goods(item(1)), goods(item(1), event="return.resolved", more={"id": "r2"})]
    happenings = [aftership.read(each, NOW) for each in events]
    assert len({each.fact.key for each in happenings if isinstance(each, ReportedOrder)}) == 1


def test_without_an_order_number_the_platforms_order_id_counts():
    happening = aftership.read(goods(item(1), order={"external_id": "4254002020558"}), NOW)
    assert isinstance(happening, ReportedOrder)
    assert happening.order_hints == ("4254002020558",)


def test_a_test_of_returns_is_a_test():
    happening = aftership.read(goods(item(1), more={"is_test": True}), NOW)
    assert isinstance(happening, ReportedOrder)
    assert happening.is_test


@pytest.mark.parametrize(
    ("body", "header"),
    [
        (DELIVERED.sent.body, TRACKING),
        (APPROVED.sent.body, RETURNS),
        (b"{", TRACKING),
        (b"[]", TRACKING),
        (b'{"event": ["return."]}', TRACKING),
    ],
)
def test_a_body_is_signed_in_the_header_of_its_product(body: bytes, header: str):
    headers = aftership.sign(SECRET, body, "any", NOW)
    assert set(headers) == {"content-type", header}


def test_nothing_is_signed_without_a_secret():
    with pytest.raises(ValueError, match="empty"):
        aftership.sign("", b"{}", "any", NOW)
