"""Orders from the storefront, parcels and returns from shippers (R12-R13, R30-R36, R60-R61)."""

from datetime import timedelta

import pytest

from db import clock
from db.webhooks.inbox import unpark_known
from tests.support.stage import Stage

TWO_LINES = [("1", 1, 19999), ("2", 1, 5000)]
ONE = [{"line_id": "1", "quantity": 1}]
TWO_PARCELS = {"T1": {"1": 1}, "T2": {"2": 1}}


async def joined(stage: Stage) -> None:
    """Makes a member whose sign-up points have been credited: 50 available."""
    await stage.register()
    await stage.advance(minutes=5)


async def verdicts(stage: Stage) -> list[tuple[str, str, str, int]]:
    me = await stage.app("mi-1", "{ me { verdicts { nodes { kind outcome code points } } } }")
    return [(v["kind"], v["outcome"], v["code"], v["points"]) for v in me["verdicts"]["nodes"]]


def parcel(tracking_number: str, carrier: str, line_id: str = "1") -> dict:
    """One piece of a line in a parcel, as the storefront sends it."""
    lines = [{"lineId": line_id, "quantity": 1}]
    return {"trackingNumber": tracking_number, "carrier": carrier, "lines": lines}


async def test_an_order_waits_for_delivery_and_is_credited_parcel_by_parcel_without_a_hold(stage: Stage):
    await joined(stage)
    taken = await stage.order("ORD-1", TWO_LINES, parcels=TWO_PARCELS)
    assert (taken["verdict"]["outcome"], taken["verdict"]["code"]) == ("WAITING", "WAITING_FOR_DELIVERY")
    assert taken["verdict"]["pendingPoints"] == {"points": 250, "dueAt": None, "awaiting": "DELIVERY"}
    assert await stage.balance() == (50, 250, 0)
    await stage.delivered("ORD-1", "T1")
    assert await stage.balance() == (250, 50, 0)
    await stage.delivered("ORD-1", "T2")
    assert await stage.balance() == (300, 0, 0)
    assert ("PURCHASE", "GRANTED", "GRANTED", 250) in await verdicts(stage)


async def test_worked_example_1_line_by_line_back_to_zero(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", TWO_LINES)
    await stage.delivered("ORD-1")
    assert await stage.balance() == (300, 0, 0)
    await stage.returned("ORD-1", "R1", lines=[{"line_id": "2", "quantity": 1}])
    assert await stage.balance() == (250, 0, 0)
    await stage.returned("ORD-1", "R2", lines=[{"line_id": "1", "quantity": 1}])
    assert await stage.balance() == (50, 0, 0)
    assert [entry[:2] for entry in await stage.history()] == [
        ("CLAWBACK", -200), ("CLAWBACK", -50), ("PURCHASE", 250), ("SIGN_UP", 50),
    ]  # fmt: skip


async def test_worked_example_6_spent_points_become_a_debt_that_later_credits_repay(stage: Stage):
    await joined(stage)
    await stage.order("ORD-0", [("1", 1, 25000)])
    await stage.delivered("ORD-0")
    await stage.order("ORD-1", [("1", 1, 30000)])
    await stage.delivered("ORD-1")
    assert (await stage.redeem("es-5"))["__typename"] == "PointsRedeemed"
    assert await stage.balance() == (100, 0, 0)
    await stage.returned("ORD-1", "R1")
    assert await stage.balance() == (0, 0, 200)
    assert (await stage.history())[0] == ("CLAWBACK", -300, 0)
    refused = await stage.redeem("es-5")
    assert (refused["__typename"], refused["code"]) == ("NotEnoughPoints", "IN_DEBT")
    await stage.order("ORD-2", [("1", 1, 25000)])
    await stage.delivered("ORD-2")
    assert await stage.balance() == (50, 0, 0)
    assert sum(points for _, points, _ in await stage.history()) == 50


async def test_worked_example_7_a_return_before_the_delivery_leaves_nothing_pending_and_debits_nothing(
    stage: Stage,
):
    await joined(stage)
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.returned("ORD-1", "R1", lines=[{"line_id": "1", "quantity": 1}])
    assert await stage.balance() == (50, 0, 0)
    await stage.delivered("ORD-1")
    assert await stage.balance() == (50, 0, 0)
    found = await verdicts(stage)
    assert ("PURCHASE", "REFUSED", "RETURNED", 0) in found
    assert ("CLAWBACK", "REVERSED", "RETURNED", 0) in found


async def test_a_delivery_received_before_its_order_waits_for_it(stage: Stage):
    await joined(stage)
    await stage.delivered("ORD-1")
    assert await stage.owner.fetchval("select state from audit.inbox") == "PARKED"
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.drain()
    assert await stage.balance() == (150, 0, 0)
    assert await stage.owner.fetchval("select state from audit.inbox") == "APPLIED"


async def test_a_delivery_known_only_by_its_tracking_number_finds_its_order(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", [("1", 1, 10000)], parcels={"T9": {"1": 1}})
    await stage.webhook("shipment.delivered", {"tracking_number": "T9", "occurred_at": "2026-11-03T11:59:30Z"})
    await stage.drain()
    assert await stage.balance() == (150, 0, 0)


async def test_the_same_webhook_twice_and_the_same_return_under_two_ids_count_once(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", TWO_LINES)
    data = {"order_number": "ORD-1", "occurred_at": "2026-11-03T11:59:30Z"}
    first = await stage.webhook("shipment.delivered", data, id_="evt-1")
    again = await stage.webhook("shipment.delivered", data, id_="evt-1")
    assert first.is_success
    assert again.is_success
    await stage.drain()
    await stage.delivered("ORD-1")
    for _ in range(3):
        await stage.returned("ORD-1", "R1", lines=[{"line_id": "2", "quantity": 1}])
    assert await stage.balance() == (250, 0, 0)
    assert await stage.owner.fetchval("select count(*) from transfers where kind = 'CLAWBACK'") == 1


@pytest.mark.parametrize("type_", ["shipment.returned_to_sender", "shipment.lost"])
async def test_a_parcel_that_does_not_arrive_loses_its_points(stage: Stage, type_: str):
    await joined(stage)
    await stage.order("ORD-1", TWO_LINES, parcels=TWO_PARCELS)
    await stage.delivered("ORD-1", "T1")
    await stage.send_event(type_, "ORD-1", tracking_number="T2")
    assert await stage.balance() == (250, 0, 0)
    assert ("PURCHASE", "GRANTED", "GRANTED", 200) in await verdicts(stage)
    assert ("CLAWBACK", "REVERSED", "NOT_DELIVERED", 0) in await verdicts(stage)


async def test_a_refund_of_shipping_alone_takes_back_shippings_part(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", [("1", 1, 10000)], shippingMinor=500)
    await stage.delivered("ORD-1")
    assert await stage.balance() == (155, 0, 0)
    await stage.returned("ORD-1", "R1", refund={"amount_minor": 500, "shipping_minor": 500})
    assert await stage.balance() == (150, 0, 0)


async def test_an_order_worth_nothing_is_refused_at_once(stage: Stage):
    await joined(stage)
    taken = await stage.order("ORD-1", [("1", 1, 49)])
    assert (taken["verdict"]["outcome"], taken["verdict"]["code"]) == ("REFUSED", "NOTHING_TO_EARN")
    await stage.delivered("ORD-1")
    assert await stage.balance() == (50, 0, 0)


async def test_an_order_sent_again_gets_the_same_answer_and_with_other_content_is_refused(stage: Stage):
    await joined(stage)
    await stage.register("mi-2")
    at = (await stage.now()).isoformat()
    first = await stage.order("ORD-1", [("1", 1, 10000)], placedAt=at)
    again = await stage.order("ORD-1", [("1", 1, 10000)], placedAt=at)
    assert again == first
    other_content = await stage.order("ORD-1", [("1", 1, 9999)], placedAt=at)
    other_member = await stage.order("ORD-1", [("1", 1, 10000)], "mi-2", placedAt=at)
    for refused in (other_content, other_member):
        assert (refused["__typename"], refused["code"]) == ("InvalidInput", "ORDER_KNOWN")
    assert await stage.balance() == (50, 100, 0)


@pytest.mark.parametrize(
    ("lines", "more", "code", "path"),
    [
        ([], {}, "INVALID_INPUT", ["input", "lines"]),
        ([("1", 0, 100)], {}, "INVALID_INPUT", ["input", "lines", "0", "quantity"]),
        ([("1", 1, -1)], {}, "INVALID_INPUT", ["input", "lines", "0", "paidMinor"]),
        ([("1", 1, 100), ("1", 1, 100)], {}, "INVALID_INPUT", ["input", "lines", "1", "id"]),
        ([("1", 1, 100)], {"discountMinor": 101}, "INVALID_INPUT", ["input", "discountMinor"]),
        ([("1", 1, 100)], {"shippingMinor": -1}, "INVALID_INPUT", ["input", "shippingMinor"]),
        ([("1", 1, 100)], {"currency": "GBP"}, "INVALID_INPUT", ["input", "currency"]),
        ([("1", 1, 100)], {"placedAt": "2099-01-01T00:00:00Z"}, "OCCURRED_IN_FUTURE", ["input", "placedAt"]),
        ([("1", 1, 100)], {"parcels": {"T": {"9": 1}}},
         "INVALID_INPUT", ["input", "parcels", "0", "lines", "0", "lineId"]),
        ([("1", 1, 2_000_000_000), ("2", 1, 2_000_000_000)], {}, "INVALID_INPUT", ["input", "lines"]),
    ],
)  # fmt: skip
async def test_a_malformed_order_is_refused_with_its_path_and_leaves_nothing(
    stage: Stage, lines: list, more: dict, code: str, path: list
):
    await joined(stage)
    refused = await stage.order("ORD-1", lines, **more)
    assert (refused["__typename"], refused["code"], refused["path"]) == ("InvalidInput", code, path)
    assert await stage.owner.fetchval("select count(*) from orders") == 0
    assert await stage.balance() == (50, 0, 0)


async def test_ids_beyond_53_bits_stay_exact(stage: Stage):
    await joined(stage)
    taken = await stage.order("9007199254740993", [("9007199254740995", 1, 10000)])
    assert taken["order"]["number"] == "9007199254740993"
    await stage.send_event(
        "shipment.delivered", "9007199254740993", lines=[{"line_id": 9007199254740995, "quantity": 1}]
    )
    assert await stage.balance() == (150, 0, 0)


async def test_a_return_of_an_unknown_line_is_tried_ten_times_and_delays_no_other_delivery(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.returned("ORD-1", "R-bad", lines=[{"line_id": "no such line", "quantity": 1}])
    await stage.delivered("ORD-1")
    assert await stage.balance() == (150, 0, 0)
    for _ in range(12):
        await stage.owner.execute("update inbox set not_before = null")
        await stage.drain()
    bad = await stage.owner.fetchrow("select state, attempts, error from audit.inbox where state <> 'APPLIED'")
    assert (bad["state"], bad["attempts"], bad["error"]) == (
        "DEAD",
        10,
        "The order has no line no such line.",
    )


async def test_a_suspended_members_delivery_is_stored_and_moves_nothing(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.owner.execute("update members set state = 'SUSPENDED'")
    await stage.delivered("ORD-1")
    assert await stage.balance() == (50, 100, 0)
    assert await stage.owner.fetchval("select count(*) from order_facts") == 1


async def test_a_parcel_lost_and_found_is_credited_under_a_verdict_of_its_own(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", [("1", 1, 10000)], parcels={"T1": {"1": 1}})
    await stage.send_event("shipment.lost", "ORD-1", tracking_number="T1", occurred_at="2026-11-03T10:00:00Z")
    assert await stage.balance() == (50, 0, 0)
    await stage.send_event("shipment.delivered", "ORD-1", tracking_number="T1", occurred_at="2026-11-04T10:00:00Z")
    assert await stage.balance() == (150, 0, 0)
    found = await verdicts(stage)
    assert ("PURCHASE", "REFUSED", "NOT_DELIVERED", 0) in found
    assert ("PURCHASE", "GRANTED", "GRANTED", 100) in found
    await stage.returned("ORD-1", "R1")
    assert await stage.balance() == (50, 0, 0)


async def test_points_due_before_a_return_are_booked_before_it(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.delivered("ORD-1")
    await stage.earn({"socialShare": {"productId": "p"}})
    await clock.advance(stage.owner, 0, timedelta(days=1))
    await stage.webhook("return.received", {"order_number": "ORD-1", "return_id": "R1"})
    await stage.drain()
    assert [kind for kind, _, _ in await stage.history()][:2] == ["CLAWBACK", "SOCIAL_SHARE"]


async def test_a_delivery_for_a_tracking_number_of_two_orders_waits_without_using_up_attempts(stage: Stage):
    await joined(stage)
    for number in ("ORD-1", "ORD-2"):
        await stage.order(number, [("1", 1, 10000)], parcels={"T1": {"1": 1}})
    await stage.webhook("shipment.delivered", {"tracking_number": "T1", "occurred_at": "2026-11-03T11:59:30Z"})
    for _ in range(15):
        await stage.drain()
        await unpark_known(stage.programme.db)
    row = await stage.owner.fetchrow("select state, attempts from audit.inbox")
    assert (row["state"], row["attempts"]) == ("PARKED", 0)
    assert await stage.balance() == (50, 200, 0)


async def test_a_piece_that_went_back_without_a_number_is_not_the_one_that_arrived(stage: Stage):
    """R33a, R34: of two pieces one was delivered and one went back; no points wait for that one for ever (R60)."""
    await joined(stage)
    await stage.order("ORD-1", [("1", 2, 20_000)])
    await stage.delivered("ORD-1", lines=ONE, occurred_at="2026-11-03T10:00:00Z")
    assert await stage.balance() == (150, 100, 0)
    await stage.send_event("shipment.returned_to_sender", "ORD-1", lines=ONE, occurred_at="2026-11-03T11:00:00Z")
    assert await stage.balance() == (150, 0, 0)
    assert ("PURCHASE", "GRANTED", "GRANTED", 100) in await verdicts(stage)


async def test_a_piece_lost_without_a_number_is_found_once_more_arrive_than_are_left(stage: Stage):
    """R34: if the news names more pieces than were bought, the later news counts for the extra ones."""
    await joined(stage)
    await stage.order("ORD-1", [("1", 2, 20_000)])
    await stage.send_event("shipment.lost", "ORD-1", lines=ONE, occurred_at="2026-11-03T09:00:00Z")
    assert await stage.balance() == (50, 100, 0)
    for hour, balance in (("10", (150, 0, 0)), ("11", (250, 0, 0))):
        await stage.delivered("ORD-1", lines=ONE, occurred_at=f"2026-11-03T{hour}:00:00Z")
        assert await stage.balance() == balance


async def test_a_return_of_a_parcel_means_the_carriers_parcel(stage: Stage):
    """R33a: the whole parcel is returned; R34: the carrier's name decides between two parcels with the same number."""
    await joined(stage)
    parcels = [parcel("T", "UPS"), parcel("T", "DHL", "2")]
    for number in ("ORD-1", "ORD-2"):
        await stage.order(number, [("1", 1, 10_000), ("2", 1, 3_000)], parcels=parcels)
        for carrier in ("ups", "dhl"):
            await stage.delivered(number, "T", carrier=carrier)
    await stage.returned("ORD-1", "R1", tracking_number="T", carrier="dhl")
    assert await stage.balance() == (50 + 100 + 130, 0, 0)
    await stage.returned("ORD-2", "R1", tracking_number="T", carrier="Ups")
    assert await stage.balance() == (50 + 100 + 30, 0, 0)


async def states(stage: Stage) -> list[str]:
    return [row["state"] for row in await stage.owner.fetch("select state from audit.inbox order by event_id")]


async def test_the_carrier_decides_between_two_orders_that_share_a_tracking_number(stage: Stage):
    """R34: in upper or lower case, and by each carrier of an order whose two parcels have that number."""
    await joined(stage)
    for number, carrier in (("ORD-1", "UPS"), ("ORD-2", "DHL")):
        await stage.order(
            number, [("1", 1, 10_000), ("2", 1, 3_000)],
            parcels=[parcel("T", carrier), parcel("T", f"{carrier} Express", "2")],
        )  # fmt: skip
    for n, (carrier, available) in enumerate((("dhl", 150), ("UPS express", 180), ("ups", 280), ("Dhl Express", 310))):
        data = {"tracking_number": "T", "carrier": carrier, "occurred_at": "2026-11-03T11:59:30Z"}
        await stage.webhook("shipment.delivered", data, id_=f"evt-{n}")
        await stage.drain()
        assert (await stage.balance())[0] == available
    await stage.webhook("shipment.delivered", data | {"carrier": "Royal Mail"}, id_="evt-9")
    await stage.drain()
    assert await states(stage) == ["APPLIED"] * 4 + ["PARKED"]


async def test_a_delivery_parked_for_a_shared_number_is_freed_only_if_the_carrier_decides(stage: Stage):
    """R34: needed if the process died that should have unparked it; undecided deliveries are tried rarely."""
    await joined(stage)
    for number, carrier in (("ORD-1", "UPS"), ("ORD-2", "DHL")):
        await stage.order(number, [("1", 1, 10_000)], parcels=[parcel("T", carrier)])
    for id_, carrier in (("evt-1", "dhl"), ("evt-2", "Royal Mail")):
        data = {"tracking_number": "T", "carrier": carrier, "occurred_at": "2026-11-03T11:59:30Z"}
        await stage.webhook("shipment.delivered", data, id_=id_)
    await stage.owner.execute("update inbox set state = 'PARKED', tracking_number = 'T'")
    assert await unpark_known(stage.programme.db) == 2
    await stage.drain()
    assert await states(stage) == ["APPLIED", "PARKED"]
    assert (await stage.balance())[0] == 150
    assert await unpark_known(stage.programme.db) == 0
    await stage.owner.execute("update inbox set not_before = not_before - interval '1 day'")
    assert await unpark_known(stage.programme.db) == 1


async def test_order_and_return_ids_with_colons_do_not_collide(stage: Stage):
    await joined(stage)
    for number in ("A:B", "A"):
        await stage.order(number, [("1", 1, 10000)])
        await stage.delivered(number)
    await stage.returned("A:B", "C")
    await stage.returned("A", "B:C")
    assert await stage.balance() == (50, 0, 0)


async def test_an_order_takes_only_a_limited_number_of_facts_of_a_kind(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.owner.execute(
        "insert into order_facts select member_id, number, 'delivered:' || n, 'Delivered', "
        """'{"tracking_number": "T", "lines": [], "carrier": null}', now(), now(), 'native', n::text """
        "from orders, generate_series(1, 300) n"
    )
    await stage.delivered("ORD-1")
    row = await stage.owner.fetchrow("select state, error from audit.inbox")
    assert row["state"] == "RECEIVED"
    assert "facts of this kind already" in row["error"]


async def test_a_return_is_accepted_however_many_facts_about_parcels_there_are(stage: Stage):
    await joined(stage)
    await stage.order("ORD-1", [("1", 2, 10000)])
    await stage.delivered("ORD-1")
    await stage.owner.execute(
        "insert into order_facts select member_id, number, 'in_transit:' || n, 'InTransit', "
        """'{"tracking_number": "T", "lines": [], "carrier": null}', now(), now(), 'native', n::text """
        "from orders, generate_series(1, 300) n"
    )
    await stage.returned("ORD-1", "R-1", lines=[{"line_id": "1", "quantity": 1}])
    assert (await stage.balance())[0] == 50 + 50
