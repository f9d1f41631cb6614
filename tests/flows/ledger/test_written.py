"""What an answer shows of a mutation without reading it again is what reading it again would show."""

from datetime import date
from uuid import UUID

import pytest

from db.coupons.rows import coupons_by_id
from db.ledger.entries import entries_of_verdicts
from db.ledger.promises import promises_of_verdicts
from db.ledger.verdict_rows import verdicts_by_id
from db.members.rows import members_by_id
from db.orders.rows import orders_by_number
from loyalty.callers import Caller
from loyalty.coupons.redeem import redeem
from loyalty.coupons.reserve import reserve_coupon
from loyalty.coupons.rules.coupons import Cart
from loyalty.coupons.spend import Release, commit_coupon, release_coupon
from loyalty.earning.earn import earn
from loyalty.earning.rules.activity import Activity
from loyalty.ledger.written import Written
from loyalty.members.eligibility import Registration
from loyalty.members.register import register
from loyalty.members.set_time_zone import set_time_zone
from loyalty.operators.adjust import Adjustment, adjust
from loyalty.orders.record import OrderToRecord, record_order
from loyalty.orders.rules.order import Order, OrderLine, Parcel
from tests.support.stage import Stage

MEMBER = Caller("mi-1", frozenset(), is_service=False)
STOREFRONT = Caller("storefront", frozenset({"storefront"}), is_service=True)
OPERATOR = Caller("olga", frozenset({"operator"}), is_service=True)


@pytest.fixture
async def stage_with_points(stage: Stage) -> Stage:
    await stage.register("mi-1")
    await stage.order("EARN", [("1", 1, 10_000_00)])
    await stage.delivered("EARN")
    return stage


async def assert_shows_what_a_read_shows(stage: Stage, written: Written | None, verdict_id: UUID) -> None:
    assert written is not None
    db, key = stage.programme.db, (written.member.member_id, verdict_id)
    (member,) = await members_by_id(db, [written.member.member_id])
    assert written.member_row is not None
    assert written.member_row._replace(now=member.now) == member
    if not written.verdict_rows:  # an event that had its verdict already: that one is read
        return
    assert written.verdict_rows == await verdicts_by_id(db, [key])
    assert written.entry_rows(verdict_id) == await entries_of_verdicts(db, [key])
    assert written.promise_rows(verdict_id) == await promises_of_verdicts(db, [key])
    coupons = [(row.member_id, row.coupon_id) for row in written.coupon_rows]
    assert written.coupon_rows == await coupons_by_id(db, coupons)


@pytest.mark.parametrize(
    "activity",
    [Activity("FUEL"), Activity("LINK_SHARE", product_id="p-1", url="https://mi.com/p-1", network="x"),
     Activity("REVIEW", product_id="p-1", review_id="r-1"), Activity("APP_SIGN_IN")],
    ids=lambda activity: activity.kind,
)  # fmt: skip
async def test_an_activity(stage_with_points: Stage, activity: Activity):
    for key in ("first", "again"):
        decided = await earn(stage_with_points.programme, MEMBER, activity, None, key)
        await assert_shows_what_a_read_shows(stage_with_points, decided.written, decided.verdict_id)


async def test_a_coupon(stage_with_points: Stage):
    redeemed = await redeem(stage_with_points.programme, MEMBER, "mi-1", "es-5", "k")
    await assert_shows_what_a_read_shows(stage_with_points, redeemed.written, redeemed.verdict_id)
    assert redeemed.written is not None
    assert len(redeemed.written.coupon_rows) == 1


async def test_an_order(stage_with_points: Stage):
    now = await stage_with_points.now()
    lines = (OrderLine("long-1", "p-1", 2, 30_00), OrderLine("b", "p-2", 1, 10_00), OrderLine("a", "p-3", 1, 10_00))
    parcels = (Parcel("T-1", "post", {"long-1": 1, "b": 1, "a": 1}),)
    order = Order("ORD-1", now, "EUR", lines, shipping_minor=5_00, parcels=parcels)
    recorded = await record_order(stage_with_points.programme, STOREFRONT, OrderToRecord("mi-1", order), "k")
    await assert_shows_what_a_read_shows(stage_with_points, recorded.written, recorded.verdict_id)
    assert recorded.written is not None
    assert recorded.written.order_rows == await orders_by_number(
        stage_with_points.programme.db, [(recorded.member_id, "ORD-1")]
    )
    (row,) = recorded.written.order_rows
    (read,) = await orders_by_number(stage_with_points.programme.db, [(recorded.member_id, "ORD-1")])
    assert [list(parcel["pieces"]) for parcel in row.parcels] == [list(parcel["pieces"]) for parcel in read.parcels]


async def test_a_coupon_at_checkout(stage_with_points: Stage):
    programme = stage_with_points.programme
    coupon = await redeem(programme, MEMBER, "mi-1", "es-5", "k")
    assert coupon.written is not None
    (code,) = [each.code for each in coupon.written.coupon_rows]
    cart = Cart("CART-1", "EUR", (OrderLine("1", "p-1", 1, 100_00),))
    steps = [
        lambda key: reserve_coupon(programme, STOREFRONT, "mi-1", code, cart, key),
        lambda key: release_coupon(programme, STOREFRONT, Release(code, "CART-1"), key),
        lambda key: reserve_coupon(programme, STOREFRONT, "mi-1", code, cart, key),
        lambda key: commit_coupon(programme, STOREFRONT, code, "CART-1", key),
    ]
    for number, step in enumerate(steps):
        for key in (f"{number}-first", f"{number}-again"):
            changed = await step(key)
            assert changed.written is not None
            read = await coupons_by_id(programme.db, [(changed.member_id, changed.coupon_id)])
            assert changed.written.coupon_rows == read


async def test_a_membership(stage: Stage):
    joined = await register(stage.programme, STOREFRONT, Registration("mi-1", "ES", date(1990, 5, 17)), "k")
    await assert_shows_what_a_read_shows(stage, joined.written, joined.verdict_id)
    moved = await set_time_zone(stage.programme, MEMBER, "mi-1", "Atlantic/Canary", "zone")
    await assert_shows_what_a_read_shows(stage, moved.written, joined.verdict_id)


@pytest.mark.parametrize("points", [100, -100, -20_000, 20_000])
async def test_an_adjustment(stage_with_points: Stage, points: int):
    adjustment = Adjustment("mi-1", points, "A test.")
    for key in ("first", "again"):
        decided = await adjust(stage_with_points.programme, OPERATOR, adjustment, key)
        await assert_shows_what_a_read_shows(stage_with_points, decided.written, decided.verdict_id)


async def test_a_repeated_request_wrote_nothing(stage_with_points: Stage):
    for expected in (True, False):
        redeemed = await redeem(stage_with_points.programme, MEMBER, "mi-1", "es-5", "k")
        assert (redeemed.written is not None) is expected
