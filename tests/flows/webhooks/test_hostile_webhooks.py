"""Hostile and unlucky webhooks still lead to the right order and the right points (R34, design §5)."""

from random import Random
from typing import Any

import pytest

from db.webhooks.inbox import mark_parked_dead
from loyalty.webhooks.replay import replay_by_hand
from tests.support.sending import deliver_each, order_by, send, states
from tests.support.stage import Stage


def easypost(id_: str, parcel: str, status: str = "delivered", carrier: str = "FedEx") -> dict[str, Any]:
    """A tracker's event with one scan in its history."""
    scan = {"status": status, "datetime": "2026-11-03T11:59:30Z"}
    tracker = {"tracking_code": parcel, "status": status, "carrier": carrier, "tracking_details": [scan]}
    return {"id": id_, "description": "tracker.updated", "mode": "production", "result": tracker}


async def test_a_delivery_with_the_longest_names_counts_and_delays_no_other(stage: Stage):
    """Unshortened, its business key would be too long for Postgres' index."""
    await stage.register()
    random = Random(7)
    fulfillment, parcel, carrier = (
        "".join(chr(random.randint(0x10000, 0x10FFFF)) for _ in range(200)) for _ in range(3)
    )
    sent = {"id": fulfillment, "status": "success", "tracking_number": parcel, "tracking_company": carrier}
    lines = [{"id": "1", "quantity": 1}]
    body = {"id": "4500001", "line_items": lines, "fulfillment_status": "fulfilled"}
    await stage.order("4500001", [("1", 1, 10000)])
    await deliver_each(stage, "shopify", body | {"fulfillments": [sent | {"line_items": lines}]})
    await stage.order("ORD-2", [("1", 1, 5000)])
    await stage.delivered("ORD-2")
    assert await states(stage) == ["APPLIED", "APPLIED"]
    await stage.send_event("shipment.delivered", "4500001", tracking_number=parcel, carrier=carrier)
    assert (await stage.balance())[:2] == (150, 50)


@pytest.mark.parametrize(
    "fails",
    [
        "raise exception 'out of order' using errcode = 'internal_error'",
        "perform pg_terminate_backend(pg_backend_pid())",
    ],
    ids=["an error of its own", "its connection ends"],
)
async def test_an_error_of_postgres_for_one_delivery_delays_no_other(stage: Stage, fails: str):
    """With any such error, no attempt of the delivery is counted, and the next delivery is tried."""
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.order("ORD-2", [("1", 1, 5000)])
    await stage.owner.execute(
        "create function refuse() returns trigger language plpgsql security definer as "
        f"$$ begin {fails}; return new; end $$"
    )
    await stage.owner.execute(
        "create trigger refuse before insert on order_facts for each row when (new.number = 'ORD-1') "
        "execute function refuse()"
    )
    for number in ("ORD-1", "ORD-2"):
        assert (await stage.webhook("shipment.delivered", {"order_number": number})).is_success
    await stage.drain()
    assert await states(stage) == ["RECEIVED", "APPLIED"]
    assert await stage.owner.fetchval("select attempts from inbox where state = 'RECEIVED'") == 0
    await stage.owner.execute("drop function refuse cascade")
    await stage.owner.execute("update inbox set not_before = null")
    await stage.drain()
    assert (await stage.balance())[:2] == (150, 50)


async def test_the_carriers_name_decides_between_two_orders_for_native_events_too(stage: Stage):
    await stage.register()
    await order_by(stage, "ORD-1", {"T1": "UPS"})
    await order_by(stage, "ORD-2", {"T1": "FedEx"})
    assert (await stage.webhook("shipment.delivered", {"tracking_number": "T1", "carrier": "fedex"})).is_success
    await stage.drain()
    assert await stage.owner.fetchval("select order_number from inbox") == "ORD-2"


async def test_a_reused_tracking_number_credits_the_current_order(stage: Stage):
    await stage.register()
    await order_by(stage, "ORD-1", {"T1": "FedEx"})
    await deliver_each(stage, "easypost", easypost("evt_1", "T1"))
    assert (await stage.balance())[:2] == (100, 50)
    await stage.advance(days=200)
    await order_by(stage, "ORD-2", {"T1": "FedEx"})
    await deliver_each(stage, "easypost", easypost("evt_2", "T1"))
    assert await stage.balance() == (250, 0, 0)
    await deliver_each(stage, "easypost", easypost("evt_3", "T1", "return_to_sender"))
    assert await stage.balance() == (150, 0, 0)
    assert await stage.owner.fetchval("select order_number from inbox where event_id = 'evt_3'") == "ORD-2"


async def test_a_number_reused_before_its_new_order_is_recorded_takes_nothing_from_the_old_one(stage: Stage):
    await stage.register()
    await order_by(stage, "ORD-1", {"T1": "FedEx"})
    await deliver_each(stage, "easypost", easypost("evt_1", "T1"))
    await stage.advance(days=200)
    await deliver_each(stage, "easypost", easypost("evt_2", "T1", "return_to_sender"))
    assert await stage.balance() == (150, 0, 0)
    assert await states(stage) == ["APPLIED", "PARKED"]
    await order_by(stage, "ORD-2", {"T1": "FedEx"})
    await stage.drain()
    assert await states(stage) == ["APPLIED", "APPLIED"]
    assert await stage.balance() == (150, 0, 0)


async def test_two_orders_of_one_week_in_one_parcel_wait_for_the_shop(stage: Stage):
    await stage.register()
    await order_by(stage, "ORD-1", {"T1": "FedEx"})
    await order_by(stage, "ORD-2", {"T1": "FedEx"})
    await deliver_each(stage, "easypost", easypost("evt_1", "T1"))
    assert await states(stage) == ["PARKED"]


async def test_one_delivery_reported_by_all_producers_is_credited_once(stage: Stage):
    """Carriers, the shop and a report each use their own ids, times and carrier names."""
    await stage.register()
    await stage.order("4500001", [("1", 1, 10000)], parcels={"T1": {"1": 1}}, carrier="FedEx")
    shippo_status = {"status": "DELIVERED", "status_date": "2026-11-03T12:00:01Z", "object_id": "s1"}
    shippo = {"carrier": "fedex", "tracking_number": "T1", "tracking_status": shippo_status}
    sendcloud = {"id": 1, "tracking_number": "T1", "status": {"id": 11, "message": "Delivered"}}
    deliveries: list[tuple[str, dict[str, Any]]] = [
        ("easypost", easypost("evt_1", "T1")),
        ("easypost", easypost("evt_2", "T1")),
        ("shippo", {"event": "track_updated", "test": False, "data": shippo}),
        ("aftership", {"event": "tracking_update", "event_id": "a1", "ts": 1793707200,
                       "msg": {"tag": "Delivered", "tracking_number": "T1", "slug": "fedex", "order_number": "x"}}),
        ("sendcloud", {"action": "parcel_status_changed", "timestamp": 1793707300000, "parcel": sendcloud}),
        ("shopify", {"id": 1, "order_id": 4500001, "fulfillment_id": 7, "status": "delivered",
                     "happened_at": "2026-11-03T12:00:00Z"}),
    ]  # fmt: skip
    for producer, body in deliveries:
        await deliver_each(stage, producer, body)
    report = {"delivered": [{"order_number": "4500001"}, {"tracking_number": "T1"}]}
    headers = {"authorization": f"Bearer {stage.token(scope='storefront')}"}
    answer = await stage.http.post("/reconciliation", json=report, headers=headers)
    assert answer.json() == {"told": 2, "missing": []}
    await stage.delivered("4500001", "T1")
    await stage.delivered("4500001")
    assert await states(stage) == ["APPLIED"] * 8
    assert (await stage.balance())[:2] == (100, 50)
    await deliver_each(stage, "easypost", easypost("evt_3", "T1", "return_to_sender"))
    assert await stage.balance() == (0, 50, 0)


async def test_a_report_of_a_reused_number_is_not_about_the_old_order(stage: Stage):
    await stage.register()
    await order_by(stage, "ORD-1", {"T1": "FedEx"})
    await deliver_each(stage, "easypost", easypost("evt_1", "T1"))
    await stage.advance(days=200)
    headers = {"authorization": f"Bearer {stage.token(scope='storefront')}"}
    answer = await stage.http.post("/reconciliation", json={"delivered": [{"tracking_number": "T1"}]}, headers=headers)
    assert [each["order_known"] for each in answer.json()["missing"]] == [False]
    await order_by(stage, "ORD-2", {"T1": "FedEx"})
    await stage.drain()
    assert await stage.balance() == (250, 0, 0)


async def test_after_hundreds_of_delivered_events_a_return_to_the_sender_still_counts(stage: Stage):
    """AfterShip's `ts` is different each time."""
    await stage.register()
    await order_by(stage, "ORD-1", {"T1": "FedEx"})
    message = {"tag": "Delivered", "tracking_number": "T1", "slug": "fedex"}
    for n in range(302):
        event = {"event": "tracking_update", "event_id": f"a{n}", "ts": 1793707200 + n, "msg": message}
        assert (await send(stage, "aftership", event)).is_success
    await stage.drain()
    assert (await states(stage)).count("APPLIED") == 300
    await deliver_each(stage, "easypost", easypost("evt_1", "T1", "return_to_sender"))
    assert await stage.balance() == (0, 50, 0)


async def test_a_delivery_without_an_order_is_dead_after_90_days_and_can_be_replayed(stage: Stage):
    await stage.register()
    await deliver_each(stage, "easypost", easypost("evt_1", "T1"))
    await stage.advance(days=89)
    assert await mark_parked_dead(stage.programme.db) == 0
    await stage.advance(days=2)
    assert await mark_parked_dead(stage.programme.db) == 1
    await order_by(stage, "ORD-1", {"T1": "FedEx"})
    await stage.drain()
    assert await states(stage) == ["DEAD"]
    await replay_by_hand(stage.programme.db, ("easypost", "evt_1"), "an operator")
    await stage.drain()
    assert await states(stage) == ["APPLIED"]
    assert await stage.balance() == (150, 0, 0)
