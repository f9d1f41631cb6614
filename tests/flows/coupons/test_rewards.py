"""Temporary rewards made by an operator: a window, a stock, a limit for each member (R41)."""

from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from db.pool import connect
from loyalty.programme.programme import Programme
from tests.support.checkout import (
    CREATE_REWARD,
    END_REWARD,
    EXCLUDE,
    LIFT,
    cart,
    create_reward,
    decide_reward,
    exclude,
    operator,
    outcome,
    reserve,
    with_coupon,
)
from tests.support.stage import REDEEM, Stage


async def redeem(stage: Stage, reward_id: str, mi_id: str = "mi-1", key: str | None = None) -> dict:
    return await stage.app(mi_id, REDEEM, input={"rewardId": reward_id}, key=key or f"key-{await stage.now()}")


async def rewards(stage: Stage) -> dict[str, int | None]:
    found = await stage.ask('{ rewards(market: "ES") { name stockLeft } }')
    return {each["name"]: each["stockLeft"] for each in found["rewards"]}


async def test_an_operator_offers_a_reward_that_every_process_sees(stage: Stage):
    """R41: in the market's currency, logged, and only once under its key."""
    elsewhere = Programme.of(await connect(stage.settings.database_url, most=2, seconds=20), stage.settings)
    before = await elsewhere.catalogue()
    made = await create_reward(stage, key="k", minimumMinor=2000, stock=3)
    assert made["reward"] | {"id": ""} == {
        "id": "", "market": "ES", "name": "7 euros", "value": {"amountMinor": 700, "currency": "EUR"}, "cost": 300,
        "validDays": 10, "stockLeft": 3, "minimum": {"amountMinor": 2000}, "availableUntil": None,
        "waitsForOperator": False,
    }  # fmt: skip
    assert await create_reward(stage, key="k", minimumMinor=2000, stock=3) == made
    assert outcome(await create_reward(stage, key="k", stock=4)) == "IDEMPOTENCY_MISMATCH"
    assert len((await elsewhere.catalogue()).rewards) == len(before.rewards) + 1
    await elsewhere.db.close()
    log = await stage.owner.fetch("select actor, action, after ->> 'value_minor' as value from operator_log")
    assert {tuple(row) for row in log} == {("olga", "createReward", "700"), ("otto", "decideReward", None)}
    assert (await stage.ask("query($id: ID!) { node(id: $id) { id } }", {"id": made["reward"]["id"]}))["node"]


async def test_a_coupon_of_it_has_its_value_cost_and_validity(stage: Stage):
    """R41, R42: the validity is an attribute of the reward; the day of issue is day 0."""
    await with_coupon(stage)
    before = (await stage.balance())[0]
    made = await create_reward(stage, validDays=1)
    coupon = (await redeem(stage, made["reward"]["id"]))["coupon"]
    assert (coupon["value"]["amountMinor"], coupon["cost"]) == (700, 300)
    assert (await stage.balance())[0] == before - 300
    lasts = datetime.fromisoformat(coupon["expiresAt"]) - datetime.fromisoformat(coupon["issuedAt"])
    assert timedelta(days=1) <= lasts <= timedelta(days=2)
    assert outcome(await reserve(stage, coupon["code"])) == "RESERVED"


async def test_a_reward_is_redeemable_in_its_window_only(stage: Stage):
    """R41: the end is excluded; outside the window the reward is not listed either."""
    await with_coupon(stage)
    now = await stage.now()
    window = {"availableFrom": now + timedelta(hours=1), "availableUntil": now + timedelta(hours=2)}
    made = await create_reward(stage, **{name: moment.isoformat() for name, moment in window.items()})
    reward_id = made["reward"]["id"]
    early = await redeem(stage, reward_id, key="early")
    assert (early["__typename"], early["code"]) == ("RewardUnavailable", "REWARD_NOT_STARTED")
    assert "7 euros" not in await rewards(stage)
    await stage.advance(minutes=61)
    assert "7 euros" in await rewards(stage)
    assert (await redeem(stage, reward_id))["__typename"] == "PointsRedeemed"
    await stage.advance(minutes=60)
    assert (await redeem(stage, reward_id))["code"] == "REWARD_ENDED"
    assert await redeem(stage, reward_id, key="early") == early
    assert "7 euros" not in await rewards(stage)


async def test_a_stock_runs_out(stage: Stage):
    """R41: the answer stays with its key, and no points are taken."""
    await with_coupon(stage)
    made = await create_reward(stage, stock=2)
    before = (await stage.balance())[0]
    for left in (1, 0):
        assert (await redeem(stage, made["reward"]["id"]))["__typename"] == "PointsRedeemed"
        assert (await rewards(stage))["7 euros"] == left
    refused = await redeem(stage, made["reward"]["id"], key="k")
    assert (refused["__typename"], refused["code"]) == ("RewardUnavailable", "OUT_OF_STOCK")
    assert await redeem(stage, made["reward"]["id"], key="k") == refused
    assert (await stage.balance())[0] == before - 600


async def test_a_member_redeems_a_reward_no_more_often_than_its_limit(stage: Stage):
    """R41: used and expired coupons count."""
    await with_coupon(stage)
    await with_coupon(stage, mi_id="mi-2")
    made = await create_reward(stage, perMember=1)
    assert (await redeem(stage, made["reward"]["id"]))["__typename"] == "PointsRedeemed"
    await stage.advance(days=20)
    refused = await redeem(stage, made["reward"]["id"])
    assert (refused["__typename"], refused["code"]) == ("LimitReached", "LIMIT_REACHED")
    assert (await redeem(stage, made["reward"]["id"], "mi-2"))["__typename"] == "PointsRedeemed"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"market": "BE"}, "market"),
        ({"valueMinor": 0}, "valueMinor"),
        ({"cost": -5}, "cost"),
        ({"validDays": 0}, "validDays"),
        ({"stock": 0}, "stock"),
        ({"perMember": -1}, "perMember"),
        ({"name": ""}, "name"),
        ({"conditions": "x" * 4001}, "conditions"),
        ({"availableFrom": "2026-12-01T00:00:00Z", "availableUntil": "2026-12-01T00:00:00Z"}, "availableUntil"),
    ],
)
async def test_a_reward_that_cannot_be_is_invalid_input(stage: Stage, wrong: dict, path: str):
    refused = await create_reward(stage, key="k", **wrong)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", path])
    assert (await create_reward(stage, key="k"))["__typename"] == "RewardSaved"


async def test_an_exclusion_that_cannot_be_is_invalid_input(stage: Stage):
    """R44."""
    ended = {"from": "2026-12-02T00:00:00Z", "until": "2026-12-02T00:00:00Z"}
    for answer, path in (
        (await exclude(stage), ["productIds"]),
        (await exclude(stage, ""), ["productIds", "0"]),
        (await exclude(stage, "p-1", market="BE"), ["market"]),
        (await exclude(stage, "p-1", **ended), ["until"]),
        (await exclude(stage, "p-1", reason=""), ["reason"]),
    ):
        assert (answer["__typename"], answer["path"]) == ("InvalidInput", ["input", *path])
    assert await stage.owner.fetchval("select count(*) from product_exclusions") == 0


async def test_excluded_again_from_the_same_moment_the_longer_exclusion_holds(stage: Stage):
    """R44."""
    begins = "2026-12-02T00:00:00Z"
    for until in ("2026-12-04T00:00:00Z", "2026-12-03T00:00:00Z", None):
        await exclude(stage, "p-1", **{"from": begins, "until": until})
        if until is not None:
            stored = await stage.owner.fetchval("select excluded_until from product_exclusions")
            assert stored.isoformat() == "2026-12-04T00:00:00+00:00"
    assert await stage.owner.fetchval("select excluded_until from product_exclusions") is None


async def test_only_an_operator_makes_rewards_and_exclusions(stage: Stage):
    reward = {
        "market": "ES", "name": "n", "valueMinor": 1, "cost": 1, "validDays": 1, "conditions": "c",
    }  # fmt: skip
    exclusion = {"market": "ES", "productIds": ["p-1"], "reason": "r"}
    for token in (stage.token("mi-1"), stage.token(scope="storefront"), stage.token(scope="auditor"), None):
        for mutation, input_ in ((CREATE_REWARD, reward), (EXCLUDE, exclusion)):
            data = (await stage.post(mutation, {"input": input_, "key": "k"}, token))["data"]
            assert next(iter(data.values()))["__typename"] == "NotAllowed"


CHEAP = {
    "market": "ES", "name": "7 euros", "valueMinor": 700, "cost": 699, "validDays": 10, "conditions": "Una vez.",
}  # fmt: skip


async def test_a_reward_cheaper_than_the_rate_waits_for_a_second_operator(stage: Stage):
    """R40, R41: it is not offered meanwhile, and the operator who asked cannot decide."""
    await with_coupon(stage)
    made = (await operator(stage, CREATE_REWARD, CHEAP))["reward"]
    fair = (await operator(stage, CREATE_REWARD, CHEAP | {"cost": 700}))["reward"]
    assert (made["waitsForOperator"], fair["waitsForOperator"]) == (True, False)
    offered = [each["id"] for each in (await stage.ask('{ rewards(market: "ES") { id } }'))["rewards"]]
    assert (made["id"] in offered, fair["id"] in offered) == (False, True)
    assert (await redeemed(stage, made["id"]))["code"] == "REWARD_NOT_STARTED"
    assert (await decide_reward(stage, made["id"], approve=True, by="olga"))["code"] == "NOT_ALLOWED"
    assert (await decide_reward(stage, made["id"], approve=True))["reward"]["waitsForOperator"] is False
    assert (await redeemed(stage, made["id"]))["__typename"] == "PointsRedeemed"
    assert (await decide_reward(stage, made["id"], approve=False))["reward"]["endedAt"] is None
    declined = (await operator(stage, CREATE_REWARD, CHEAP))["reward"]["id"]
    await decide_reward(stage, declined, approve=False)
    assert (await redeemed(stage, declined))["code"] == "REWARD_ENDED"
    assert (await decide_reward(stage, "no reward", approve=True))["__typename"] == "NotFound"


async def redeemed(stage: Stage, reward_id: str) -> dict[str, Any]:
    """The member redeems points for a reward by its id."""
    return await stage.app("mi-1", REDEEM, input={"rewardId": reward_id}, key=str(uuid4()))


async def test_a_reward_can_be_ended_and_its_coupons_stay(stage: Stage):
    """R41: now, once, with a reason in the log."""
    code = await with_coupon(stage)
    reward = (await create_reward(stage))["reward"]["id"]
    coupon = (await redeemed(stage, reward))["coupon"]["code"]
    token = stage.token(scope="operator", name="olga")
    ended = [(await stage.ask(END_REWARD, {"id": reward, "key": str(n)}, token))["endReward"] for n in range(2)]
    assert ended[0]["reward"]["endedAt"] is not None
    assert ended[0] == ended[1]
    assert (await redeemed(stage, reward))["code"] == "REWARD_ENDED"
    assert outcome(await reserve(stage, coupon, cart("ORD-1"))) == "RESERVED"
    log = await stage.owner.fetch("select actor, reason from operator_log where action = 'endReward'")
    assert [tuple(row) for row in log] == [("olga", "A mistake.")]
    assert (await stage.ask(END_REWARD, {"id": code, "key": "x"}, token))["endReward"]["__typename"] == "NotFound"


async def test_an_exclusion_can_be_lifted(stage: Stage):
    """R41, R44: also one that has not begun, and of the named products only."""
    code = await with_coupon(stage)
    await exclude(stage, "p-1", "p-2")
    await exclude(stage, "p-1", **{"from": (await stage.now() + timedelta(days=1)).isoformat()})
    assert outcome(await reserve(stage, code, cart("ORD-1"))) == "PRODUCT_EXCLUDED"
    wanted = {"market": "ES", "productIds": ["p-1", "p-9"], "reason": "A mistake."}
    assert (await operator(stage, LIFT, wanted))["productIds"] == ["p-1"]
    assert (await operator(stage, LIFT, wanted))["productIds"] == []
    assert outcome(await reserve(stage, code, cart("ORD-1"))) == "RESERVED"
    await stage.advance(days=2)
    assert outcome(await reserve(stage, code, cart("ORD-2"))) == "RESERVED"
    assert outcome(await reserve(stage, code, cart("ORD-2", p_2=6000))) == "PRODUCT_EXCLUDED"
    await exclude(stage, "p-1")
    assert outcome(await reserve(stage, code, cart("ORD-3"))) in {"PRODUCT_EXCLUDED", "COUPON_RESERVED"}


async def test_the_next_reward_is_one_of_which_the_member_may_have_another(stage: Stage):
    """R41: it passes over rewards of which the member has had all it may."""
    await with_coupon(stage)
    dear = (await create_reward(stage, name="Once", cost=9600, valueMinor=9600, perMember=1))["reward"]["id"]
    next_one = "{ me { nextReward { missing reward { name } } } }"
    await stage.app("mi-1", next_one)
    assert (await stage.app("mi-1", next_one))["nextReward"] == {"missing": 50, "reward": {"name": "Once"}}
    await stage.order("MORE", [("1", 1, 50_00)])
    await stage.delivered("MORE")
    assert (await redeemed(stage, dear))["__typename"] == "PointsRedeemed"
    found = (await stage.app("mi-1", next_one))["nextReward"]
    assert found is not None
    assert found["reward"]["name"] != "Once"
