"""EasyPost's events through the programme: credited once, never back, never for a test or a return's label."""

import json
from itertools import permutations
from typing import Any

import pytest

from tests.support.samples import sample
from tests.support.sending import became, deliver_together, facts, send, states
from tests.support.stage import ORDER, Stage

DELIVERED = sample("easypost_tracker_updated_delivered").sent.body
AGAIN = sample("easypost_tracker_updated_delivered_again_new_event_id").sent.body
IN_TRANSIT = sample("easypost_tracker_updated_in_transit").sent.body
SENT_BACK = sample("easypost_tracker_updated_return_to_sender").sent.body


def changed(body: bytes, event: dict[str, Any] | None = None, **tracker: Any) -> dict[str, Any]:
    """An event with the given values in place of its own."""
    document = json.loads(body) | (event or {})
    return document | {"result": document["result"] | tracker}


async def ordered(stage: Stage) -> None:
    """An order of 100 EUR in parcel 1, by a member whose sign-up points wait."""
    await stage.register()
    await stage.order("ORD-1", [("11", 1, 10000)], parcels={"1": {"11": 1}})


async def test_a_delivery_is_credited_once_whatever_is_repeated(stage: Stage):
    await ordered(stage)
    await deliver_together(stage, "easypost", IN_TRANSIT)
    assert (await stage.balance())[:2] == (0, 150)
    for body in (DELIVERED, DELIVERED, AGAIN, IN_TRANSIT, DELIVERED):
        await deliver_together(stage, "easypost", body)
        assert (await stage.balance())[:2] == (100, 50)
    assert await states(stage) == ["APPLIED"] * 3
    assert await facts(stage) == 2
    assert len(await stage.history()) == 1


@pytest.mark.parametrize("order", list(permutations([DELIVERED, AGAIN, IN_TRANSIT])))
async def test_a_stale_body_takes_nothing_back(stage: Stage, order: tuple[bytes, ...]):
    await ordered(stage)
    await deliver_together(stage, "easypost", *order)
    assert (await stage.balance())[:2] == (100, 50)


@pytest.mark.parametrize("order", [(SENT_BACK, DELIVERED), (DELIVERED, SENT_BACK)], ids=["first", "afterwards"])
async def test_a_parcel_that_goes_back_ends_without_points_in_any_order(stage: Stage, order: tuple[bytes, ...]):
    await ordered(stage)
    for body in order:
        await deliver_together(stage, "easypost", body)
    assert await stage.balance() == (0, 50, 0)
    await deliver_together(stage, "easypost", IN_TRANSIT, changed(AGAIN, {"id": "evt_9"}))
    assert await stage.balance() == (0, 50, 0)


async def test_a_delivery_waits_until_its_order_is_known(stage: Stage):
    await stage.register()
    await deliver_together(stage, "easypost", DELIVERED, AGAIN)
    assert await states(stage) == ["PARKED", "PARKED"]
    await stage.order("ORD-1", [("11", 1, 10000)], parcels={"1": {"11": 1}})
    await stage.drain()
    assert await states(stage) == ["APPLIED", "APPLIED"]
    assert (await stage.balance())[:2] == (100, 50)


async def test_test_mode_is_ignored_in_production_and_credits_in_the_sandbox(stage: Stage):
    await ordered(stage)
    stage.programme.takes_tests = False
    await deliver_together(stage, "easypost", changed(DELIVERED, {"mode": "test", "id": "evt_t"}, mode="test"))
    ((state, reason),) = await became(stage)
    assert (state, reason) == ("IGNORED", "It was sent in test mode, which moves no points here.")
    assert (await stage.balance())[:2] == (0, 150)
    stage.programme.takes_tests = True
    await deliver_together(stage, "easypost", changed(DELIVERED, {"mode": "test", "id": "evt_u"}, mode="test"))
    assert (await stage.balance())[:2] == (100, 50)


async def test_a_returns_label_and_events_without_effect_are_stored_and_ignored(stage: Stage):
    await ordered(stage)
    await deliver_together(
        stage,
        "easypost",
        changed(DELIVERED, {"id": "e1"}, is_return=True),
        changed(DELIVERED, {"id": "e2"}, status="failure"),
        changed(DELIVERED, {"id": "e3"}, status="teleported"),
        changed(DELIVERED, {"id": "e4", "description": "batch.updated"}),
    )
    assert await states(stage) == ["IGNORED"] * 4
    assert all(reason for _, reason in await became(stage))
    assert (await stage.balance())[:2] == (0, 150)


async def test_lost_and_found_again(stage: Stage):
    await ordered(stage)
    lost = [{"status": "failure", "status_detail": "lost", "datetime": "2024-08-04T10:00:00Z"}]
    await deliver_together(
        stage,
        "easypost",
        changed(DELIVERED, {"id": "e1"}, status="failure", status_detail="lost", tracking_details=lost),
    )
    assert (await stage.balance())[:2] == (0, 50)
    await deliver_together(stage, "easypost", DELIVERED)
    assert (await stage.balance())[:2] == (100, 50)


async def test_two_parcels_with_one_number_are_distinguished_by_their_carriers(stage: Stage):
    await stage.register()
    for number, carrier in (("ORD-1", "UPS"), ("ORD-2", "fedex")):
        order = {
            "number": number,
            "miId": "mi-1",
            "placedAt": (await stage.now()).isoformat(),
            "currency": "EUR",
            "lines": [{"id": "11", "productId": "p-11", "quantity": 1, "paidMinor": 10000}],
            "parcels": [{"trackingNumber": "1", "carrier": carrier, "lines": [{"lineId": "11", "quantity": 1}]}],
        }
        await stage.storefront(ORDER, input=order, key=number)
    await deliver_together(stage, "easypost", DELIVERED)
    assert await stage.owner.fetchval("select order_number from inbox") == "ORD-2"
    assert (await stage.balance())[:2] == (100, 150)


async def test_an_unverified_delivery_is_401_and_not_stored(stage: Stage):
    signature = sample("easypost_tracker_updated_delivered").sent.headers["x-hmac-signature"]
    for body, headers in (
        (DELIVERED, {}),
        (DELIVERED, {"x-hmac-signature": signature[:-1]}),
        (DELIVERED, {"x-hmac-signature": "hmac-sha256-hex=" + "0" * 64}),
        (DELIVERED[:-1], {"x-hmac-signature": signature}),
        (AGAIN, {"x-hmac-signature": signature}),
        (json.dumps(json.loads(DELIVERED)).encode(), {"x-hmac-signature": signature}),
    ):
        assert (await send(stage, "easypost", body, headers)).status_code == 401
    assert (await send(stage, "easypost", b"{}")).status_code == 400
    assert await states(stage) == []
    assert (await send(stage, "easypost", DELIVERED, {"X-Hmac-Signature": signature})).status_code == 202
