"""Points into coupons (R40, R42)."""

from datetime import datetime

from tests.support.stage import REDEEM, Stage


async def with_points(stage: Stage, points: int, mi_id: str = "mi-1") -> None:
    """Makes a member with so many points available, most of them from one order."""
    await stage.register(mi_id)
    await stage.advance(minutes=5)
    await stage.order(f"ORD-{mi_id}", [("1", 1, (points - 50) * 100)], mi_id)
    await stage.delivered(f"ORD-{mi_id}")


async def test_five_hundred_points_buy_a_coupon_of_five_euros(stage: Stage):
    await with_points(stage, 620)
    bought = await stage.redeem("es-5")
    coupon = bought["coupon"]
    assert coupon["value"] == {"amountMinor": 500, "currency": "EUR"}
    assert (coupon["state"], coupon["cost"]) == ("AVAILABLE", 500)
    assert bought["entry"] == {"kind": "REDEMPTION", "points": -500, "balanceAfter": 120}
    assert await stage.balance() == (120, 0, 0)
    me = await stage.app("mi-1", "{ me { coupons { nodes { code } } balance { worth { amountMinor } lifetime } } }")
    assert [each["code"] for each in me["coupons"]["nodes"]] == [coupon["code"]]
    assert me["balance"] == {"worth": {"amountMinor": 120}, "lifetime": 620}


async def test_a_coupon_is_valid_to_the_end_of_its_thirtieth_day_in_the_markets_zone(stage: Stage):
    await with_points(stage, 600)
    coupon = (await stage.redeem("es-5"))["coupon"]
    issued, expires = (datetime.fromisoformat(coupon[name]) for name in ("issuedAt", "expiresAt"))
    assert (expires.hour, expires.minute, expires.second) in {(22, 0, 0), (23, 0, 0)}
    assert 30 <= (expires - issued).total_seconds() / 86400 <= 31.1


async def test_the_same_key_gets_the_same_coupon(stage: Stage):
    await with_points(stage, 1200)
    first = await stage.redeem("es-5", key="k")
    again = await stage.redeem("es-5", key="k")
    assert again["coupon"]["code"] == first["coupon"]["code"]
    assert await stage.balance() == (700, 0, 0)


async def test_too_few_points_are_refused_and_the_answer_stays_with_its_key(stage: Stage):
    await with_points(stage, 499)
    refused = await stage.redeem("es-5", key="k")
    assert (refused["__typename"], refused["code"]) == ("NotEnoughPoints", "NOT_ENOUGH_POINTS")
    assert (refused["needed"], refused["available"]) == (500, 499)
    await stage.earn({"fuel": {}})
    await stage.advance(minutes=5)
    assert (await stage.redeem("es-5", key="k")) == refused
    assert (await stage.redeem("es-5", key="k2"))["__typename"] == "PointsRedeemed"


async def test_no_caller_redeems_for_another_member(stage: Stage):
    await with_points(stage, 600)
    await stage.register("mi-2")
    reward = (await stage.ask('{ rewards(market: "ES") { id } }'))["rewards"][0]["id"]
    variables = {"input": {"rewardId": reward, "miId": "mi-1"}, "key": "k"}
    as_other = (await stage.post(REDEEM, variables, stage.token("mi-2")))["data"]["redeemPoints"]
    unauthenticated = (await stage.post(REDEEM, variables))["data"]["redeemPoints"]
    as_storefront = (await stage.post(REDEEM, variables, stage.token(scope="storefront")))["data"]["redeemPoints"]
    assert as_other["__typename"] == unauthenticated["__typename"] == "NotAllowed"
    assert as_storefront["__typename"] == "PointsRedeemed"


async def test_unknown_rewards_and_those_of_another_market_are_not_found(stage: Stage):
    await with_points(stage, 600)
    french = (await stage.ask('{ rewards(market: "FR") { id } }'))["rewards"][0]["id"]
    for reward_id in (french, "nonsense", ""):
        answer = await stage.app("mi-1", REDEEM, input={"rewardId": reward_id}, key=f"k{reward_id}")
        assert (answer["__typename"], answer["code"]) == ("NotFound", "NOT_FOUND")
    assert await stage.balance() == (600, 0, 0)


async def test_points_that_lapse_soonest_are_spent_first(stage: Stage):
    await with_points(stage, 300)
    await stage.advance(days=40)
    await stage.order("ORD-later", [("1", 1, 40000)])
    await stage.delivered("ORD-later")
    await stage.redeem("es-5")
    me = await stage.app("mi-1", "{ me { lapsing { points lapsesOn } } }")
    assert [each["points"] for each in me["lapsing"]] == [200]
