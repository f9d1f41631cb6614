"""The facts in Shopify's bodies (R33a, R34). The signature proves the body alone."""

import hashlib
import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.orders.rules.facts import Delivered, Fact, InTransit, Returned, ReturnedToSender
from loyalty.webhooks.producers import PRODUCERS, shopify
from loyalty.webhooks.producers.events import BadSignature, Ignored, MalformedDelivery, ReportedOrder, Sent
from tests.support.shopify_bodies import SAMPLES, SECRET, event, fulfilled, fulfillment, refund, sent, transaction

NOW = datetime(2026, 11, 3, 12, tzinfo=UTC)
HAPPENED = datetime(2026, 11, 1, 10, tzinfo=UTC)


def read_as(body: Mapping[str, Any], topic: str, **headers: str) -> ReportedOrder | Ignored:
    """The result of reading a body under that topic."""
    return shopify.read(sent(body, topic, **headers), NOW)


def facts(body: Mapping[str, Any], topic: str) -> tuple[Fact, ...]:
    """The facts in a body under that topic; fails if it is ignored."""
    reported = read_as(body, topic)
    assert isinstance(reported, ReportedOrder), reported
    return reported.facts


def reason(body: Mapping[str, Any], topic: str) -> str:
    """The reason why a body under that topic is ignored."""
    ignored = read_as(body, topic)
    assert isinstance(ignored, Ignored), ignored
    return ignored.reason


# --- signatures and identity


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_the_published_samples_verify_and_a_changed_byte_does_not(name):
    sample = SAMPLES[name]
    shopify.verify(["another", SECRET], sample, NOW)
    for changed in (sample.body + b"\n", sample.body[:-1], sample.body.replace(b":", b": ", 1)):
        with pytest.raises(BadSignature):
            shopify.verify([SECRET], Sent(sample.headers, changed), NOW)
    with pytest.raises(BadSignature):
        shopify.verify(["another"], sample, NOW)
    with pytest.raises(BadSignature):
        shopify.verify([], sample, NOW)


@pytest.mark.parametrize("signature", [None, "", "AAAA", "é" * 40, "\ud800", "A" * 100_000, "%%%", "=\0"])
def test_anything_else_in_the_signature_header_is_rejected(signature):
    body = SAMPLES["fulfillment_events_create_delivered"].body
    headers = {} if signature is None else {"x-shopify-hmac-sha256": signature}
    with pytest.raises(BadSignature):
        shopify.verify([SECRET], Sent(headers, body), NOW)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_what_we_sign_is_what_shopify_signs_with_the_topic_that_the_body_shows(name):
    sample = SAMPLES[name]
    headers = PRODUCERS["shopify"].sign(SECRET, sample.body, "e9", NOW)
    assert headers["x-shopify-hmac-sha256"] == sample.headers["x-shopify-hmac-sha256"]
    assert headers["x-shopify-topic"] == sample.headers["x-shopify-topic"]
    assert shopify.identify(Sent(headers, sample.body)).event_id == "e9"


def test_a_body_of_no_form_can_be_signed_and_an_empty_secret_cannot_be_used():
    assert shopify.sign(SECRET, b"[]", "e9", NOW)["x-shopify-topic"] == "unknown"
    assert shopify.sign(SECRET, b"{}", "e9", NOW)["x-shopify-topic"] == "unknown"
    with pytest.raises(ValueError, match="empty"):
        shopify.sign("", b"{}", "e9", NOW)


def test_the_event_id_is_shopifys_else_the_deliverys_else_the_bodys():
    delivered = event("delivered")
    topic = "fulfillment_events/create"
    assert shopify.identify(sent(delivered, topic, event_id="e1", webhook_id="w1")).event_id == "e1"
    assert shopify.identify(sent(delivered, topic, webhook_id="w1")).event_id == "w1"
    assert shopify.identify(sent(delivered, topic, event_id="x" * 201, webhook_id="w1")).event_id == "w1"
    body = sent(delivered, topic)
    assert shopify.identify(body).event_id == hashlib.sha256(body.body).hexdigest()


def test_one_event_under_several_topics_has_an_id_for_each_topic_that_we_read():
    """Shopify gives one id to all topics of an event, some with the same body; none replaces another."""
    order = fulfilled(fulfillment(1))
    topics = ("orders/updated", "orders/fulfilled", "refunds/create")
    identities = [shopify.identify(sent(order, topic, event_id="e1")) for topic in topics]
    identities.append(shopify.identify(sent(order, "orders/fulfilled", event_id="e1", test="true")))
    assert len({identity.event_id for identity in identities}) == 4
    assert identities[1].event_id == "e1"
    assert [identity.type for identity in identities] == [
        "orders/updated", "orders/fulfilled", "refunds/create of another form", "orders/fulfilled",
    ]  # fmt: skip


@pytest.mark.parametrize("topic", [None, "", "x" * 201, "a\0b"])
def test_without_a_topic_it_is_no_event_of_shopifys(topic):
    headers = {} if topic is None else {"x-shopify-topic": topic}
    with pytest.raises(MalformedDelivery):
        shopify.identify(Sent(headers, b"{}"))


# --- topics and forms

OTHERS = {
    "fulfillment_events/create": event("delivered"),
    "refunds/create": refund(lines=[(11, 1)]),
    "orders/fulfilled": fulfilled(fulfillment(1)),
}


@pytest.mark.parametrize("topic", OTHERS)
@pytest.mark.parametrize("form", OTHERS)
def test_a_body_is_read_only_under_its_own_topic(topic, form):
    happening = read_as(OTHERS[form], topic)
    assert isinstance(happening, ReportedOrder) is (topic == form)
    assert topic == form or "form" in happening.reason


@pytest.mark.parametrize("topic", ["orders/updated", "orders/create", "fulfillments/create", "unknown"])
def test_other_topics_are_ignored_whatever_their_body(topic):
    for body in (*OTHERS.values(), {}):
        assert topic in reason(body, topic)


@pytest.mark.parametrize(
    ("topic", "change"),
    [
        ("fulfillment_events/create", {"order_id": None}),
        ("fulfillment_events/create", {"fulfillment_id": 1.5}),
        ("fulfillment_events/create", {"fulfillment_id": True}),
        ("fulfillment_events/create", {"status": None}),
        ("fulfillment_events/create", {"status": {"of": "it"}}),
        ("fulfillment_events/create", {"status": "delivered\0"}),
        ("fulfillment_events/create", {"happened_at": "yesterday"}),
        ("fulfillment_events/create", {"happened_at": "2026-11-01T10:00:00"}),
        ("fulfillment_events/create", {"happened_at": ["2026-11-01T10:00:00Z"]}),
        ("refunds/create", {"id": None}),
        ("refunds/create", {"order_id": "\ud800"}),
        ("refunds/create", {"refund_line_items": {}, "transactions": None}),
        ("refunds/create", {"refund_line_items": [1]}),
        ("refunds/create", {"refund_line_items": [{"line_item_id": 11, "quantity": -1}]}),
        ("refunds/create", {"refund_line_items": [{"line_item_id": 11, "quantity": "1"}]}),
        ("refunds/create", {"refund_line_items": [{"quantity": 1}]}),
        ("refunds/create", {"created_at": "0001-01-01T00:00:00+14:00"}),
        ("orders/fulfilled", {"fulfillment_status": "partial"}),
        ("orders/fulfilled", {"fulfillment_status": None}),
        ("orders/fulfilled", {"fulfillments": None}),
        ("orders/fulfilled", {"fulfillments": []}),
        ("orders/fulfilled", {"fulfillments": [{}]}),
        ("orders/fulfilled", {"fulfillments": [None]}),
        ("orders/fulfilled", {"fulfillments": [{"id": 1, "line_items": [{"id": 11}]}]}),
        ("orders/fulfilled", {"fulfillments": [{"id": 1, "tracking_numbers": [{}]}]}),
        ("orders/fulfilled", {"fulfillments": [{"id": 1, "tracking_number": "A" * 201}]}),
    ],
    ids=str,
)
def test_a_strange_form_is_ignored_with_a_reason(topic, change):
    assert reason({**OTHERS[topic], **change}, topic)


# --- fulfillments


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        ("delivered", Delivered),
        ("DELIVERED", Delivered),
        ("picked_up", Delivered),
        ("in_transit", InTransit),
        ("out_for_delivery", InTransit),
        ("attempted_delivery", InTransit),
        ("delayed", InTransit),
        ("carrier_picked_up", InTransit),
        ("returning_to_sender", ReturnedToSender),
    ],
)
def test_an_event_is_news_of_its_fulfillment_at_the_moment_it_happened(status, kind):
    reported = read_as(event(status), "fulfillment_events/create")
    assert isinstance(reported, ReportedOrder)
    assert reported.facts == (kind(None, None, (), HAPPENED, "2608403447971"),)
    assert (reported.order_number, reported.tracking_number, reported.is_test) == ("9007199254740993", None, False)


@pytest.mark.parametrize(
    "status",
    ["ready_for_pickup", "READY_FOR_PICKUP", "failure", "label_printed", "label_purchased", "confirmed", "teleported"],
)
def test_other_statuses_are_ignored(status):
    assert status in reason(event(status), "fulfillment_events/create")


def test_an_event_without_its_moment_has_the_one_it_was_created_at_and_never_one_to_come():
    assert facts(event("delivered", happened_at=None), "fulfillment_events/create")[0].occurred_at.hour == 11
    assert (
        facts(event("delivered", happened_at="2099-01-01T00:00:00Z"), "fulfillment_events/create")[0].occurred_at == NOW
    )


def test_a_fulfilled_order_reports_lines_in_transit_and_no_delivery():
    """Fulfilled means handed to the carrier, whatever the shipment status is."""
    order = fulfilled(
        fulfillment(1, "A", lines=[(11, 1), (12, 2)], tracking_company="UPS", shipment_status="delivered"),
        fulfillment(2, lines=[(13, 1), (14, 0)]),
        fulfillment(3, "C", lines=[(12, 1)], status="cancelled"),
        fulfillment(4, " D ", tracking_numbers=["D", "E", "", None], lines=[(9007199254740995, 1)]),
    )
    assert facts(order, "orders/fulfilled") == (
        InTransit("A", "UPS", (("11", 1), ("12", 2)), HAPPENED, "1"),
        InTransit(None, None, (("13", 1),), HAPPENED, "2"),
        InTransit("D", None, (("9007199254740995", 1),), HAPPENED, "4"),
        InTransit("E", None, (("9007199254740995", 1),), HAPPENED, "4"),
    )


def test_an_order_of_which_nothing_was_sent_is_ignored():
    assert reason(fulfilled(fulfillment(1, status="error")), "orders/fulfilled")


# --- refunds


def returned(body: Mapping[str, Any]) -> Returned:
    (fact,) = facts(body, "refunds/create")
    assert isinstance(fact, Returned)
    return fact


@pytest.mark.parametrize("restock_type", ["no_restock", "return", "legacy_restock", None])
def test_lines_come_back_whatever_their_restock_type_and_their_money_is_ignored(restock_type):
    """R33a."""
    body = refund(lines=[(11, 1), (9007199254740995, 2), (11, 1)], transactions=[transaction("41.94")])
    for each in body["refund_line_items"]:
        each["restock_type"] = restock_type
    fact = returned(body)
    assert (fact.return_id, fact.lines) == ("890088186047892319", (("11", 2), ("9007199254740995", 2)))
    assert (fact.amount_minor, fact.shipping_minor) == (None, 0)


def test_lines_that_were_cancelled_are_not_returned():
    """R33b: in one refund there may be both."""
    body = refund(lines=[(11, 1), (12, 2), (13, 1)], transactions=[transaction("41.94")])
    for each, restock_type in zip(body["refund_line_items"], ("cancel", "CANCEL", "return"), strict=True):
        each["restock_type"] = restock_type
    cancelled, returned_ = facts(body, "refunds/create")
    assert (cancelled.cancellation_id, cancelled.lines) == ("890088186047892319", (("11", 1), ("12", 2)))
    assert (returned_.return_id, returned_.lines, returned_.amount_minor) == ("890088186047892319", (("13", 1),), None)
    only_cancelled = refund(lines=[(11, 1)], transactions=[transaction("41.94")])
    only_cancelled["refund_line_items"][0]["restock_type"] = "cancel"
    assert [type(fact).__name__ for fact in facts(only_cancelled, "refunds/create")] == ["Cancelled"]


NOT_MOVED = ("pending", "failure", "error", "awaiting_response", "unknown", None)
MONEY = [
    ("its successful refunds add up", {"transactions": [transaction("10.10"), transaction("0.05")]}, (1015, 0)),
    ("what is pending or failed has not moved",
     {"transactions": [transaction("10.10"), *(transaction("5.00", status=each) for each in NOT_MOVED)]}, (1010, 0)),
    ("only refunds are", {"transactions": [transaction("10.10"), transaction("5.00", kind="capture")]}, (1010, 0)),
    ("in capitals", {"transactions": [transaction("10.10", kind="REFUND", status="SUCCESS")]}, (1010, 0)),
    ("shipping as a line", {"transactions": [transaction("5.00")], "refund_shipping_lines": [5.0]}, (500, 500)),
    ("shipping as an adjustment with its tax",
     {"transactions": [transaction("8.40")], "order_adjustments": [("shipping_refund", "-5.00", "-0.95")]}, (840, 595)),
    ("shipping as both is one",
     {"transactions": [transaction("5.00")], "refund_shipping_lines": ["5.00"],
      "order_adjustments": [("shipping_refund", "-5.00", "0.00")]}, (500, 500)),
    ("adjusted there and back",
     {"transactions": [transaction("3.95")],
      "order_adjustments": [("shipping_refund", each, "0.00") for each in ("-3.95", "3.95", "-3.95")]}, (395, 395)),
    ("a discrepancy is no shipping",
     {"transactions": [transaction("7.00")], "order_adjustments": [("refund_discrepancy", "-7.00", "0.00")]}, (700, 0)),
    ("shipping is inside the amount",
     {"transactions": [transaction("3.00")], "refund_shipping_lines": ["5.00"]}, (300, 300)),
    ("nothing to pay back lowers what is to be paid", {"refund_shipping_lines": ["5.00"]}, (500, 500)),
    ("yen have no places", {"transactions": [transaction("5000", currency="JPY")]}, (5000, 0)),
    ("yen with places", {"transactions": [transaction("5000.00", currency="JPY")]}, (5000, 0)),
    ("dinars have three", {"transactions": [transaction("5.001", currency="KWD")]}, (5001, 0)),
    ("without a currency", {"transactions": [transaction("5.01", currency=None)]}, (501, 0)),
    ("as a number", {"transactions": [transaction(89.99)]}, (8999, 0)),
    ("beyond what a double holds", {"transactions": [transaction("90071992547.93")]}, (9007199254793, 0)),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "money"), [each[1:] for each in MONEY], ids=[each[0] for each in MONEY])
def test_without_lines_the_money_that_moved_counts_to_the_cent(fields, money):
    """R33a: shipping is inside the amount."""
    fact = returned(refund(**fields))
    assert (fact.lines, fact.amount_minor, fact.shipping_minor) == ((), *money)


def test_shipping_is_read_in_the_currency_of_the_payment():
    body = refund(transactions=[transaction("4.50", currency="GBP")], refund_shipping_lines=["5.00"])
    body["refund_shipping_lines"][0]["subtotal_amount_set"]["presentment_money"] = {
        "amount": "4.20",
        "currency_code": "GBP",
    }
    assert (returned(body).amount_minor, returned(body).shipping_minor) == (450, 420)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"transactions": []},
        {"transactions": [transaction("5.00", status="pending")]},
        {"transactions": [transaction("5.00", status="pending")], "refund_shipping_lines": ["5.00"]},
        {"transactions": [transaction("0.00")]},
        {"lines": [(11, 0)]},
        {"transactions": [transaction("5.00"), transaction("5.00", currency="GBP")]},
        {"transactions": [transaction("-5.00")]},
        {"transactions": [transaction("5.001")]},
        *(
            {"transactions": [transaction(each)]}
            for each in (None, "", "NaN", "1e5", "9" * 200, "٣.00", [], True, 10**99)
        ),
    ],
    ids=str,
)
def test_a_refund_of_neither_lines_nor_money_takes_nothing_back(fields):
    """R33a: only a return that names nothing returns everything, and Shopify always names what it refunds."""
    assert reason(refund(**fields), "refunds/create")


@pytest.mark.parametrize(
    ("body", "topic", "headers"),
    [
        (event("delivered"), "fulfillment_events/create", {"test": "true"}),
        (fulfilled(fulfillment(1), test=True), "orders/fulfilled", {}),
        (refund(transactions=[transaction("5.00", test=True)]), "refunds/create", {}),
        (refund(lines=[(11, 1)], transactions=[transaction("5.00", test=True)]), "refunds/create", {}),
    ],
)
def test_test_mode_is_reported(body, topic, headers):
    reported = read_as(body, topic, **headers)
    assert isinstance(reported, ReportedOrder)
    assert reported.is_test


# --- any other input

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["5.00", "success"]),
    lambda children: st.lists(children, max_size=3) | st.dictionaries(st.text(max_size=5), children, max_size=3),
    max_leaves=8,
)
NAMES = sorted({name for body in OTHERS.values() for name in body})


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(OTHERS)),
    st.dictionaries(st.sampled_from(NAMES), JSON, max_size=4),
    st.dictionaries(st.sampled_from(shopify.KEPT_HEADERS), st.text(max_size=5)),
)
def test_no_body_and_no_header_leads_to_anything_but_an_answer(topic, changes, headers):
    body = json.dumps({**OTHERS[topic], **changes}).encode()
    delivery = Sent({"x-shopify-topic": topic, **headers}, body)
    try:
        identity = shopify.identify(delivery)
    except MalformedDelivery:
        return
    assert identity.event_id
    assert isinstance(shopify.read(delivery, NOW), ReportedOrder | Ignored)
