"""Shippo's tracks through the programme: credited once, never back, never for a test (R34)."""

from itertools import permutations
from typing import Any

import pytest

from mipoints.problems import UserError
from mipoints.signing import signed_headers
from tests.producers.test_shippo import DELIVERED, PARCEL, event
from tests.support.samples import sample
from tests.support.sending import TEST_MODE, became, deliver_each, order_by, send, states
from tests.support.stage import Stage

RETURNED = "shippo_track_updated_returned"
TEST = "shippo_track_updated_delivered_test_flag"


async def start(stage: Stage) -> None:
    await stage.register()
    await order_by(stage, "000123", {PARCEL: "usps"})


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_a_delivery_is_credited_once_however_often_and_in_any_order(stage: Stage, order: tuple[int, ...]):
    await start(stage)
    again = event()
    bodies: list[bytes | dict[str, Any]] = [sample(DELIVERED).sent.body, again, event("TRANSIT", "package_arrived")]
    for place in (*order, *order):
        await deliver_each(stage, "shippo", bodies[place])
    assert await states(stage) == ["APPLIED"] * 3
    assert (await stage.balance())[0] == 100
    assert [kind for kind, *_ in await stage.history()].count("PURCHASE") == 1


async def test_ready_for_pickup_and_failure_credit_no_points(stage: Stage):
    await start(stage)
    await deliver_each(stage, "shippo", event("TRANSIT", "pickup_available"), event("FAILURE", "package_undeliverable"))
    assert await states(stage) == ["APPLIED", "IGNORED"]
    assert (await stage.balance())[:2] == (0, 150)


@pytest.mark.parametrize("names", [(DELIVERED, RETURNED), (RETURNED, DELIVERED)], ids="-".join)
async def test_a_parcel_that_goes_back_leaves_no_points_in_any_order(stage: Stage, names: tuple[str, ...]):
    await start(stage)
    await deliver_each(stage, "shippo", *(sample(name).sent.body for name in names), event("TRANSIT"))
    assert await stage.balance() == (0, 50, 0)


async def test_a_parcel_that_is_lost_and_found_credits_in_the_end(stage: Stage):
    await start(stage)
    lost = event("FAILURE", "package_lost")
    lost["data"]["tracking_status"]["status_date"] = "2023-07-22T13:03:00Z"
    await deliver_each(stage, "shippo", lost)
    assert (await stage.balance())[:2] == (0, 50)
    await deliver_each(stage, "shippo", sample(DELIVERED).sent.body, lost | {"again": 1})
    assert (await stage.balance())[:2] == (100, 50)


async def test_test_mode_credits_in_the_sandbox_only(stage: Stage):
    await start(stage)
    stage.programme.takes_tests = False
    await deliver_each(stage, "shippo", sample(TEST).sent.body)
    assert await became(stage) == [("IGNORED", TEST_MODE)]
    assert (await stage.balance())[0] == 0
    stage.programme.takes_tests = True
    await deliver_each(stage, "shippo", sample(TEST).event | {"again": 1})
    assert (await stage.balance())[0] == 100


async def test_the_carrier_decides_between_two_orders_with_one_tracking_number(stage: Stage):
    await stage.register()
    await order_by(stage, "A", {PARCEL: "UPS"})
    await order_by(stage, "B", {PARCEL: "USPS"})
    await deliver_each(stage, "shippo", sample(DELIVERED).sent.body)
    assert await stage.owner.fetchval("select order_number from inbox") == "B"
    assert (await stage.balance())[0] == 100


async def test_a_delivery_waits_until_its_parcel_is_known(stage: Stage):
    await stage.register()
    await deliver_each(stage, "shippo", sample(DELIVERED).sent.body, event("TRANSIT"))
    assert await states(stage) == ["PARKED", "PARKED"]
    await order_by(stage, "SHOP-7", {PARCEL: None})
    await stage.drain()
    assert await states(stage) == ["APPLIED", "APPLIED"]
    assert (await stage.balance())[0] == 100


async def test_the_order_in_the_metadata_is_found_if_the_parcel_is_not_recorded(stage: Stage):
    await stage.register()
    await stage.order("000123", [("1", 1, 10000)])
    await deliver_each(stage, "shippo", sample(DELIVERED).sent.body)
    assert (await stage.balance())[0] == 100


async def test_over_http_only_verified_deliveries_are_stored(stage: Stage):
    body = sample(DELIVERED).sent.body
    stale = sample(DELIVERED).sent.headers["shippo-auth-signature"]
    refused = [
        await send(stage, "shippo", body, {"shippo-auth-signature": stale}),
        await send(stage, "shippo", body, {"shippo-auth-signature": stale}, query="?token=123abc"),
        await send(stage, "shippo", body, query="?token=123"),
        await send(stage, "shippo", body, query="?token="),
    ]
    assert {answer.status_code for answer in refused} == {401}
    assert await states(stage) == []
    assert (await send(stage, "shippo", body, query="?token=123abc")).status_code == 202
    assert (await send(stage, "shippo", body)).json() == {"status": "duplicate"}
    assert (await send(stage, "shippo", sample("shippo_legacy_body_null_status").sent.body)).status_code == 202
    assert (await send(stage, "shippo", {})).status_code == 400
    await stage.drain()
    assert await states(stage) == ["PARKED", "IGNORED"]
    assert "123abc" not in str(await stage.owner.fetch("select * from inbox"))


def test_the_command_line_reports_that_a_token_signs_nothing():
    with pytest.raises(
        UserError, match=r"a token signs nothing; it belongs to the address, …/webhooks/shippo\?token=…"
    ):
        signed_headers("shippo", "token=123abc", b"{}")
