"""One order of every producer, reported as that producer's documents describe: paid first, labelled later, sent in two
parcels, one piece refunded (R31 to R34). The shop's own number is not always the one that carriers show."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from loyalty.orders.rules.facts import Delivered, InTransit, Movement
from tests.support.hostile.bodies import CARRIERS
from tests.support.sending import deliver_each, states
from tests.support.shopify_bodies import event, fulfillment, refund
from tests.support.stage import Stage

NUMBER = "450789469"
LINES = [("11", 1, 10000), ("12", 2, 5000)]
PARCELS = {"T1": {"11": 1}, "T2": {"12": 2}}


async def paid(stage: Stage) -> datetime:
    """Records the order at payment: nothing is known of its parcels. Returns the moment."""
    await stage.register()
    await stage.advance(minutes=5)
    await stage.order(NUMBER, LINES)
    assert await stage.balance() == (50, 150, 0)
    return await stage.now()


async def delivered_in_two_parcels(stage: Stage, producer: str, moment: datetime, **more: Any) -> None:
    """The carrier's news: both are on their way, then arrive one after the other. `more` replaces fields of a body."""
    for hours, kind, tracking, points in (
        (0, InTransit, "T1", (50, 150, 0)), (0, InTransit, "T2", (50, 150, 0)),
        (1, Delivered, "T1", (150, 50, 0)), (2, Delivered, "T2", (200, 0, 0)),
    ):  # fmt: skip
        fact: Movement = kind(tracking, None, (), moment + timedelta(hours=hours))
        body = CARRIERS[producer](fact, NUMBER, f"{tracking}{hours}".encode().hex())
        await deliver_each(stage, producer, _replaced(body, more))
        assert await stage.balance() == points


def _replaced(body: Mapping[str, Any], more: Mapping[str, Any]) -> dict[str, Any]:
    """The body with these fields replaced wherever they are."""
    return {
        key: more.get(key, _replaced(value, more) if isinstance(value, dict) else value) for key, value in body.items()
    }


async def refunded_by_the_shop(stage: Stage) -> None:
    """One of two pieces; the shop reports it as an event of its own."""
    await stage.returned(NUMBER, "R1", lines=[{"line_id": "12", "quantity": 1}])
    assert await stage.balance() == (175, 0, 0)


async def test_native(stage: Stage):
    """The label names order and parcel; from then on the parcel's number is enough."""
    moment = await paid(stage)
    for tracking, pieces in PARCELS.items():
        lines = [{"line_id": line_id, "quantity": n} for line_id, n in pieces.items()]
        await stage.send_event("shipment.in_transit", NUMBER, tracking_number=tracking, lines=lines)
    for tracking, points in (("T1", (150, 50, 0)), ("T2", (200, 0, 0))):
        await stage.webhook("shipment.delivered", {"tracking_number": tracking, "occurred_at": moment.isoformat()})
        await stage.drain()
        assert await stage.balance() == points
    await refunded_by_the_shop(stage)


async def test_easypost(stage: Stage):
    """It knows no order number: the storefront reports the parcels, here after the first news."""
    moment = await paid(stage)
    await deliver_each(stage, "easypost", CARRIERS["easypost"](InTransit("T1", None, (), moment), "", "early"))
    assert await states(stage) == ["PARKED"]
    await stage.parcels(NUMBER, PARCELS)
    await delivered_in_two_parcels(stage, "easypost", moment)
    assert set(await states(stage)) == {"APPLIED"}
    await refunded_by_the_shop(stage)


async def test_shippo(stage: Stage):
    """Its free text has the number that the shop shows."""
    moment = await paid(stage)
    await stage.parcels(NUMBER, PARCELS)
    await delivered_in_two_parcels(stage, "shippo", moment, metadata="Order #1001")
    await refunded_by_the_shop(stage)


async def test_sendcloud(stage: Stage):
    """It tells two numbers: the one that the shop shows, and the shop's own."""
    moment = await paid(stage)
    await stage.parcels(NUMBER, PARCELS)
    await delivered_in_two_parcels(stage, "sendcloud", moment, order_number="#1001", external_order_id=NUMBER)
    await refunded_by_the_shop(stage)


async def test_aftership(stage: Stage):
    """Tracking and returns tell two numbers; the shop refunds the piece that the portal received (R33c)."""
    moment = await paid(stage)
    await stage.parcels(NUMBER, PARCELS)
    await delivered_in_two_parcels(stage, "aftership", moment, order_number="#1001")
    received = {
        "id": "r1", "event": "return.receiving.created", "created_at": moment.isoformat(), "is_test": False,
        "data": {
            "rma_number": "RMA1", "order": {"order_number": "#1001", "external_id": NUMBER},
            "return_items": [{"external_order_item_id": "12", "return_quantity": 1, "received_quantity": 1}],
        },
    }  # fmt: skip
    await deliver_each(stage, "aftership", received)
    assert await stage.balance() == (175, 0, 0)
    for body in (refund(lines=[(12, 1)]), refund(transactions=[{"kind": "refund", "status": "success",
                                                                 "amount": "25.00", "currency": "EUR"}])):  # fmt: skip
        await deliver_each(stage, "shopify", body | {"order_id": int(NUMBER), "id": len(body["transactions"]) + 1})
        assert await stage.balance() == (175, 0, 0), "one return of two systems is one"


async def test_shopify(stage: Stage):
    """A fulfillment has its number later; then each arrives, and the shop refunds a piece."""
    await paid(stage)
    parts = {1: fulfillment(1, None, [(11, 1)]), 2: fulfillment(2, "T2", [(12, 2)])}
    numbered = fulfillment(1, "T1", [(11, 1)])
    bodies = [each | {"order_id": int(NUMBER)} for each in (*parts.values(), numbered)]
    await deliver_each(stage, "shopify", *bodies)
    assert await stage.balance() == (50, 150, 0)
    for part, points in ((1, (150, 50, 0)), (2, (200, 0, 0))):
        arrived = event("delivered", order_id=int(NUMBER), fulfillment_id=part, id=part)
        await deliver_each(stage, "shopify", arrived)
        assert await stage.balance() == points
    await deliver_each(stage, "shopify", refund(lines=[(12, 1)]) | {"order_id": int(NUMBER)})
    assert await stage.balance() == (175, 0, 0)
    assert set(await states(stage)) == {"APPLIED"}
