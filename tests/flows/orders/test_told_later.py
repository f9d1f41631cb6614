"""What the storefront, shops and carriers report of an order later (R31a, R33b, R33c, R34, R61, R61a)."""

import asyncio
from datetime import timedelta

import pytest

from db import clock
from loyalty.orders.give_up import give_up_some
from tests.support.sending import deliver_each, states
from tests.support.stage import Stage, pieces_of

THREE = [("1", 3, 150000)]
TWO_LINES = [("1", 1, 10000), ("2", 2, 5000)]
AT = "2026-11-03T11:59:30Z"


async def joined(stage: Stage, lines: list = TWO_LINES, **more) -> None:
    """A member whose sign-up points have been credited, with an order."""
    await stage.register()
    await stage.advance(minutes=5)
    assert (await stage.order("ORD-1", lines, **more))["__typename"] == "OrderRecorded"


async def points(stage: Stage) -> tuple[int, int]:
    """Available and pending points, without the 50 for signing up."""
    available, pending, debt = await stage.balance()
    assert debt == 0
    return available - 50, pending


async def told_by_the_carrier(stage: Stage, tracking: str, type_: str = "shipment.delivered") -> None:
    """News under a tracking number alone."""
    await stage.webhook(type_, {"tracking_number": tracking, "occurred_at": AT})
    await stage.drain()


# Parcels


async def test_parcels_may_be_recorded_once_they_are_known(stage: Stage):
    """R34: what waited under their numbers is applied, and what comes later finds them."""
    await joined(stage)
    await told_by_the_carrier(stage, "T1")
    assert (await states(stage), await points(stage)) == (["PARKED"], (0, 150))
    recorded = await stage.parcels("ORD-1", {"T1": {"1": 1}, "T2": {"2": 2}})
    assert (recorded["__typename"], recorded["verdict"]["code"]) == ("OrderRecorded", "WAITING_FOR_DELIVERY")
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED"], (100, 50))
    await told_by_the_carrier(stage, "T2")
    assert await points(stage) == (150, 0)


async def test_an_event_that_names_order_and_parcel_leads_the_carriers_news_to_the_order(stage: Stage):
    """R34: whoever reports the two numbers together."""
    await joined(stage)
    await told_by_the_carrier(stage, "T1")
    lines = [{"line_id": "1", "quantity": 1}]
    await stage.send_event("shipment.in_transit", "ORD-1", tracking_number="T1", lines=lines)
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED", "APPLIED"], (100, 50))
    await stage.parcels("ORD-1", {"T1": {"1": 1}})
    assert await points(stage) == (100, 50), "one fact reported by two systems has one effect"


async def test_parcels_are_recorded_once_and_never_rewritten(stage: Stage):
    """R34, R61a."""
    await joined(stage)
    first = await stage.parcels("ORD-1", {"T1": {"1": 1}}, carrier="DHL", key="k")
    assert await stage.parcels("ORD-1", {"T1": {"1": 1}}, carrier="DHL", key="k") == first
    for carrier in ("dhl", None):
        assert (await stage.parcels("ORD-1", {"T1": {"1": 1}}, carrier=carrier))["__typename"] == "OrderRecorded"
    assert await stage.owner.fetchval("select count(*) from order_facts") == 1
    for pieces, path in (
        ({"T1": {"2": 1}}, ["input", "parcels", "0", "trackingNumber"]),
        ({"T2": {"1": 1}}, ["input", "parcels", "0", "lines", "0", "quantity"]),
        ({"T2": {"2": 3}}, ["input", "parcels", "0", "lines", "0", "quantity"]),
        ({"T2": {"2": 2}, "T3": {"2": 1}}, ["input", "parcels", "1", "lines", "0", "quantity"]),
        ({"T2": {"9": 1}}, ["input", "parcels", "0", "lines", "0", "lineId"]),
        ({"T2": {}}, ["input", "parcels", "0", "lines"]),
        ({" ": {"2": 1}}, ["input", "parcels", "0", "trackingNumber"]),
        ({}, ["input", "parcels"]),
    ):
        refused = await stage.parcels("ORD-1", pieces)
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", path), pieces
    refused = await stage.parcels("ORD-1", {"T1": {"2": 1}}, key="k")
    assert refused["__typename"] == "IdempotencyMismatch"
    assert (await stage.parcels("ORD-9", {"T1": {"1": 1}}))["__typename"] == "NotFound"
    assert await points(stage) == (0, 150)


async def test_what_was_lost_may_travel_again(stage: Stage):
    """R34, worked example 12: two arrive, one goes back, and one is kept."""
    await joined(stage, [("1", 1, 3000)], parcels={"T1": {"1": 1}})
    await told_by_the_carrier(stage, "T1", "shipment.lost")
    assert (await stage.parcels("ORD-1", {"T2": {"1": 1}}))["__typename"] == "OrderRecorded"
    await stage.webhook("shipment.delivered", {"tracking_number": "T2", "occurred_at": "2026-11-03T12:30:00Z"})
    await stage.webhook("shipment.delivered", {"tracking_number": "T1", "occurred_at": "2026-11-03T12:31:00Z"})
    await stage.drain()
    await stage.returned("ORD-1", "R1", lines=[{"line_id": "1", "quantity": 1}])
    assert await points(stage) == (30, 0)


async def test_a_replacement_of_which_nothing_is_known_counts(stage: Stage):
    """R34: its delivery names neither lines nor a known number."""
    await joined(stage, [("1", 1, 3000)], parcels={"T1": {"1": 1}})
    await told_by_the_carrier(stage, "T1", "shipment.lost")
    await stage.delivered("ORD-1", "T9")
    assert ((await states(stage))[-1], await points(stage)) == ("APPLIED", (30, 0))


async def test_a_parcel_recorded_while_its_delivery_arrives_is_delivered(stage: Stage):
    """R34: whichever of the two commits first."""
    await joined(stage)

    async def deliver() -> None:
        await stage.webhook("shipment.delivered", {"tracking_number": "T1", "occurred_at": AT})
        await stage.drain()

    recorded = [stage.parcels("ORD-1", {"T1": {"1": 1}}) for _ in range(5)]
    await asyncio.gather(deliver(), *recorded, deliver())
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED", "APPLIED"], (100, 50))
    assert await stage.owner.fetchval("select count(*) from order_facts where kind = 'ParcelRecorded'") == 1


async def test_the_same_number_of_two_orders_waits_for_the_carrier_to_decide(stage: Stage):
    await joined(stage)
    await stage.order("ORD-2", [("1", 1, 7000)])
    await stage.parcels("ORD-1", {"T1": {"1": 1}}, carrier="DHL")
    await stage.parcels("ORD-2", {"T1": {"1": 1}}, carrier="UPS")
    await told_by_the_carrier(stage, "T1")
    assert (await states(stage), await points(stage)) == (["PARKED"], (0, 220))
    await stage.webhook("shipment.delivered", {"tracking_number": "T1", "carrier": "ups", "occurred_at": AT})
    await stage.drain()
    assert await points(stage) == (70, 150)


@pytest.mark.parametrize(
    ("numbers", "orders", "found"),
    [
        (("#1001", "450789469"), ["450789469"], "450789469"),
        (("#1001", None), ["1001"], "1001"),
        (("#1001", "450789469"), ["1001", "450789469"], "450789469"),
        (("#1001", "450789469"), ["#1001", "450789469"], None),
        (("#1001", "450789469"), [], None),
    ],
)
async def test_each_number_that_a_carrier_reports_is_tried(
    stage: Stage, numbers: tuple, orders: list, found: str | None
):
    """R34: exactly one known order is the one; a number as it was reported comes before one without its #."""
    await stage.register()
    body = {
        "action": "parcel_status_changed", "timestamp": 1762000000000,
        "parcel": {
            "id": 1, "tracking_number": "SC1", "order_number": numbers[0], "external_order_id": numbers[1],
            "status": {"id": 11, "message": "Delivered"},
        },
    }  # fmt: skip
    await deliver_each(stage, "sendcloud", body)
    for number in orders:
        await stage.order(number, [("1", 1, 4000)])
    await stage.drain()
    delivered = await stage.owner.fetchrow("select state, order_number from inbox")
    assert delivered["state"] == ("PARKED" if found is None else "APPLIED")
    assert found in (None, delivered["order_number"])


# Cancellations


async def test_cancelled_pieces_are_not_waited_for_and_not_owed(stage: Stage):
    """R33b, worked example 11."""
    await joined(stage, THREE)
    await stage.delivered("ORD-1", lines=[{"line_id": "1", "quantity": 1}])
    await stage.redeem()
    assert await stage.balance() == (50, 1000, 0)
    cancelled = await stage.cancel("ORD-1", "C1", {"1": 2})
    assert (cancelled["order"]["pointsPending"], cancelled["verdict"]["outcome"]) == (0, "GRANTED")
    assert await stage.balance() == (50, 0, 0)
    me = await stage.app("mi-1", "{ me { verdicts { nodes { kind outcome code points } } } }")
    assert {"kind": "CLAWBACK", "outcome": "REVERSED", "code": "CANCELLED", "points": 0} in me["verdicts"]["nodes"]


@pytest.mark.parametrize("by", ["the storefront", "a webhook"])
async def test_an_order_that_was_cancelled_whole_says_so(stage: Stage, by: str):
    """R33b, R60."""
    await joined(stage)
    if by == "a webhook":
        await stage.send_event("order.cancelled", "ORD-1", cancellation_id="C1")
    cancelled = await stage.cancel("ORD-1", "C1")
    assert (cancelled["verdict"]["outcome"], cancelled["verdict"]["code"]) == ("REFUSED", "CANCELLED")
    assert await points(stage) == (0, 0)
    assert await stage.owner.fetchval("select count(*) from order_facts") == 1
    await stage.delivered("ORD-1")
    assert await points(stage) == (150, 0), "it was sent all the same"


async def test_a_cancellation_is_one_whoever_reports_it(stage: Stage):
    """R33b: its key is the order and the cancellation's id."""
    await joined(stage, THREE)
    first = await stage.cancel("ORD-1", "C1", {"1": 1}, key="k")
    assert await stage.cancel("ORD-1", "C1", {"1": 1}, key="k") == first
    await stage.cancel("ORD-1", "C1", {"1": 1})
    await stage.send_event("order.cancelled", "ORD-1", cancellation_id="C1", lines=[{"line_id": "1", "quantity": 1}])
    assert await points(stage) == (0, 1000)
    await stage.delivered("ORD-1")
    assert await points(stage) == (1000, 0)
    for lines, more, path in (
        ({"1": 2}, {}, ["input", "cancellationId"]),
        ({"9": 1}, {"id_": "C2"}, ["input", "lines", "0", "lineId"]),
        ({"1": 4}, {"id_": "C2"}, ["input", "lines", "0", "quantity"]),
        ({}, {"id_": "C2"}, ["input", "lines"]),
        (None, {"id_": "C2", "cancelledAt": "2099-01-01T00:00:00Z"}, ["input", "cancelledAt"]),
    ):
        refused = await stage.cancel("ORD-1", more.pop("id_", "C1"), lines, **more)
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", path)


@pytest.mark.parametrize(
    ("type_", "data", "sentence"),
    [
        ("return.received", {"order_number": "ORD-1"}, "A return needs its return_id."),
        ("return.received", {"order_number": "ORD-1", "return_id": None}, "A return needs its return_id."),
        ("order.cancelled", {"order_number": "ORD-1"}, "A cancellation needs its order_number and cancellation_id."),
        ("order.cancelled", {"cancellation_id": "C1"}, "A cancellation needs its order_number and cancellation_id."),
    ],
)
async def test_an_event_without_the_number_that_it_needs_is_rejected_with_the_sentence(
    stage: Stage, type_: str, data: dict, sentence: str
):
    answer = await stage.webhook(type_, data)
    assert answer.status_code == 400
    assert sentence in answer.text
    assert await stage.owner.fetchval("select count(*) from inbox") == 0


# Lines


async def test_an_order_gets_lines_and_what_was_reported_of_them_before_counts_then(stage: Stage):
    """R61a: a message about unknown lines alone is dead, and is replayed with success."""
    await joined(stage)
    await stage.send_event("shipment.delivered", "ORD-1", lines=[{"line_id": "1", "quantity": 1},
                                                                 {"line_id": "9", "quantity": 1}])  # fmt: skip
    await stage.webhook("shipment.delivered", {"order_number": "ORD-1", "lines": [{"line_id": "8", "quantity": 1}]},
                        id_="alone")  # fmt: skip
    await stage.drain()
    assert await points(stage) == (100, 50)
    assert await stage.owner.fetchval("select error from inbox where event_id = 'alone'") == "The order has no line 8."
    await stage.owner.execute("update inbox set state = 'DEAD', attempts = 10 where event_id = 'alone'")
    added = await stage.add_lines("ORD-1", [("8", 1, 2000), ("9", 1, 1000)], shippingMinor=300)
    assert added["order"]["total"] == {"amountMinor": 18300}
    assert (added["order"]["pointsCredited"], added["order"]["pointsPending"]) == (111, 72)
    await stage.owner.execute("update inbox set state = 'RECEIVED', attempts = 0, not_before = null")
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED", "APPLIED"], (133, 50))
    await stage.delivered("ORD-1")
    assert await points(stage) == (183, 0)


async def test_a_delivery_that_waits_for_a_line_is_tried_at_once_when_the_line_is_added(stage: Stage):
    """R61a: however long its pause is by then."""
    await joined(stage)
    lines = [{"line_id": "9", "quantity": 1}]
    await stage.send_event("shipment.delivered", "ORD-1", lines=lines)
    await stage.owner.execute("update inbox set not_before = now() + interval '1 hour', attempts = 8")
    await stage.add_lines("ORD-1", [("9", 1, 1000)])
    await stage.drain()
    assert (await states(stage), await points(stage)) == (["APPLIED"], (10, 150))


async def test_added_lines_are_judged_by_the_orders_campaigns(stage: Stage):
    """R61a: by those of the order's moment; one that is for the added product alone changes nothing of the others."""
    token = stage.token(scope="operator", name="operator")
    campaign = {
        "name": "Double", "markets": ["ES"], "startsAt": (await stage.now()).isoformat(),
        "endsAt": "2099-01-01T00:00:00Z", "effect": "MULTIPLY", "kinds": ["PURCHASE"], "factor": 2.0,
    }  # fmt: skip
    create = "mutation($i: CampaignInput!, $k: ID!) { createCampaign(input: $i, idempotencyKey: $k) { __typename } }"
    await stage.ask(create, {"i": campaign | {"productIds": ["p-9"]}, "k": "c1"}, token)
    await joined(stage)
    await stage.delivered("ORD-1", occurred_at=(await stage.now()).isoformat())
    assert await points(stage) == (150, 0)
    await stage.advance(hours=1)
    await stage.add_lines("ORD-1", [("9", 1, 2000)])
    assert await points(stage) == (150, 40), "the delivery of everything was before"
    order = await stage.storefront('{ order(number: "ORD-1") { lines { id factor delivered } } }')
    assert order["lines"] == [
        {"id": "1", "factor": 1.0, "delivered": 1},
        {"id": "2", "factor": 1.0, "delivered": 2},
        {"id": "9", "factor": 2.0, "delivered": 0},
    ]
    await stage.delivered("ORD-1", lines=[{"line_id": "9", "quantity": 1}])
    assert await points(stage) == (190, 0)
    await stage.returned("ORD-1", "R1")
    assert await points(stage) == (0, 0)


async def test_lines_are_added_once_and_never_rewritten(stage: Stage):
    await joined(stage)
    first = await stage.add_lines("ORD-1", [("9", 1, 1000)], key="k")
    assert await stage.add_lines("ORD-1", [("9", 1, 1000)], key="k") == first
    assert (await stage.add_lines("ORD-1", [("9", 1, 1000)]))["__typename"] == "OrderRecorded"
    assert await points(stage) == (0, 160)
    for lines, more, path in (
        ([("9", 1, 2000)], {}, ["input", "lines"]),
        ([("1", 1, 1000)], {}, ["input", "lines", "0", "id"]),
        ([("8", 1, 10), ("8", 1, 10)], {}, ["input", "lines", "1", "id"]),
        ([("8", 0, 10)], {}, ["input", "lines", "0", "quantity"]),
        ([("8", 1, -1)], {}, ["input", "lines", "0", "paidMinor"]),
        ([("8", 1, 2_147_483_647)], {}, ["input", "lines"]),
        ([("8", 1, 10)], {"shippingMinor": -1}, ["input", "shippingMinor"]),
        ([("8", 1, 10)], {"addedAt": "2099-01-01T00:00:00Z"}, ["input", "addedAt"]),
        ([], {}, ["input", "lines"]),
    ):
        refused = await stage.add_lines("ORD-1", lines, **more)
        assert (refused["__typename"], refused["path"]) == ("InvalidInput", path), lines
    assert await points(stage) == (0, 160)


async def test_one_report_many_times_at_once_under_many_keys_is_one(stage: Stage):
    """R61: the key of each fact decides."""
    await joined(stage)
    reports = [
        *(stage.cancel("ORD-1", "C1", {"2": 1}) for _ in range(6)),
        *(stage.add_lines("ORD-1", [("9", 1, 1000)]) for _ in range(6)),
    ]
    assert {each["__typename"] for each in await asyncio.gather(*reports)} == {"OrderRecorded"}
    assert await stage.owner.fetchval("select count(*) from order_facts") == 2
    assert await points(stage) == (0, 135)


# Members that are not active


async def test_changes_of_a_suspended_members_order_are_applied_at_its_reinstatement(stage: Stage):
    """R5."""
    await joined(stage, THREE)
    await stage.delivered("ORD-1", lines=[{"line_id": "1", "quantity": 1}])
    await set_state(stage, "SUSPENDED")
    await stage.cancel("ORD-1", "C1", {"1": 1})
    await stage.add_lines("ORD-1", [("9", 1, 1000)])
    await stage.parcels("ORD-1", {"T1": {"9": 1}})
    await told_by_the_carrier(stage, "T1")
    assert await stage.balance() == (550, 1000, 0)
    await set_state(stage, "ACTIVE")
    await stage.drain()
    assert await stage.balance() == (560, 500, 0)


async def test_a_closed_members_order_takes_parcels_and_cancellations_and_no_lines(stage: Stage):
    """R5: nothing moves; a carrier's news is applied, and does not wait for ever."""
    await joined(stage)
    await set_state(stage, "CLOSED")
    assert (await stage.parcels("ORD-1", {"T1": {"1": 1}}))["__typename"] == "OrderRecorded"
    assert (await stage.cancel("ORD-1", "C1"))["__typename"] == "OrderRecorded"
    assert (await stage.add_lines("ORD-1", [("9", 1, 1000)]))["__typename"] == "MemberNotActive"
    await told_by_the_carrier(stage, "T1")
    assert await states(stage) == ["APPLIED"]
    assert await stage.balance() == (0, 0, 0)


async def test_an_erased_members_order_takes_what_is_reported_later_and_shows_nobody(stage: Stage):
    """R71."""
    await joined(stage)
    erase = 'mutation { eraseMember(miId: "mi-1", reason: "r", idempotencyKey: "e") { __typename } }'
    await stage.ask(erase, {}, stage.token(scope="operator", name="operator"))
    assert (await stage.parcels("ORD-1", {"T1": {"1": 1}}))["__typename"] == "OrderRecorded"
    assert (await stage.cancel("ORD-1", "C1"))["__typename"] == "OrderRecorded"
    await told_by_the_carrier(stage, "T1")
    assert await stage.owner.fetchval("select body from inbox") == b""
    order = await stage.storefront('{ order(number: "ORD-1") { member { miId } pointsCredited pointsPending } }')
    assert order == {"member": None, "pointsCredited": 0, "pointsPending": 0}


async def set_state(stage: Stage, state: str) -> None:
    mutation = """mutation($s: MemberState!, $k: ID!) {
      setMemberState(miId: "mi-1", state: $s, reason: "r", confirm: true, idempotencyKey: $k) { __typename } }"""
    token = stage.token(scope="operator", name="operator")
    assert (await stage.ask(mutation, {"s": state, "k": state}, token))["setMemberState"][
        "__typename"
    ] == "MemberChanged"


# The same order


async def test_the_order_of_lines_parcels_and_pieces_is_no_content(stage: Stage):
    """R61: neither under another key nor under the same one."""
    await stage.register()
    placed_at = (await stage.now()).isoformat()
    lines = [("1", 1, 700), ("2", 2, 300)]
    parcels = [
        {"trackingNumber": "T1", "lines": pieces_of({"1": 1, "2": 1})},
        {"trackingNumber": "T2", "lines": pieces_of({"2": 1})},
    ]
    other = [parcels[1], {"trackingNumber": "T1", "lines": pieces_of({"2": 1, "1": 1})}]
    first = await stage.order("ORD-1", lines, parcels=parcels, placedAt=placed_at, key="k")
    for key in ("k", "another"):
        again = await stage.order("ORD-1", lines[::-1], parcels=other, placedAt=placed_at, key=key)
        assert again == first
    refused = await stage.order("ORD-1", lines[:1], placedAt=placed_at)
    assert refused["code"] == "ORDER_KNOWN"


async def test_an_order_that_grew_is_known_by_what_was_first_recorded(stage: Stage):
    await stage.register()
    placed_at = (await stage.now()).isoformat()
    await stage.order("ORD-1", TWO_LINES, placedAt=placed_at)
    await stage.add_lines("ORD-1", [("9", 1, 1000)])
    await stage.parcels("ORD-1", {"T1": {"9": 1}})
    again = await stage.order("ORD-1", TWO_LINES, placedAt=placed_at)
    assert (again["__typename"], again["order"]["pointsPending"]) == ("OrderRecorded", 160)


# The end of waiting


async def test_nobody_waits_for_ever_and_a_late_delivery_still_counts(stage: Stage):
    """R31a: 180 days after the last news of the order, whatever that was; by terms of earlier releases, too."""
    await stage.owner.execute("update terms set document = document - 'waiting_days'")
    await joined(stage)
    await stage.parcels("ORD-1", {"T1": {"1": 1}})
    await stage.advance(days=100)
    await stage.send_event("shipment.in_transit", "ORD-1", tracking_number="T1")
    await stage.advance(days=179)
    assert await points(stage) == (0, 150)
    await stage.advance(days=1, hours=1)
    assert await points(stage) == (0, 0)
    me = await stage.app("mi-1", "{ me { verdicts { nodes { kind outcome code points } } } }")
    assert {"kind": "PURCHASE", "outcome": "REFUSED", "code": "NOT_DELIVERED", "points": 0} in me["verdicts"]["nodes"]
    await told_by_the_carrier(stage, "T1")
    assert ((await states(stage))[-1], await points(stage)) == ("APPLIED", (100, 0))
    given_up = await stage.owner.fetchrow(
        "select told_at, occurred_at, content from order_facts where kind = 'GivenUp'"
    )
    assert given_up["told_at"] == given_up["occurred_at"]
    assert given_up["content"] == {"lines": [["1", 1], ["2", 2]]}


async def test_the_delivered_part_stays_when_waiting_ends(stage: Stage):
    """R31a, R60; the market's terms say how long."""
    await stage.owner.execute("update terms set document = jsonb_set(document, '{waiting_days}', '10')")
    await joined(stage)
    await stage.delivered("ORD-1", lines=[{"line_id": "1", "quantity": 1}])
    await stage.advance(days=9)
    assert await points(stage) == (100, 50)
    await stage.advance(days=1)
    assert await points(stage) == (100, 0)
    order = await stage.storefront('{ order(number: "ORD-1") { pointsCredited pointsPending } }')
    assert order == {"pointsCredited": 100, "pointsPending": 0}
    added = await stage.add_lines("ORD-1", [("9", 1, 1000)])
    assert added["order"]["pointsPending"] == 10, "another line is waited for anew"
    await stage.advance(days=10)
    assert await points(stage) == (100, 0)


async def test_many_workers_give_up_an_order_once(stage: Stage):
    await joined(stage)
    await clock.advance(stage.owner, 0, timedelta(days=181))
    await asyncio.gather(*(give_up_some(stage.programme) for _ in range(8)))
    assert await points(stage) == (0, 0)
    assert await stage.owner.fetchval("select count(*) from order_facts") == 1
    assert await clock.work_due(stage.owner) == 0


async def test_a_suspended_members_order_is_given_up_after_its_reinstatement(stage: Stage):
    """R5: nothing of a suspended member moves."""
    await joined(stage)
    await set_state(stage, "SUSPENDED")
    await stage.advance(days=200)
    assert (await stage.balance())[1] == 150
    assert await clock.work_due(stage.owner) == 0
    await set_state(stage, "ACTIVE")
    await stage.drain()
    assert (await stage.balance())[1] == 0
