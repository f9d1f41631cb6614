"""Events of a producer's test mode never credit in production, wherever the producer marks them."""

import json
from collections.abc import Mapping
from copy import deepcopy
from datetime import UTC, datetime
from typing import Any

import pytest

from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.events import ReportedOrder, Sent
from tests.support.samples import samples

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
SAMPLES = {each.name: each for each in samples()}
SHOPIFY_REFUND = "shopify_refunds_create_bigint_ids"
PLACES: list[tuple[str, tuple[str | int, ...], object]] = [
    ("native_shipment_delivered", ("test",), True),
    ("native_shipment_delivered", ("data", "test"), True),
    ("easypost_tracker_updated_delivered", ("mode",), "test"),
    ("easypost_tracker_updated_delivered", ("result", "mode"), "test"),
    ("easypost_tracker_updated_delivered", ("result", "mode"), "a mode of later"),
    ("aftership_tracking_update_delivered", ("is_test",), True),
    ("aftership_tracking_update_delivered", ("msg", "is_test"), True),
    ("shippo_track_updated_delivered", ("test",), True),
    ("shippo_track_updated_delivered", ("data", "test"), True),
    ("shippo_track_updated_delivered", ("data", "tracking_status", "test"), True),
    ("shippo_track_updated_delivered", ("data", "carrier"), "shippo"),
    ("sendcloud_parcel_status_changed_delivered", ("test",), True),
    ("sendcloud_parcel_status_changed_delivered", ("parcel", "is_test"), True),
    (SHOPIFY_REFUND, ("test",), True),
    (SHOPIFY_REFUND, ("transactions", 0, "test"), True),
    (SHOPIFY_REFUND, ("transactions", 0, "gateway"), "bogus"),
    (SHOPIFY_REFUND, ("transactions", 0, "receipt"), {"testcase": True}),
    (SHOPIFY_REFUND, ("payment_gateway_names",), ["shopify_payments", "bogus"]),
    ("shopify_orders_fulfilled", ("fulfillments", 0, "receipt"), {"testcase": True}),
]
"""The places at which each producer marks test mode, as docs/webhooks.md lists them."""


def read(name: str, event: Mapping[str, Any], **headers: str) -> ReportedOrder:
    sample = SAMPLES[name]
    sent = Sent(dict(sample.sent.headers) | headers, json.dumps(event).encode())
    happening = PRODUCERS[sample.producer].read(sent, NOW)
    assert isinstance(happening, ReportedOrder)
    return happening


def of_production(name: str) -> dict[str, Any]:
    """Returns a sample's event, with the marks that it brings taken off."""
    event = deepcopy(json.loads(SAMPLES[name].sent.body))
    for each in event.get("transactions", []):
        each |= {"test": False, "gateway": "shopify_payments"}
    for each in event.get("fulfillments", []):
        each["receipt"] = {}
    if name.startswith("easypost"):
        event["mode"] = event["result"]["mode"] = "production"
        for scan in event["result"].get("tracking_details", []):
            scan.pop("mode", None)
    if name.startswith("shippo"):
        event["data"] |= {"carrier": "usps", "test": False}
    return event


@pytest.mark.parametrize(("name", "place", "mark"), PLACES)
def test_a_mark_is_seen_wherever_it_stands(name: str, place: tuple[str | int, ...], mark: object):
    event = of_production(name)
    assert not read(name, event).is_test
    inside: Any = event
    for step in place[:-1]:
        inside = inside[step]
    inside[place[-1]] = mark
    assert read(name, event).is_test


def test_every_producer_has_its_places():
    assert {SAMPLES[name].producer for name, _, _ in PLACES} == set(PRODUCERS)


def test_shopify_marks_a_header_too():
    assert read(SHOPIFY_REFUND, of_production(SHOPIFY_REFUND), **{"x-shopify-test": "true"}).is_test


def test_returns_of_aftership_have_marks_of_their_own():
    event = {
        "event": "return.resolved",
        "data": {
            "rma_number": "R-1",
            "order": {"order_number": "1"},
            "return_items": [{"received_quantity": 1, "external_order_item_id": "1"}],
        },
    }
    name = "aftership_returns_return_approved"
    assert not read(name, event).is_test
    for marked in (event | {"is_test": True}, event | {"data": event["data"] | {"is_test": "true"}}):
        assert read(name, marked).is_test


CARRIERS: list[tuple[str, tuple[str | int, ...]]] = [
    ("native_shipment_delivered", ("data", "carrier")),
    ("native_return_received", ("data", "carrier")),
    ("easypost_tracker_updated_delivered", ("result", "carrier")),
    ("aftership_tracking_update_delivered", ("msg", "slug")),
    ("shippo_track_updated_delivered", ("data", "carrier")),
    ("sendcloud_parcel_status_changed_delivered", ("parcel", "carrier", "code")),
    ("shopify_orders_fulfilled", ("fulfillments", 0, "tracking_company")),
]


@pytest.mark.parametrize("malformed", [{}, [], "", True, 1.5, "x" * 201])
@pytest.mark.parametrize(("name", "place"), CARRIERS)
def test_a_carrier_that_cannot_be_read_spoils_no_delivery(name: str, place: tuple[str | int, ...], malformed: object):
    """It only decides between two parcels with one number."""
    event = of_production(name)
    inside: Any = event
    for step in place[:-1]:
        inside = inside.setdefault(step, {}) if isinstance(inside, dict) else inside[step]
    inside[place[-1]] = malformed
    assert read(name, event).fact.carrier is None
