"""Shopify's webhooks against orders recorded under its numeric ids (R31 to R34), through HTTP and the database."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from itertools import permutations
from typing import Any

import httpx
import pytest

from loyalty.webhooks.producers.events import Sent
from mipoints.signing import signed_headers
from tests.support.audit import problems
from tests.support.drain import apply_deliveries
from tests.support.sending import states
from tests.support.shopify_bodies import ORDER, SAMPLES, SECRET, event, fulfilled, fulfillment, refund, transaction
from tests.support.stage import Stage

SAMPLED = "450789469"
GREEN, RED, BLACK = "466157049", "518995019", "703073504"
LINES = [(GREEN, 1, 19900), (RED, 1, 19900), (BLACK, 1, 19900)]
TOPICS = ("fulfillment_events/create", "orders/fulfilled", "refunds/create")
PIECES = [("11", 1, 10000), ("12", 2, 5000)]
TWO = fulfilled(fulfillment(1, "A", [(11, 1), (12, 1)]), fulfillment(2, "B", [(12, 1)]))


async def post(stage: Stage, body: Mapping[str, Any], event_id: str | None = None, **headers: str) -> httpx.Response:
    """One delivery as `mipoints webhook send shopify` makes it; headers such as topic="refunds/create"."""
    content = json.dumps(body).encode()
    others = {f"x-shopify-{name}": value for name, value in headers.items()}
    signed = signed_headers("shopify", SECRET, content, event_id) | others
    return await stage.http.post("/webhooks/shopify", content=content, headers=signed)


async def send_all(stage: Stage, *bodies: Mapping[str, Any]) -> None:
    """Sends deliveries; each is accepted and applied before the next."""
    for body in bodies:
        assert (await post(stage, body)).status_code == 202
        await stage.drain()


async def send_sample(stage: Stage, sample: Sent) -> None:
    """Sends a published delivery with its own headers, byte for byte."""
    answer = await stage.http.post("/webhooks/shopify", content=sample.body, headers=dict(sample.headers))
    assert answer.status_code == 202
    await stage.drain()


async def points(stage: Stage) -> tuple[int, int]:
    """Available and pending points, without the 50 for signing up."""
    available, pending, debt = await stage.balance()
    assert debt == 0
    return available - 50, pending


async def joined(stage: Stage, number: str = str(ORDER), lines: list[Any] = PIECES, **more: Any) -> None:
    await stage.register()
    await stage.advance(minutes=5)
    assert (await stage.order(number, lines, **more))["__typename"] == "OrderRecorded"


async def news_of_parcel(stage: Stage, tracking_number: str) -> None:
    """A carrier reports the delivery of a parcel, without the order's number."""
    assert (await stage.webhook("shipment.delivered", {"tracking_number": tracking_number})).is_success
    await stage.drain()


def delivered(id_: int, **more: Any) -> dict[str, Any]:
    """The event that this fulfillment was delivered."""
    return event("delivered", fulfillment_id=id_, **more)


# --- the published samples


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("refunds_create_two_lines", 201),
        ("refunds_create_partial_no_restock", 401),
        ("refunds_create_shipping_only", 602),
    ],
)
async def test_the_sampled_refunds_take_back_what_they_name_and_no_more(stage: Stage, name: str, left: int):
    """R32, R33a: lines with their share of shipping, whatever their restock type; money in dollars moves nothing of an
    order in euros."""
    await joined(stage, SAMPLED, LINES, shippingMinor=500)
    await send_all(stage, delivered(255858046, order_id=int(SAMPLED)))
    assert await points(stage) == (602, 0)
    await send_sample(stage, SAMPLES[name])
    assert await points(stage) == (left, 0)


async def test_the_sampled_refund_of_shipping_takes_shippings_part_of_an_order_in_its_currency(stage: Stage):
    """R32: goods keep their points; only the part of the shipping goes."""
    await joined(stage, SAMPLED, LINES, shippingMinor=500)
    await send_all(stage, delivered(255858046, order_id=int(SAMPLED)))
    in_euros = SAMPLES["refunds_create_shipping_only"].body.replace(b"USD", b"EUR")
    await send_all(stage, json.loads(in_euros))
    assert await points(stage) == (597, 0)


def in_both(euros: str, dollars: str) -> dict[str, Any]:
    """Returns money as a shop in dollars tells it of a buyer who paid in euros."""
    return {
        "shop_money": {"amount": dollars, "currency_code": "USD"},
        "presentment_money": {"amount": euros, "currency_code": "EUR"},
    }


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ({"transactions": [transaction("20.00", currency="USD")]}, 102),
        ({"transactions": [transaction("22.00", currency="USD", amount_set=in_both("20.00", "22.00"))]}, 82),
        (
            {
                "transactions": [transaction("22.00", currency="USD")],
                "order_adjustments": [
                    {
                        "kind": "refund_discrepancy",
                        "amount": "-22.00",
                        "tax_amount": "0.00",
                        "amount_set": in_both("-20.00", "-22.00"),
                    }
                ],
            },
            82,
        ),
        ({"refund_shipping_lines": [{"subtotal_amount_set": in_both("5.00", "5.50")}]}, 97),
        ({"transactions": [transaction("20.00", currency="USD"), transaction("9.00")]}, 102),
    ],
    ids=["in dollars alone", "transaction in both", "adjustment in both", "shipping in both", "two currencies"],
)
async def test_a_refund_counts_in_the_orders_currency_or_moves_nothing(stage: Stage, told: dict[str, Any], left: int):
    """R33a: and operators see why."""
    await joined(stage, lines=[(str(GREEN), 1, 97_00)], shippingMinor=500)
    await send_all(stage, delivered(1))
    await send_all(stage, {**refund(), **told})
    assert await points(stage) == (left, 0)
    if left == 102:
        state, reason = await stage.owner.fetchrow("select state, error from inbox where type = 'refunds/create'")
        assert state == "IGNORED"
        assert "currency" in reason or reason == "It refunds money in USD, and the order is in EUR: no points move."


@pytest.mark.parametrize(("currency", "left"), [("USD", 102), ("eur", 82), (None, 82)])
async def test_a_native_refund_counts_in_the_orders_currency(stage: Stage, currency: str | None, left: int):
    """R33a: without a currency it is the order's."""
    await joined(stage, lines=[(str(GREEN), 1, 97_00)], shippingMinor=500)
    await stage.delivered(str(ORDER))
    money = {"amount_minor": 2000, "shipping_minor": 0} | ({"currency": currency} if currency else {})
    await stage.returned(str(ORDER), "R-1", refund=money)
    assert await points(stage) == (left, 0)


async def test_the_sampled_refund_of_large_ids_finds_its_order_and_line(stage: Stage):
    await joined(stage, "820982911946154508", [("487817672276298554", 1, 8999)])
    await send_all(stage, delivered(1, order_id=820982911946154508))
    assert await points(stage) == (90, 0)
    await send_sample(stage, SAMPLES["refunds_create_bigint_ids"])
    assert await points(stage) == (0, 0)


async def test_the_sampled_order_is_handed_over_and_not_delivered(stage: Stage):
    await joined(stage, SAMPLED, LINES)
    await send_sample(stage, SAMPLES["orders_fulfilled"])
    assert (await states(stage), await points(stage)) == (["APPLIED"], (0, 597))
    parcels = await stage.storefront(
        "query($number: String!) { order(number: $number) { parcels { trackingNumber state lineIds } } }",
        number=SAMPLED,
    )
    assert parcels == {"parcels": [{"trackingNumber": "1Z2345", "state": "IN_TRANSIT", "lineIds": [GREEN]}]}
    await send_all(stage, delivered(255858046, order_id=int(SAMPLED)))
    assert await points(stage) == (199, 398)


async def test_of_the_sampled_events_only_the_delivery_credits(stage: Stage):
    await joined(stage, "2776493818019", [("1", 1, 10000)])
    await send_sample(stage, SAMPLES["fulfillment_events_create_label_printed"])
    assert (await states(stage), await points(stage)) == (["IGNORED"], (0, 100))
    await send_sample(stage, SAMPLES["fulfillment_events_create_delivered"])
    assert (await states(stage), await points(stage)) == (["IGNORED", "APPLIED"], (100, 0))


# --- fulfillments


async def test_each_of_two_fulfillments_credits_what_travels_in_it(stage: Stage):
    await joined(stage)
    await send_all(stage, TWO, delivered(2))
    assert await points(stage) == (25, 125)
    await send_all(stage, event("ready_for_pickup", fulfillment_id=1), event("in_transit", fulfillment_id=1))
    assert await points(stage) == (25, 125)
    await send_all(stage, event("picked_up", fulfillment_id=1))
    assert await points(stage) == (150, 0)


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_two_fulfillments_end_the_same_in_any_order_of_their_deliveries(stage: Stage, order: tuple[int, ...]):
    """Points that were credited before the lines of each fulfillment were known are taken back."""
    news = [TWO, delivered(1), refund(lines=[(11, 1)])]
    await joined(stage)
    await send_all(stage, *(news[place] for place in order))
    assert await points(stage) == (25, 25)
    await send_all(stage, delivered(2))
    assert await points(stage) == (50, 0)


async def test_the_carriers_own_webhooks_and_shopifys_count_once(stage: Stage):
    await joined(stage)
    await send_all(stage, TWO)
    await stage.delivered(str(ORDER), "A")
    assert await points(stage) == (125, 25)
    await send_all(stage, delivered(1), delivered(2))
    await stage.delivered(str(ORDER), "B")
    assert await points(stage) == (150, 0)
    await stage.send_event("shipment.returned_to_sender", str(ORDER), tracking_number="B")
    assert await points(stage) == (125, 0)


async def test_a_carriers_delivery_finds_the_order_by_the_tracking_number_from_shopify(stage: Stage):
    """The carrier's delivery waits until Shopify reports the tracking number, and then finds the order by it."""
    await joined(stage)
    await news_of_parcel(stage, "A")
    assert (await states(stage), await points(stage)) == (["PARKED"], (0, 150))
    await send_all(stage, TWO)
    assert (await states(stage), await points(stage)) == (["APPLIED", "APPLIED"], (125, 25))
    await news_of_parcel(stage, "B")
    await send_all(stage, delivered(1), delivered(2), fulfilled(*TWO["fulfillments"], note="sent again"))
    assert await points(stage) == (150, 0)


@pytest.mark.spoils
async def test_the_audit_accepts_the_parcels_that_shopify_reported(stage: Stage):
    await joined(stage, parcels={"B": {"12": 1}})
    await send_all(stage, TWO)
    assert await problems(stage.owner) == []
    await stage.owner.execute("delete from tracking_numbers where tracking_number = 'A'")
    (found,) = await problems(stage.owner)
    assert "tracking number A" in found


@pytest.mark.parametrize("_", range(10))
async def test_a_carriers_delivery_and_shopifys_report_of_its_parcel_at_once_find_each_other(stage: Stage, _: int):
    """The one that commits second sees the other."""
    await joined(stage)
    assert (await post(stage, TWO)).status_code == 202
    assert (await stage.webhook("shipment.delivered", {"tracking_number": "A"})).is_success
    await asyncio.gather(*(apply_deliveries(stage.programme) for _ in range(4)))
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED", "APPLIED"], (125, 25))


async def test_recorded_parcels_wait_until_their_fulfillment_is_known(stage: Stage):
    """The delivery is stored as a fact and waits as long as needed; it is neither tried again nor dead."""
    await joined(stage, parcels={"A": {"11": 1, "12": 1}, "B": {"12": 1}})
    await send_all(stage, delivered(1))
    assert (await states(stage), await points(stage)) == (["APPLIED"], (0, 150))
    await send_all(stage, TWO)
    assert await points(stage) == (125, 25)


async def test_deliveries_before_their_order_are_applied_when_it_is_recorded(stage: Stage):
    await send_all(stage, delivered(1), refund(lines=[(12, 1)]), TWO)
    assert await states(stage) == ["PARKED", "PARKED", "PARKED"]
    await joined(stage)
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED"] * 3, (100, 25))


async def test_lines_that_the_order_does_not_have_do_not_stop_the_others(stage: Stage):
    """R34, R61a: the note names them, and they count once the order has them."""
    await joined(stage)
    await send_all(stage, fulfilled(fulfillment(1, "A", [(11, 1), (99, 1)]), fulfillment(2, "B", [(98, 1)])))
    await send_all(stage, delivered(1), delivered(2))
    assert (await states(stage), await points(stage)) == (["APPLIED"] * 3, (100, 50))
    note = await stage.owner.fetchval("select error from inbox where error is not null")
    assert note == "Applied. The order has no line 98, 99; the event counts for it once it is added."
    added = await stage.add_lines(str(ORDER), [("98", 1, 700), ("99", 1, 300)])
    assert (added["order"]["pointsCredited"], added["order"]["pointsPending"]) == (110, 50)


# --- refunds


async def test_a_refund_before_the_delivery_cancels_what_waits(stage: Stage):
    """R33: nothing is debited."""
    await joined(stage)
    await send_all(stage, refund(lines=[(11, 1)]))
    assert await points(stage) == (0, 50)
    await send_all(stage, delivered(1))
    assert await points(stage) == (50, 0)
    assert [kind for kind, moved, _ in await stage.history() if moved < 0] == []


async def test_a_refund_of_nothing_takes_nothing_back(stage: Stage):
    await joined(stage)
    await send_all(stage, delivered(1), refund(transactions=[transaction("150.00", status="pending")]))
    assert (await states(stage), await points(stage)) == (["APPLIED", "IGNORED"], (150, 0))
    await send_all(stage, refund(transactions=[transaction("30.00")]))
    assert await points(stage) == (120, 0)


# --- unsigned parts of a delivery


async def test_the_same_body_under_any_event_id_changes_nothing(stage: Stage):
    await joined(stage)
    news = [TWO, delivered(1), refund(lines=[(12, 1)])]
    await send_all(stage, *news)
    before = (await points(stage), await stage.history())
    for body in news:
        assert (await post(stage, body)).status_code == 200
        for copy in range(3):
            assert (await post(stage, body, f"copy-{copy}")).status_code == 202
            await stage.drain()
    assert (await points(stage), await stage.history()) == before
    assert set(await states(stage)) == {"APPLIED"}


async def test_a_captured_body_under_another_topic_is_ignored(stage: Stage):
    await joined(stage)
    for body in (event("in_transit"), refund(lines=[(11, 1)]), TWO):
        for topic in TOPICS:
            await post(stage, body, topic=topic, event_id="e1")
    await stage.drain()
    assert sorted(await states(stage)) == ["APPLIED"] * 3 + ["IGNORED"] * 6
    assert await points(stage) == (0, 50)


async def test_a_delivery_ignored_under_one_topic_is_applied_under_its_own_though_the_event_id_is_one(stage: Stage):
    await joined(stage)
    await send_all(stage, delivered(1))
    for topic in ("orders/updated", "orders/fulfilled"):
        assert (await post(stage, TWO, "e1", topic=topic)).status_code == 202
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED", "IGNORED", "APPLIED"], (125, 25))


@pytest.mark.parametrize(
    ("body", "headers"),
    [
        (delivered(1), {"test": "true"}),
        (fulfilled(fulfillment(1, "A"), test=True), {}),
        (refund(lines=[(11, 1)], transactions=[transaction("100.00", test=True)]), {}),
    ],
    ids=lambda each: next(iter(each), "none"),
)
async def test_test_mode_moves_points_in_the_sandbox_only(stage: Stage, body: dict[str, Any], headers: dict[str, str]):
    await joined(stage)
    assert (await post(stage, body, **headers)).status_code == 202
    await apply_deliveries(replace(stage.programme, takes_tests=False))
    assert (await states(stage), await points(stage)) == (["IGNORED"], (0, 150))
    assert (await post(stage, body, "again", **headers)).status_code == 202
    await stage.drain()
    assert await states(stage) == ["IGNORED", "APPLIED"]


async def test_a_delivery_without_signature_or_topic_is_rejected_and_not_stored(stage: Stage):
    body = json.dumps(delivered(1)).encode()
    signed = signed_headers("shopify", SECRET, body)
    for headers, status in (
        (signed_headers("shopify", "another secret", body), 401),
        ({name: value for name, value in signed.items() if "hmac" not in name}, 401),
        ({name: value for name, value in signed.items() if "topic" not in name}, 400),
    ):
        answer = await stage.http.post("/webhooks/shopify", content=body, headers=headers)
        assert answer.status_code == status
    assert await states(stage) == []


# --- fulfillments one by one, and cancellations


async def test_an_order_in_two_fulfillments_is_credited_fulfillment_by_fulfillment(stage: Stage):
    """The contents of each are known before it arrives; no other guess is made (R34)."""
    await joined(stage)
    first = {**fulfillment(1, None, [(11, 1)]), "order_id": ORDER}
    await send_all(stage, first, delivered(1))
    assert await points(stage) == (100, 50)
    await send_all(stage, delivered(2))
    assert await points(stage) == (100, 50), "nobody has said yet what travels in the second one"
    second = {**fulfillment(2, "B", [(12, 1)]), "order_id": ORDER}
    await send_all(stage, second)
    assert await points(stage) == (125, 25)
    await send_all(stage, fulfilled(fulfillment(1, None, [(11, 1)]), fulfillment(2, "B", [(12, 1)]),
                                    fulfillment(3, "C", [(12, 1)])), delivered(3))  # fmt: skip
    assert (await states(stage), await points(stage)) == (["APPLIED"] * 6, (150, 0))


async def test_a_number_that_is_added_to_a_fulfillment_later_leads_to_it(stage: Stage):
    """`fulfillments/update` is how a shop reports a tracking number; the carrier knows no order number."""
    await joined(stage)
    await stage.webhook("shipment.delivered", {"tracking_number": "A", "occurred_at": "2026-11-03T11:59:30Z"})
    await stage.drain()
    first, updated = ({**fulfillment(1, number, [(11, 1)]), "order_id": ORDER} for number in (None, "A"))
    await send_all(stage, first)
    assert await points(stage) == (0, 150)
    assert (await post(stage, updated, topic="fulfillments/update")).status_code == 202
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED"] * 3, (100, 50))


async def test_a_partially_fulfilled_order_says_what_travels_where(stage: Stage):
    await joined(stage)
    body = fulfilled(fulfillment(1, "A", [(12, 1)]), fulfillment_status="partial")
    await send_all(stage, body, delivered(1))
    assert await points(stage) == (25, 125)


async def test_a_fulfillment_that_was_cancelled_is_ignored(stage: Stage):
    await joined(stage)
    await send_all(stage, {**fulfillment(1, "A", [(11, 1)], status="cancelled"), "order_id": ORDER})
    assert await states(stage) == ["IGNORED"]


async def test_cancelled_pieces_are_not_returned_ones(stage: Stage):
    """R33b, worked example 11: one of three is delivered, two are cancelled."""
    await joined(stage, lines=[("11", 3, 150000)])
    body = refund(lines=[(11, 2)])
    body["refund_line_items"][0]["restock_type"] = "cancel"
    await send_all(stage, body, fulfilled(fulfillment(1, "A", [(11, 1)])), delivered(1))
    assert await points(stage) == (500, 0)
    assert [kind for kind, moved, _ in await stage.history() if moved < 0] == []


async def test_an_order_cancelled_whole_says_so(stage: Stage):
    """R33b."""
    await joined(stage)
    await send_all(stage, fulfilled(fulfillment_status=None, cancelled_at="2026-11-01T10:00:00Z"))
    assert await points(stage) == (0, 0)
    me = await stage.app("mi-1", "{ me { verdicts { nodes { kind outcome code message } } } }")
    verdict = next(each for each in me["verdicts"]["nodes"] if each["kind"] == "PURCHASE")
    assert (verdict["outcome"], verdict["code"]) == ("REFUSED", "CANCELLED")
    assert verdict["message"] == f"No points for order {ORDER}, because it was cancelled."


async def test_one_event_under_several_topics_is_stored_for_each(stage: Stage):
    """Shopify gives one event id to every topic of one action, and another body to each."""
    await joined(stage)
    part = {**fulfillment(1, "A", [(11, 1)]), "order_id": ORDER}
    for body in (fulfilled(fulfillment(1, "A", [(11, 1)])), part):
        assert (await post(stage, body, event_id="one")).status_code == 202
    assert (await post(stage, part, event_id="one")).status_code == 200


async def test_an_earlier_releases_return_is_not_cancelled_once_more(stage: Stage):
    """A refund with cancelled lines was stored as a return before; the same refund again changes nothing."""
    await joined(stage)
    await send_all(stage, delivered(1), refund(lines=[(11, 1)]))
    body = refund(lines=[(11, 1)])
    body["refund_line_items"][0]["restock_type"] = "cancel"
    await send_all(stage, body)
    assert (await states(stage), await points(stage)) == (["APPLIED"] * 3, (50, 0))
    assert await stage.owner.fetchval("select count(*) from order_facts where kind = 'Cancelled'") == 0
