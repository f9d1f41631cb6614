"""Sendcloud's parcels through the programme: credited once, never back, never for a return's label (R34)."""

from itertools import permutations
from typing import Any

import pytest

from tests.producers.test_sendcloud import DELIVERED, PARCEL, READY, RETURN_LABEL, event, signature
from tests.support.samples import sample
from tests.support.sending import became, deliver_each, order_by, send, states
from tests.support.stage import Stage

RETURNED = "sendcloud_parcel_status_changed_returned"


async def start(stage: Stage) -> None:
    await stage.register()
    await order_by(stage, "ORD12334", {PARCEL: "postnl"})


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_a_delivery_is_credited_once_however_often_and_in_any_order(stage: Stage, order: tuple[int, ...]):
    await start(stage)
    on_its_way = event({"id": 91, "message": "Parcel en route"}, changed=1549450000000)
    sent_again = event() | {"timestamp": 1549459999999}
    bodies: list[bytes | dict[str, Any]] = [sample(DELIVERED).sent.body, sent_again, on_its_way]
    for place in (*order, *order):
        await deliver_each(stage, "sendcloud", bodies[place])
    assert await states(stage) == ["APPLIED"] * 3
    assert await stage.owner.fetchval("select count(*) from order_facts") == 2
    assert (await stage.balance())[0] == 100
    assert [kind for kind, *_ in await stage.history()].count("PURCHASE") == 1


async def test_a_parcel_that_waits_to_be_fetched_is_credited_when_it_is_fetched(stage: Stage):
    await start(stage)
    await deliver_each(
        stage, "sendcloud", sample(READY).sent.body, event({"id": 12, "message": "Awaiting customer pickup"})
    )
    assert await states(stage) == ["IGNORED", "APPLIED"]
    assert (await stage.balance())[:2] == (0, 150)
    await deliver_each(stage, "sendcloud", event({"id": 93, "message": "Shipment collected by customer"}))
    assert (await stage.balance())[:2] == (100, 50)


@pytest.mark.parametrize("names", [(DELIVERED, RETURNED), (RETURNED, DELIVERED)], ids="-".join)
async def test_a_parcel_that_goes_back_leaves_no_points_in_any_order(stage: Stage, names: tuple[str, ...]):
    await start(stage)
    await deliver_each(stage, "sendcloud", *(sample(name).sent.body for name in names))
    assert await stage.balance() == (0, 50, 0)


async def test_a_returns_label_that_arrives_takes_and_gives_nothing(stage: Stage):
    await start(stage)
    await deliver_each(stage, "sendcloud", event(is_return=True), event(action="return_created"))
    assert sorted(await became(stage)) == [
        ("IGNORED", RETURN_LABEL),
        ("IGNORED", "Action return_created moves no points."),
    ]
    assert (await stage.balance())[:2] == (0, 150)


async def test_the_carrier_decides_between_two_orders_with_one_tracking_number(stage: Stage):
    await stage.register()
    await order_by(stage, "A", {PARCEL: "DPD"})
    await order_by(stage, "B", {PARCEL: "PostNL"})
    await deliver_each(stage, "sendcloud", event(carrier={"code": "postnl"}))
    assert await stage.owner.fetchval("select order_number from inbox") == "B"
    assert (await stage.balance())[0] == 100


async def test_a_delivery_waits_until_its_order_is_known(stage: Stage):
    await stage.register()
    await deliver_each(stage, "sendcloud", sample(DELIVERED).sent.body, event(order_number="", external_order_id=""))
    assert await states(stage) == ["PARKED", "PARKED"]
    await stage.order("ORD12334", [("1", 1, 10000)])
    await stage.drain()
    assert await states(stage) == ["APPLIED", "APPLIED"], "the first one says which order the parcel of the other is of"
    assert (await stage.balance())[0] == 100


async def test_one_parcel_of_two_credits_its_own_part_only(stage: Stage):
    await stage.register()
    await order_by(stage, "ORD12334", {PARCEL: "postnl", "another": "postnl"})
    await deliver_each(stage, "sendcloud", sample(DELIVERED).sent.body)
    assert (await stage.balance())[:2] == (100, 150)


async def test_over_http_only_verified_deliveries_are_stored(stage: Stage):
    body = sample(DELIVERED).sent.body
    refused = [
        await send(stage, "sendcloud", body, query="?token=123abc"),
        await send(stage, "sendcloud", body, {"sendcloud-signature": signature(body, "another")}),
        await send(stage, "sendcloud", body + b" ", {"sendcloud-signature": signature(body)}),
        await send(stage, "sendcloud", body, {"sendcloud-signature": signature(body)[:-1]}),
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert await states(stage) == []
    assert (await send(stage, "sendcloud", body, sample(DELIVERED).sent.headers)).status_code == 202
    assert (await send(stage, "sendcloud", body)).json() == {"status": "duplicate"}
    assert (await send(stage, "sendcloud", sample("sendcloud_signature_vector").sent.body)).status_code == 400
