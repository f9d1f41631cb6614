"""Points lapse at midnight, members get a notice a month before, and returns take no lapsed points twice (R50)."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from db import clock
from db.audit import audit
from loyalty.programme.rules.calendar import first_of_month, local_day
from tests.support.stage import Stage
from tests.support.verdict_calls import decided, moderate, taking_back_by_operators

ZONES = {"ES": "Europe/Madrid", "GB": "Europe/London"}


async def to(stage: Stage, day: date, *, zone: str = "Europe/Madrid", seconds: float = 0, drain: bool = True) -> None:
    """Moves the clock to so many seconds after a local midnight."""
    moment = datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)) + timedelta(seconds=seconds)
    await clock.advance(stage.owner, 0, moment.astimezone(UTC) - await stage.now())
    if drain:
        await stage.drain()


async def with_lot(stage: Stage, points: int, mi_id: str = "mi-1", market: str = "ES") -> date:
    """Makes a member with the sign-up's 50 points and so many from an order, all of one month; returns the day they
    lapse."""
    today = local_day(await stage.now(), ZONES[market])
    await to(stage, first_of_month(today, 1) + timedelta(days=9), zone=ZONES[market])
    await stage.register(mi_id, market)
    if points:
        currency = {"ES": "EUR", "GB": "GBP"}[market]
        await stage.order(f"ORD-{mi_id}", [("1", 1, points * 100)], mi_id, currency=currency)
        await stage.delivered(f"ORD-{mi_id}")
    await stage.advance(minutes=5)
    return first_of_month(local_day(await stage.now(), ZONES[market]), 13)


async def notices(stage: Stage) -> list[tuple[Any, ...]]:
    rows = await stage.owner.fetch(
        "select kind, points, lapses_on, reference, created_at from notices order by created_at, kind, points"
    )
    return [tuple(row) for row in rows]


def midnight(day: date, zone: str = "Europe/Madrid") -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).astimezone(UTC)


@pytest.mark.usefixtures("standing_clock")
@pytest.mark.parametrize(("market", "points"), [("ES", 250), ("GB", 400)])
async def test_points_lapse_on_the_first_of_the_month_after_they_turn_twelve_months(
    stage: Stage, market: str, points: int
):
    """R50: in the last second before midnight in the market's zone they are there; at midnight they are gone."""
    zone = ZONES[market]
    day = await with_lot(stage, 200, market=market)
    told_on = first_of_month(day, -1)
    await to(stage, told_on, zone=zone, seconds=-1)
    assert await notices(stage) == []
    await to(stage, told_on, zone=zone)
    assert await notices(stage) == [("POINTS_LAPSING", points, day, None, midnight(told_on, zone))]
    await to(stage, day, zone=zone, seconds=-5)
    assert await stage.balance() == (points, 0, 0)
    me = await stage.app("mi-1", "{ me { lapsing { points lapsesOn } } }")
    assert me["lapsing"] == [{"points": points, "lapsesOn": day.isoformat()}]
    await to(stage, day, zone=zone)
    assert await stage.balance() == (0, 0, 0)
    assert (await stage.history())[0] == ("LAPSE", -points, 0)
    assert (await notices(stage))[1:] == [("POINTS_LAPSED", points, day, None, midnight(day, zone))]
    entry = await stage.owner.fetchrow("select source, occurred_at, debit, credit from transfers where kind = 'LAPSE'")
    assert tuple(entry) == (f"lapse:{day}", midnight(day, zone), "available", "lapsed")
    me = await stage.app("mi-1", "{ me { lapsing { points } balance { lifetime } } }")
    assert me == {"lapsing": [], "balance": {"lifetime": points}}


async def test_looking_again_changes_nothing(stage: Stage):
    day = await with_lot(stage, 200)
    await to(stage, day, seconds=60)
    before = await notices(stage), await stage.history()
    for _ in range(3):
        await stage.drain()
    await stage.advance(days=40)
    assert (await notices(stage), await stage.history()) == before


async def test_the_notice_names_the_points_of_its_moment_and_points_spent_later_do_not_lapse(stage: Stage):
    day = await with_lot(stage, 1000)
    await stage.redeem("es-5")
    await to(stage, first_of_month(day, -1))
    await stage.redeem("es-5")
    await to(stage, day)
    sent = [(kind, points) for kind, points, _, reference, _ in await notices(stage) if reference is None]
    assert sent == [("POINTS_LAPSING", 550), ("POINTS_LAPSED", 50)]


async def test_three_years_in_one_step_happen_in_the_order_of_their_moments(stage: Stage):
    """R50: credits, notices and lapses are booked as of their own moments, lot after lot."""
    day = await with_lot(stage, 200)
    await stage.advance(days=31)
    await stage.order("ORD-2", [("1", 1, 30000)])
    await stage.delivered("ORD-2")
    await stage.earn({"socialShare": {"productId": "p-1"}})
    await clock.advance(stage.owner, 36, timedelta())
    await stage.drain()
    later = first_of_month(day, 1)
    assert [(kind, points, lapses_on) for kind, points, lapses_on, _, _ in await notices(stage)] == [
        ("POINTS_LAPSING", 250, day),
        ("POINTS_LAPSED", 250, day),
        ("POINTS_LAPSING", 305, later),
        ("POINTS_LAPSED", 305, later),
    ]
    moments = await stage.owner.fetch("select occurred_at from transfers where debit <> 'issuance' order by seq")
    assert [row[0] for row in moments] == sorted(row[0] for row in moments)
    assert [kind for kind, _, _ in await stage.history()][:3] == ["LAPSE", "LAPSE", "SOCIAL_SHARE"]
    assert await stage.balance() == (0, 0, 0)


@pytest.mark.usefixtures("standing_clock")
async def test_a_hold_that_ends_after_midnight_is_credited_after_the_lapse(stage: Stage):
    day = await with_lot(stage, 200)
    await to(stage, day, seconds=-60)
    await stage.earn({"socialShare": {"productId": "p-1"}})
    await clock.advance(stage.owner, 0, timedelta(hours=1))
    await stage.drain()
    assert (await stage.history())[:2] == [("SOCIAL_SHARE", 5, 5), ("LAPSE", -250, 0)]


async def test_lapsed_points_cannot_be_spent_even_before_a_worker_has_come(stage: Stage):
    """R50: midnight decides, not the worker's moment."""
    day = await with_lot(stage, 600)
    await to(stage, day, seconds=1, drain=False)
    refused = await stage.redeem("es-5")
    assert (refused["__typename"], refused["available"]) == ("NotEnoughPoints", 0)
    assert (await stage.history())[0] == ("LAPSE", -650, 0)
    await stage.drain()
    assert [kind for kind, *_ in await notices(stage)] == ["POINTS_LAPSING", "POINTS_LAPSED"]


async def test_points_of_a_suspended_member_lapse_as_well(stage: Stage):
    """R5: holds pause, time does not."""
    day = await with_lot(stage, 200)
    await stage.owner.execute("update members set state = 'SUSPENDED'")
    await to(stage, day)
    assert await stage.balance() == (0, 0, 0)


async def test_points_credited_after_their_lot_has_lapsed_lapse_too_with_a_notice_of_their_own(stage: Stage):
    """R5, R50: a hold that was paused by a suspension ends long after its lot's day."""
    day = await with_lot(stage, 200)
    await stage.earn({"socialShare": {"productId": "p-1"}})
    await stage.owner.execute("update members set state = 'SUSPENDED'")
    await to(stage, day, seconds=60)
    assert await stage.balance() == (0, 5, 0)
    await stage.owner.execute("update members set state = 'ACTIVE'")
    await stage.drain()
    assert (await stage.history())[:3] == [("LAPSE", -5, 0), ("SOCIAL_SHARE", 5, 5), ("LAPSE", -250, 0)]
    lapsed = [points for kind, points, *_ in await notices(stage) if kind == "POINTS_LAPSED"]
    assert sorted(lapsed) == [5, 250]
    assert await unsound(stage) == set()


async def test_nothing_lapses_under_terms_without_lapsing(stage: Stage):
    """R50: null means never."""
    await stage.owner.execute(
        'update terms set document = document || \'{"lapse_after_months": "never"}\'; '
        "update programme_state set version = version + 1"
    )
    await with_lot(stage, 200)
    await clock.advance(stage.owner, 60, timedelta())
    await stage.drain()
    assert await stage.balance() == (250, 0, 0)
    assert (await stage.app("mi-1", "{ me { lapsing { points } } }"))["lapsing"] == []
    assert await notices(stage) == []


async def test_a_return_does_not_take_lapsed_points_again(stage: Stage):
    """R36: up to the points that the returned order had put into a lot, those that lapsed are not taken again."""
    day = await with_lot(stage, 0)
    await stage.order("ORD-A", [("1", 1, 30000), ("2", 1, 10000)])
    await stage.delivered("ORD-A")
    await to(stage, day, seconds=60)
    assert (await stage.history())[0] == ("LAPSE", -450, 0)
    await stage.order("ORD-B", [("1", 1, 20000)])
    await stage.delivered("ORD-B")
    await stage.returned("ORD-A", "R1", lines=[{"line_id": "1", "quantity": 1}])
    assert await stage.balance() == (200, 0, 0)
    await stage.returned("ORD-A", "R2", lines=[{"line_id": "2", "quantity": 1}])
    assert await stage.balance() == (200, 0, 0)
    me = await stage.app("mi-1", "{ me { balance { lifetime } verdicts { nodes { code points } } } }")
    assert me["balance"]["lifetime"] == 650
    assert [v["points"] for v in me["verdicts"]["nodes"] if v["code"] == "RETURNED"] == [0, 0]
    assert [kind for kind, *_ in await notices(stage)] == ["POINTS_LAPSING", "POINTS_LAPSED"]


async def test_points_spent_before_the_rest_lapsed_are_taken_back(stage: Stage):
    """R36: 500 of 650 were spent and 150 lapsed; the return of 600 waives 150 and takes 450: 200 points and a debt."""
    day = await with_lot(stage, 600)
    await stage.redeem("es-5")
    await to(stage, day, seconds=60)
    await stage.order("ORD-B", [("1", 1, 20000)])
    await stage.delivered("ORD-B")
    await stage.returned("ORD-mi-1", "R1")
    assert await stage.balance() == (0, 0, 250)
    assert (await stage.history())[0] == ("CLAWBACK", -450, 0)
    kinds = [(kind, points, reference) for kind, points, _, reference, _ in await notices(stage)]
    assert kinds[-1] == ("CLAWBACK", 450, "ORD-mi-1")


async def test_two_orders_share_the_lapsed_points_and_none_is_waived_twice(stage: Stage):
    """R36: 100 and 100 in one lot, 100 of them spent; 150 lapsed with the sign-up's 50."""
    day = await with_lot(stage, 0)
    for number in ("ORD-A", "ORD-B"):
        await stage.order(number, [("1", 1, 30000)])
        await stage.delivered(number)
    await stage.redeem("es-5")
    await to(stage, day, seconds=60)
    assert (await stage.history())[0] == ("LAPSE", -150, 0)
    await stage.returned("ORD-A", "R1")
    assert await stage.balance() == (0, 0, 150)
    await stage.returned("ORD-B", "R1")
    assert await stage.balance() == (0, 0, 450)


@pytest.mark.parametrize("by_operator", [False, True])
async def test_points_waived_for_a_removed_review_are_not_waived_for_an_order_as_well(stage: Stage, by_operator: bool):
    """R35, R36: 700 in one lot, 500 spent, 200 lapsed: 20 of them waived with the review, so 180 with the order."""
    if by_operator:
        await taking_back_by_operators(stage)
    day = await with_lot(stage, 630)
    await moderate(stage, "reviewPublished", reviewId="rv-1", productId="p-1")
    await stage.advance(minutes=5)
    await stage.redeem("es-5")
    await to(stage, day, seconds=60)
    removed = await moderate(stage, "reviewRemoved", reviewId="rv-1")
    if by_operator:
        removed = await decided(stage, removed["verdict"]["id"], approve=True)
    assert removed["verdict"]["points"] == 0
    await stage.returned("ORD-mi-1", "R1")
    assert await stage.balance() == (0, 0, 450)


async def test_two_reviews_whose_clawback_an_operator_approves_share_the_lapsed_points(stage: Stage):
    """R35, R36: 30 of 530 lapsed, so of two reviews of 20 each 20 and 10 are waived, and 10 become debt."""
    await taking_back_by_operators(stage)
    day = await with_lot(stage, 440)
    for review in ("rv-1", "rv-2"):
        await moderate(stage, "reviewPublished", reviewId=review, productId=review)
    await stage.advance(minutes=5)
    await stage.redeem("es-5")
    await to(stage, day, seconds=60)
    for review, points in (("rv-1", 0), ("rv-2", -10)):
        waits = await moderate(stage, "reviewRemoved", reviewId=review)
        approved = await decided(stage, waits["verdict"]["id"], approve=True)
        assert approved["verdict"]["points"] == points
    assert await stage.balance() == (0, 0, 10)


@pytest.mark.spoils
async def test_a_coupon_that_ends_in_seven_days_has_one_notice(stage: Stage):
    """R50, R52: the notice names the coupon; a used coupon has no notice."""
    await with_lot(stage, 1000)
    unused = (await stage.redeem("es-5"))["coupon"]
    used = (await stage.redeem("es-5"))["coupon"]
    await stage.owner.execute("update coupons set state = 'USED', order_number = 'X' where code = $1", used["code"])
    end = datetime.fromisoformat(unused["expiresAt"])
    await clock.advance(stage.owner, 0, end - timedelta(days=7, hours=2) - await stage.now())
    await stage.drain()
    assert await notices(stage) == []
    await stage.advance(hours=4)
    [(kind, points, lapses_on, code, at)] = await notices(stage)
    assert (kind, points, lapses_on, code) == ("COUPON_EXPIRING", None, local_day(end, "Europe/Madrid"), unused["code"])
    assert at.astimezone(ZoneInfo("Europe/Madrid")).time() == datetime.min.time()
    await stage.advance(days=30)
    assert len(await notices(stage)) == 1


async def test_a_coupon_of_few_days_has_no_notice(stage: Stage):
    await with_lot(stage, 1000)
    await stage.owner.execute("update rewards set valid_days = 3; update programme_state set version = version + 1")
    await stage.redeem("es-5")
    await stage.advance(days=30)
    assert await notices(stage) == []


@pytest.mark.spoils
async def test_the_audit_finds_a_lot_that_did_not_lapse_and_a_lapse_that_left_points(stage: Stage):
    """R50."""
    day = await with_lot(stage, 200)
    await to(stage, day + timedelta(days=3), drain=False)
    assert await unsound(stage) == {"What was to lapse has lapsed"}
    await stage.drain()
    assert await unsound(stage) == set()
    await stage.owner.execute("update transfers set amount = amount - 1 where kind = 'LAPSE'")
    assert "Every lapse emptied its lot" in await unsound(stage)


async def unsound(stage: Stage) -> set[str]:
    return {check.name async for check in audit(stage.owner) if not check.is_sound}
