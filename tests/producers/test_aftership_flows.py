"""AfterShip's events through the programme: parcels credited once, goods that came back taken back once."""

import json
from typing import Any

import pytest

from tests.support.samples import sample
from tests.support.sending import became, deliver_together, facts, send, states
from tests.support.stage import Stage

DELIVERED = sample("aftership_tracking_update_delivered").sent.body
IN_TRANSIT = sample("aftership_tracking_update_in_transit_2026_07").sent.body
LEGACY = sample("aftership_tracking_update_in_transit_legacy_full").sent.body
SENT_BACK = sample("aftership_tracking_update_returned_to_sender").sent.body
APPROVED = sample("aftership_returns_return_approved").sent.body
NUMBER = "0000000000000000"
LINES = [("11", 2, 10000), ("12", 1, 5000)]


def parcel(event_id: str, **message: Any) -> dict[str, Any]:
    """The delivered parcel's event, with the given values in place of its own."""
    event = json.loads(DELIVERED) | {"event_id": event_id}
    return event | {"msg": event["msg"] | message}


def goods(event_id: str, event: str, *received: tuple[str, int, int], rma: str = "RMA-1001") -> dict[str, Any]:
    """A return of ORD-1001; each item is (line, pieces returned, pieces received)."""
    items = [
        {"external_order_item_id": line, "return_quantity": of, "received_quantity": n} for line, of, n in received
    ]
    data = {"id": "x", "rma_number": rma, "order": {"order_number": "ORD-1001"}, "return_items": items}
    return {"id": event_id, "version": "2026-07", "event": event, "created_at": "2024-04-10T07:34:56Z", "data": data}


async def ordered(stage: Stage) -> None:
    """Order ORD-1001 of 150 EUR in one parcel, by a member whose sign-up points wait."""
    await stage.register()
    await stage.order("ORD-1001", LINES, parcels={NUMBER: {"11": 2, "12": 1}})


async def test_a_delivery_is_credited_once_despite_repeats_and_stale_events(stage: Stage):
    await ordered(stage)
    await deliver_together(stage, "aftership", IN_TRANSIT)
    assert (await stage.balance())[:2] == (0, 200)
    for body in (DELIVERED, DELIVERED, parcel("again"), IN_TRANSIT, parcel("late", tag="InTransit", subtag="x")):
        await deliver_together(stage, "aftership", body)
        assert (await stage.balance())[:2] == (150, 50)
    assert await facts(stage) == 2
    assert len(await stage.history()) == 1


async def test_the_old_full_body_after_the_delivery_changes_nothing(stage: Stage):
    old = json.loads(LEGACY)["msg"]["tracking_number"]
    await stage.register()
    await stage.order("ORD-1001", LINES, parcels={old: {"11": 2, "12": 1}})
    await deliver_together(stage, "aftership", parcel("e1", tracking_number=old))
    await deliver_together(stage, "aftership", LEGACY)
    assert await states(stage) == ["APPLIED", "APPLIED"]
    assert (await stage.balance())[:2] == (150, 50)


@pytest.mark.parametrize("order", [(SENT_BACK, DELIVERED), (DELIVERED, SENT_BACK)], ids=["first", "afterwards"])
async def test_a_parcel_that_goes_back_ends_without_points_in_any_order(stage: Stage, order: tuple[bytes, ...]):
    await ordered(stage)
    for body in order:
        await deliver_together(stage, "aftership", body)
    assert await stage.balance() == (0, 50, 0)


async def test_at_a_pickup_point_it_is_not_delivered_until_it_is_fetched(stage: Stage):
    await ordered(stage)
    await deliver_together(stage, "aftership", parcel("e1", tag="AvailableForPickup", subtag="AvailableForPickup_001"))
    assert (await stage.balance())[:2] == (0, 200)
    await deliver_together(stage, "aftership", parcel("e2", tag="Delivered", subtag="Delivered_002"))
    assert (await stage.balance())[:2] == (150, 50)


async def test_lost_is_without_points_until_it_is_found(stage: Stage):
    await ordered(stage)
    await deliver_together(stage, "aftership", parcel("e1", tag="Exception", subtag="Exception_013"))
    assert (await stage.balance())[:2] == (0, 50)
    await deliver_together(stage, "aftership", parcel("e2") | {"ts": 1712741797})
    assert (await stage.balance())[:2] == (150, 50)


async def test_an_unrecorded_parcel_finds_its_order_by_the_order_number_of_the_carrier(stage: Stage):
    await stage.register()
    await deliver_together(stage, "aftership", DELIVERED)
    assert await states(stage) == ["PARKED"]
    await stage.order("ORD-1001", LINES)
    await stage.drain()
    assert await states(stage) == ["APPLIED"]
    assert (await stage.balance())[:2] == (150, 50)


async def test_the_parcel_decides_and_not_the_order_number_of_the_carrier(stage: Stage):
    await ordered(stage)
    await stage.order("ORD-2", [("21", 1, 7000)])
    await deliver_together(stage, "aftership", parcel("e1", order_number="ORD-2"))
    assert (await stage.balance())[:2] == (150, 120)


async def test_goods_that_came_back_are_taken_back_once(stage: Stage):
    await ordered(stage)
    await deliver_together(stage, "aftership", DELIVERED, APPROVED)
    assert (await stage.balance())[:2] == (150, 50)
    await deliver_together(stage, "aftership", goods("r1", "return.receiving.created", ("11", 2, 1)))
    assert (await stage.balance())[:2] == (150, 50)
    await deliver_together(stage, "aftership", goods("r2", "return.receiving.created", ("11", 2, 2)))
    assert (await stage.balance())[:2] == (50, 50)
    await deliver_together(stage, "aftership", goods("r3", "return.resolved", ("11", 2, 2)))
    assert (await stage.balance())[:2] == (50, 50)
    await deliver_together(stage, "aftership", goods("r4", "return.resolved", ("12", 1, 1), rma="RMA-1002"))
    assert await stage.balance() == (0, 50, 0)


async def test_a_return_before_the_delivery_ends_the_same(stage: Stage):
    await ordered(stage)
    await deliver_together(stage, "aftership", goods("r1", "return.resolved", ("11", 2, 2)))
    assert (await stage.balance())[:2] == (0, 100)
    await deliver_together(stage, "aftership", DELIVERED)
    assert (await stage.balance())[:2] == (50, 50)


async def test_a_return_of_an_unknown_order_waits_and_of_an_unknown_line_is_tried_again(stage: Stage):
    await stage.register()
    await deliver_together(stage, "aftership", goods("r1", "return.resolved", ("99", 1, 1)))
    assert await became(stage) == [("PARKED", "Its order is not known yet.")]
    await stage.order("ORD-1001", LINES)
    await stage.drain()
    assert await became(stage) == [("RECEIVED", "The order has no line 99.")]


async def test_an_unverified_or_malformed_delivery_is_not_stored(stage: Stage):
    proof = sample("aftership_tracking_update_delivered").sent.headers["aftership-hmac-sha256"]
    for body, headers, status in (
        (DELIVERED, {}, 401),
        (DELIVERED[:-1], {"aftership-hmac-sha256": proof}, 401),
        (SENT_BACK, {"aftership-hmac-sha256": proof}, 401),
        (DELIVERED, {"am-webhook-signature": f"hmac-sha256={proof}"}, 401),
        (DELIVERED, {"as-signature-hmac-sha256": proof}, 400),
    ):
        assert (await send(stage, "aftership", body, headers)).status_code == status
    assert await states(stage) == []
    assert (await send(stage, "aftership", DELIVERED, {"AfterShip-HMAC-SHA256": proof})).status_code == 202
