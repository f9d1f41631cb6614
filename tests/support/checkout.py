"""Calls of a shop's checkout and of an operator, for tests: reserve, commit and release coupons, create rewards."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from tests.support.stage import Stage

_ANSWER = """__typename
    ... on CouponChanged {
      coupon { code state reservedUntil orderNumber expiresAt } discount { amountMinor currency } reservationId }
    ... on Refusal { code message } ... on InvalidInput { path }
    ... on CouponNotUsable { state missing { amountMinor currency } }"""
RESERVE = f"""mutation($input: ReserveCouponInput!, $key: ID!) {{
  reserveCoupon(input: $input, idempotencyKey: $key) {{ {_ANSWER} }} }}"""
COMMIT = f"""mutation($code: String!, $order: String!, $key: ID!) {{
  commitCoupon(code: $code, orderNumber: $order, idempotencyKey: $key) {{ {_ANSWER} }} }}"""
RELEASE = f"""mutation($code: String!, $order: String!, $key: ID!, $reservation: ID) {{
  releaseCoupon(code: $code, orderNumber: $order, reservationId: $reservation, idempotencyKey: $key) {{
    {_ANSWER} }} }}"""
FOR_CART = """query($miId: ID!, $cart: CartInput!) { couponsForCart(miId: $miId, cart: $cart) {
  usable discount { amountMinor currency } coupon { code state value { amountMinor } }
  reason { __typename code message ... on CouponNotUsable { state missing { amountMinor currency } } } } }"""
CREATE_REWARD = """mutation($input: RewardInput!, $key: ID!) { createReward(input: $input, idempotencyKey: $key) {
  __typename ... on RewardSaved { reward {
    id market name value { amountMinor currency } cost validDays stockLeft minimum { amountMinor } availableUntil
    waitsForOperator } }
  ... on Refusal { code message } ... on InvalidInput { path } } }"""
DECIDE_REWARD = """mutation($id: ID!, $approve: Boolean!, $key: ID!) {
  decideReward(id: $id, approve: $approve, reason: "Seen.", idempotencyKey: $key) { __typename
    ... on RewardSaved { reward { id waitsForOperator endedAt } } ... on Refusal { code message } } }"""
END_REWARD = """mutation($id: ID!, $key: ID!) {
  endReward(id: $id, reason: "A mistake.", idempotencyKey: $key) { __typename
    ... on RewardSaved { reward { id waitsForOperator endedAt } } ... on Refusal { code message } } }"""
LIFT = """mutation($input: LiftExclusionInput!, $key: ID!) { liftExclusion(input: $input, idempotencyKey: $key) {
  __typename ... on ExclusionLifted { productIds } ... on Refusal { code message } ... on InvalidInput { path } } }"""
EXCLUDE = """mutation($input: ExclusionInput!, $key: ID!) { excludeProducts(input: $input, idempotencyKey: $key) {
  __typename ... on ProductsExcluded { productIds } ... on Refusal { code message } ... on InvalidInput { path } } }"""

Answer = dict[str, Any]


def cart(order: str = "ORD-1", paid_minor: int = 6000, *, currency: str = "EUR", **products: int) -> Answer:
    """Returns a cart with one line of product p-1, or with one line for each of these products."""
    paid = products or {"p-1": paid_minor}
    lines = [
        {"id": str(place), "productId": product.replace("_", "-"), "quantity": 1, "paidMinor": minor}
        for place, (product, minor) in enumerate(paid.items(), 1)
    ]
    return {"orderNumber": order, "currency": currency, "lines": lines}


async def with_coupon(stage: Stage, reward: str = "es-5", mi_id: str = "mi-1") -> str:
    """Registers a member with one coupon and no points; returns the coupon's code."""
    await stage.register(mi_id)
    await stage.advance(minutes=5)
    await stage.order(f"EARN-{mi_id}", [("1", 1, 10_000_00)], mi_id)
    await stage.delivered(f"EARN-{mi_id}")
    return await another_coupon(stage, reward, mi_id)


async def another_coupon(stage: Stage, reward: str = "es-5", mi_id: str = "mi-1") -> str:
    """Redeems one more coupon of a member who has the points; returns its code."""
    code: str = (await stage.redeem(reward, mi_id))["coupon"]["code"]
    return code


async def reserve(
    stage: Stage, code: str, contents: Mapping[str, Any] | None = None, mi_id: str = "mi-1", key: str | None = None
) -> Answer:
    """The checkout reserves a coupon for a cart."""
    input_ = {"code": code, "miId": mi_id, "cart": contents or cart()}
    return await stage.storefront(RESERVE, input=input_, key=key or str(uuid4()))


async def commit(stage: Stage, code: str, order: str = "ORD-1", key: str | None = None) -> Answer:
    """The checkout commits a coupon: the payment succeeded."""
    return await stage.storefront(COMMIT, code=code, order=order, key=key or str(uuid4()))


async def release(
    stage: Stage, code: str, order: str = "ORD-1", key: str | None = None, reservation: str | None = None
) -> Answer:
    """The checkout releases a coupon: the payment failed."""
    return await stage.storefront(RELEASE, code=code, order=order, key=key or str(uuid4()), reservation=reservation)


async def for_cart(stage: Stage, contents: Mapping[str, Any] | None = None, mi_id: str = "mi-1") -> list[Answer]:
    """Returns the coupons that the checkout lists for a cart."""
    coupons: list[Answer] = await stage.storefront(FOR_CART, miId=mi_id, cart=contents or cart())
    return coupons


async def operator(stage: Stage, mutation: str, input_: Mapping[str, Any], key: str | None = None) -> Answer:
    """Sends an operator's mutation and returns its only root field."""
    token = stage.token(scope="operator", name="olga")
    data = await stage.ask(mutation, {"input": input_, "key": key or str(uuid4())}, token)
    answer: Answer = next(iter(data.values()))
    return answer


async def exclude(stage: Stage, *products: str, **more: Any) -> Answer:
    """An operator excludes products from what coupons may buy."""
    input_ = {"market": "ES", "productIds": list(products), "reason": "Fixed price"} | more
    return await operator(stage, EXCLUDE, input_)


async def create_reward(stage: Stage, *, key: str | None = None, **more: Any) -> Answer:
    """An operator creates a reward of 7 EUR for 300 points, and another one agrees; `more` changes its fields."""
    reward = {
        "market": "ES",
        "name": "7 euros",
        "valueMinor": 700,
        "cost": 300,
        "validDays": 10,
        "conditions": "Una vez.",
    }
    made = await operator(stage, CREATE_REWARD, reward | more, key)
    if made["__typename"] == "RewardSaved" and made["reward"]["waitsForOperator"]:
        await decide_reward(stage, made["reward"]["id"], approve=True)
        made["reward"]["waitsForOperator"] = False
    return made


async def decide_reward(stage: Stage, reward_id: str, *, approve: bool, by: str = "otto") -> Answer:
    """An operator decides about a reward that waits for a second one."""
    variables = {"id": reward_id, "approve": approve, "key": str(uuid4())}
    answer: Answer = (await stage.ask(DECIDE_REWARD, variables, stage.token(scope="operator", name=by)))["decideReward"]
    return answer


def outcome(answer: Mapping[str, Any]) -> str:
    """Returns the coupon's new state, or the code of the refusal."""
    return str(answer["coupon"]["state"] if answer["__typename"] == "CouponChanged" else answer["code"])
