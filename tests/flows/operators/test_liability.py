"""The query `liability`: what the programme owes, today and on any day before (for operators and auditors)."""

from datetime import date, timedelta
from typing import Any

import pytest

from db import clock
from loyalty.programme.rules.calendar import first_of_month, local_day
from tests.flows.ledger.test_lapsing import to, with_lot
from tests.support.checkout import commit, outcome, release, reserve, with_coupon
from tests.support.stage import Stage

LIABILITY = """query($market: Market, $on: Date) { liability(market: $market, on: $on) {
  on outstanding pending debt value { amountMinor currency } couponsOutstanding { amountMinor currency }
  byLapseMonth { points lapsesOn } } }"""


async def owed(stage: Stage, market: str | None = None, on: date | None = None) -> Any:
    token = stage.token(scope="auditor", name="auditor")
    variables = {"market": market, "on": on.isoformat() if on else None}
    return (await stage.ask(LIABILITY, variables, token))["liability"]


async def today(stage: Stage) -> date:
    return local_day(await stage.now(), "Europe/Madrid")


async def test_points_are_valued_at_the_coupons_they_buy_and_coupons_at_their_value(stage: Stage):
    day = await with_lot(stage, 1000)
    await stage.redeem("es-5")
    await stage.order("ORD-2", [("1", 1, 7000)])
    now = await owed(stage)
    assert now == {
        "on": (await today(stage)).isoformat(),
        "outstanding": 550,
        "pending": 70,
        "debt": 0,
        "value": [{"amountMinor": 550, "currency": "EUR"}, {"amountMinor": 0, "currency": "GBP"}],
        "couponsOutstanding": [{"amountMinor": 500, "currency": "EUR"}],
        "byLapseMonth": [{"points": 550, "lapsesOn": day.isoformat()}],
    }
    assert await owed(stage, "ES") == now | {"value": [{"amountMinor": 550, "currency": "EUR"}]}
    british = await owed(stage, "GB")
    assert (british["outstanding"], british["couponsOutstanding"], british["byLapseMonth"]) == (0, [], [])


async def test_a_day_in_the_past_is_shown_as_it_was_at_its_end(stage: Stage):
    """R36, R50: before the coupon, before the return, before the lapse."""
    await stage.advance(minutes=1)
    lapses_on = await with_lot(stage, 600)
    first = await today(stage)
    await to(stage, first + timedelta(days=2))
    await stage.redeem("es-5")
    second = await today(stage)
    await to(stage, first + timedelta(days=5))
    await stage.returned("ORD-mi-1", "R1")
    third = await today(stage)
    then = [await owed(stage, "ES", day) for day in (first, second, third)]
    assert [(each["outstanding"], each["debt"]) for each in then] == [(650, 0), (150, 0), (0, 450)]
    assert [each["couponsOutstanding"] for each in then] == [[], *[[{"amountMinor": 500, "currency": "EUR"}]] * 2]
    assert [[lot["points"] for lot in each["byLapseMonth"]] for each in then] == [[650], [150], []]
    assert (await owed(stage, "ES"))["debt"] == 450
    await clock.advance(stage.owner, 13, timedelta())
    await stage.drain()
    assert [await owed(stage, "ES", day) for day in (first, second, third)] == then
    assert (await owed(stage, "ES", first_of_month(first, -1)))["outstanding"] == 0
    assert lapses_on == first_of_month(first, 13)


async def test_points_that_lapsed_on_a_day_are_owed_until_its_midnight_however_late_it_was_booked(stage: Stage):
    """R50: the ledger's own moments count, not the moment at which a worker booked them."""
    day = await with_lot(stage, 200)
    await clock.advance(stage.owner, 36, timedelta())
    await stage.drain()
    assert (await owed(stage, "ES", day - timedelta(days=1)))["outstanding"] == 250
    assert (await owed(stage, "ES", day))["outstanding"] == 0


@pytest.mark.parametrize("end", ["timeout", "release", "commit", "late commit"])
async def test_a_coupon_reserved_past_its_expiry_is_owed_that_day_however_it_ends(stage: Stage, end: str):
    """R43: reserved five minutes before midnight of its last day, and held for 25 minutes of the next."""
    code = await with_coupon(stage)
    expires_at = await stage.owner.fetchval("select expires_at from coupons")
    await clock.advance(stage.owner, 0, expires_at - timedelta(minutes=5) - await stage.now())
    last_day = await today(stage)
    await reserve(stage, code)
    held = [{"amountMinor": 500, "currency": "EUR"}]
    await stage.advance(minutes=20)
    assert (await owed(stage, "ES"))["couponsOutstanding"] == held
    if end == "commit":
        assert outcome(await commit(stage, code)) == "USED"
    if end == "release":
        assert outcome(await release(stage, code)) == "EXPIRED"
    await stage.advance(minutes=20)
    if end == "late commit":
        assert outcome(await commit(stage, code)) == "USED"
    assert (await owed(stage, "ES"))["couponsOutstanding"] == []
    await stage.advance(days=2)
    owed_then = [(await owed(stage, "ES", last_day + timedelta(days=n)))["couponsOutstanding"] for n in (-1, 0, 1)]
    assert owed_then == [held, held, []]


async def test_only_operators_and_auditors_may_ask_and_only_of_days_that_have_begun(stage: Stage):
    await stage.register()
    variables = {"market": "ES", "on": None}
    for token, code in (
        (None, "UNAUTHENTICATED"),
        (stage.token("mi-1"), "FORBIDDEN"),
        (stage.token(scope="storefront", name="shop"), "FORBIDDEN"),
    ):
        [error] = (await stage.post(LIABILITY, variables, token))["errors"]
        assert error["extensions"]["code"] == code
    operator = stage.token(scope="operator", name="olga")
    tomorrow = (await today(stage) + timedelta(days=2)).isoformat()
    [error] = (await stage.post(LIABILITY, {"market": "ES", "on": tomorrow}, operator))["errors"]
    assert error["extensions"]["code"] == "BAD_USER_INPUT"
    for on in ("0001-01-01", "9999-12-31"):
        answer = await stage.post(LIABILITY, {"market": "ES", "on": on}, operator)
        assert ("errors" in answer) == (on > "2000")
