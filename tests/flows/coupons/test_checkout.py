"""Coupons at checkout: reserved, committed, released, in time and late (R42-R45, R52)."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from tests.support.checkout import (
    COMMIT,
    FOR_CART,
    RESERVE,
    another_coupon,
    cart,
    commit,
    create_reward,
    exclude,
    for_cart,
    operator,
    outcome,
    release,
    reserve,
    with_coupon,
)
from tests.support.stage import REDEEM, Stage


async def state_of(stage: Stage, code: str, mi_id: str = "mi-1") -> str:
    me = await stage.app(mi_id, "{ me { coupons(first: 50) { nodes { code state } } } }")
    return next(each["state"] for each in me["coupons"]["nodes"] if each["code"] == code)


async def stored_state(stage: Stage, code: str) -> tuple[str, datetime]:
    """The state as the database stores it; reads may show a later one."""
    return tuple(await stage.owner.fetchrow("select state, state_since from coupons where code = $1", code))


async def move_clock(stage: Stage, **duration: float) -> None:
    """Moves the clock without running a worker."""
    await stage.owner.execute("update programme_clock set ahead = ahead + $1::interval", timedelta(**duration))


@pytest.mark.usefixtures("standing_clock")
async def test_a_coupon_is_reserved_and_spent_with_the_payment(stage: Stage):
    """R43."""
    code = await with_coupon(stage)
    held = await reserve(stage, code)
    assert (outcome(held), held["discount"]) == ("RESERVED", {"amountMinor": 500, "currency": "EUR"})
    until = datetime.fromisoformat(held["coupon"]["reservedUntil"]) - await stage.now()
    assert timedelta(minutes=29, seconds=50) < until <= timedelta(minutes=30)
    assert held["coupon"]["orderNumber"] == "ORD-1"
    used = await commit(stage, code)
    assert (outcome(used), used["discount"]["amountMinor"]) == ("USED", 500)
    assert used["coupon"]["reservedUntil"] is None
    assert outcome(await commit(stage, code)) == "USED"
    assert outcome(await reserve(stage, code)) == "COUPON_USED"
    assert outcome(await reserve(stage, code, cart("ORD-2"))) == "COUPON_USED"
    assert outcome(await release(stage, code)) == "COUPON_USED"


async def test_a_released_coupon_is_free_for_another_order(stage: Stage):
    """R43: commit and release may repeat; a commit after a release is without a reservation."""
    code = await with_coupon(stage)
    await reserve(stage, code)
    freed = await release(stage, code)
    assert (outcome(freed), freed["coupon"]["orderNumber"]) == ("AVAILABLE", None)
    assert outcome(await release(stage, code)) == "AVAILABLE"
    assert outcome(await commit(stage, code)) == "COUPON_NOT_RESERVED"
    assert outcome(await reserve(stage, code, cart("ORD-2"))) == "RESERVED"
    assert outcome(await release(stage, code)) == "RESERVED"
    assert outcome(await commit(stage, code, "ORD-2")) == "USED"


async def test_points_do_not_come_back_from_a_coupon(stage: Stage):
    """R43: released, used or expired, the points are spent."""
    code = await with_coupon(stage)
    before = await stage.balance()
    await reserve(stage, code)
    await release(stage, code)
    await stage.advance(days=40)
    assert await state_of(stage, code) == "EXPIRED"
    assert await stage.balance() == before


async def test_without_a_reservation_nothing_is_committed_or_released(stage: Stage):
    """R43: and one order does not release another's."""
    code = await with_coupon(stage)
    assert outcome(await commit(stage, code)) == "COUPON_NOT_RESERVED"
    assert outcome(await release(stage, code)) == "COUPON_NOT_RESERVED"
    await reserve(stage, code)
    assert outcome(await commit(stage, code, "ORD-2")) == "COUPON_NOT_RESERVED"
    assert outcome(await release(stage, code, "ORD-2")) == "COUPON_NOT_RESERVED"
    refused = await reserve(stage, code, cart("ORD-2"))
    assert (refused["__typename"], refused["code"], refused["state"]) == (
        "CouponNotUsable", "COUPON_RESERVED", "RESERVED",
    )  # fmt: skip
    assert outcome(await commit(stage, code)) == "USED"


@pytest.mark.parametrize("worker_came", [True, False])
async def test_a_reservation_frees_itself_after_thirty_minutes(stage: Stage, worker_came: bool):
    """R43: reads show it at once; workers book it as of its moment."""
    code = await with_coupon(stage)
    held = await reserve(stage, code)
    await move_clock(stage, minutes=29)
    assert await state_of(stage, code) == "RESERVED"
    await move_clock(stage, minutes=2)
    assert (await stored_state(stage, code))[0] == "RESERVED"
    if worker_came:
        await stage.drain()
        until = datetime.fromisoformat(held["coupon"]["reservedUntil"])
        assert await stored_state(stage, code) == ("AVAILABLE", until)
    assert await state_of(stage, code) == "AVAILABLE"
    assert outcome(await reserve(stage, code, cart("ORD-2"))) == "RESERVED"
    assert outcome(await commit(stage, code, "ORD-2")) == "USED"
    assert outcome(await commit(stage, code, "ORD-1")) == "COUPON_USED"


@pytest.mark.parametrize("worker_came", [True, False])
async def test_a_commit_after_the_timeout_succeeds_if_no_other_order_holds_the_coupon(stage: Stage, worker_came: bool):
    """R43."""
    code = await with_coupon(stage)
    await reserve(stage, code, cart(paid_minor=300))
    await move_clock(stage, minutes=45)
    if worker_came:
        await stage.drain()
    assert outcome(await reserve(stage, code, cart("ORD-2"))) == "RESERVED"
    assert outcome(await commit(stage, code)) == "COUPON_RESERVED"
    assert outcome(await release(stage, code, "ORD-2")) == "AVAILABLE"
    late = await commit(stage, code)
    assert (outcome(late), late["discount"]["amountMinor"]) == ("USED", 300)


async def test_a_reservation_outlives_the_coupons_expiry(stage: Stage):
    """R43, R52: and a release after the expiry leaves an expired coupon."""
    code = await with_coupon(stage)
    other = await another_coupon(stage)
    expires = datetime.fromisoformat((await reserve(stage, code))["coupon"]["expiresAt"])
    await release(stage, code)
    await stage.advance(seconds=(expires - await stage.now()).total_seconds() - 60)
    held = await reserve(stage, code)
    await reserve(stage, other, cart("ORD-2"))
    await stage.advance(minutes=5)
    assert outcome(held) == await state_of(stage, code) == "RESERVED"
    again = await reserve(stage, code)
    assert again["coupon"]["reservedUntil"] == held["coupon"]["reservedUntil"]
    assert outcome(await commit(stage, code)) == "USED"
    assert outcome(await release(stage, other, "ORD-2")) == "EXPIRED"
    assert outcome(await reserve(stage, other, cart("ORD-3"))) == "COUPON_EXPIRED"


@pytest.mark.parametrize("worker_came", [True, False])
async def test_a_reservation_that_ends_after_the_expiry_leaves_an_expired_coupon(stage: Stage, worker_came: bool):
    """R43, R52: its order may still commit the coupon."""
    code = await with_coupon(stage)
    await move_clock(stage, days=30)
    expires = datetime.fromisoformat((await reserve(stage, code))["coupon"]["expiresAt"])
    await move_clock(stage, seconds=(expires - await stage.now()).total_seconds() - 60)
    held = await reserve(stage, code)
    assert outcome(held) == "RESERVED"
    await move_clock(stage, hours=2)
    if worker_came:
        await stage.drain()
        until = datetime.fromisoformat(held["coupon"]["reservedUntil"])
        assert await stored_state(stage, code) == ("EXPIRED", until)
    assert await state_of(stage, code) == "EXPIRED"
    assert outcome(await reserve(stage, code, cart("ORD-2"))) == "COUPON_EXPIRED"
    assert outcome(await commit(stage, code)) == "USED"


@pytest.mark.usefixtures("standing_clock")
async def test_a_coupon_expires_at_the_end_of_its_last_day_in_the_markets_zone(stage: Stage):
    """R52: the instant itself is the first at which it is no longer valid."""
    code = await with_coupon(stage)
    me = await stage.app("mi-1", "{ me { coupons { nodes { expiresAt } } } }")
    expires = datetime.fromisoformat(me["coupons"]["nodes"][0]["expiresAt"])
    await stage.advance(seconds=(expires - await stage.now()).total_seconds() - 5)
    assert await state_of(stage, code) == "AVAILABLE"
    await stage.advance(seconds=5)
    assert await stored_state(stage, code) == ("EXPIRED", expires)
    assert await state_of(stage, code) == "EXPIRED"
    shown = await stage.app("mi-1", "{ me { coupons(states: [EXPIRED]) { nodes { code } } } }")
    assert [each["code"] for each in shown["coupons"]["nodes"]] == [code]


async def test_one_loyalty_coupon_for_an_order(stage: Stage):
    """R44: of any member, held or used; an order whose coupon was freed takes another."""
    first = await with_coupon(stage)
    second = await another_coupon(stage)
    another_members = await with_coupon(stage, mi_id="mi-2")
    await reserve(stage, first)
    assert outcome(await reserve(stage, second)) == "ORDER_HAS_COUPON"
    assert outcome(await reserve(stage, another_members, mi_id="mi-2")) == "ORDER_HAS_COUPON"
    await release(stage, first)
    assert outcome(await reserve(stage, second)) == "RESERVED"
    await move_clock(stage, minutes=31)
    assert outcome(await reserve(stage, first)) == "RESERVED"
    assert outcome(await commit(stage, second)) == "ORDER_HAS_COUPON"
    await commit(stage, first)
    await stage.advance(minutes=40)
    assert outcome(await reserve(stage, second)) == "ORDER_HAS_COUPON"
    assert outcome(await reserve(stage, second, cart("ORD-2"))) == "RESERVED"


async def test_a_fifty_coupon_on_a_thirty_order_discounts_thirty_and_is_used_up(stage: Stage):
    """R44."""
    code = await with_coupon(stage, "es-50")
    held = await reserve(stage, code, cart(paid_minor=3000))
    assert held["discount"] == {"amountMinor": 3000, "currency": "EUR"}
    larger = await reserve(stage, code, cart(paid_minor=4000))
    assert larger["discount"]["amountMinor"] == 4000
    assert (await commit(stage, code))["discount"]["amountMinor"] == 4000
    assert await state_of(stage, code) == "USED"


async def test_excluded_products_do_not_count(stage: Stage):
    """R44: the operator's reason is stored in the operators' log."""
    code = await with_coupon(stage, "es-50")
    assert await exclude(stage, "p-1", "p-1", "p-9") == {
        "__typename": "ProductsExcluded", "productIds": ["p-1", "p-9"],
    }  # fmt: skip
    assert outcome(await reserve(stage, code)) == "PRODUCT_EXCLUDED"
    held = await reserve(stage, code, cart(p_1=4000, p_2=2500))
    assert held["discount"]["amountMinor"] == 2500
    log = await stage.owner.fetchrow("select actor, action, member_id, reason, after from operator_log")
    assert tuple(log)[:4] == ("olga", "excludeProducts", None, "Fixed price")
    assert log["after"]["product_ids"] == ["p-1", "p-9"]


async def test_an_exclusion_holds_between_its_moments_and_in_its_market(stage: Stage):
    """R44."""
    code = await with_coupon(stage)
    now = await stage.now()
    soon, later = (now + timedelta(hours=1)).isoformat(), (now + timedelta(hours=2)).isoformat()
    await exclude(stage, "p-1", **{"from": soon, "until": later})
    await exclude(stage, "p-1", market="FR")
    assert (await for_cart(stage))[0]["usable"]
    await stage.advance(minutes=61)
    assert (await for_cart(stage))[0]["reason"]["code"] == "PRODUCT_EXCLUDED"
    await stage.advance(minutes=60)
    assert outcome(await reserve(stage, code)) == "RESERVED"


async def test_a_reservation_made_before_an_exclusion_stands(stage: Stage):
    """R44."""
    code = await with_coupon(stage)
    await reserve(stage, code)
    await exclude(stage, "p-1")
    assert outcome(await reserve(stage, code)) == "RESERVED"
    used = await commit(stage, code)
    assert (outcome(used), used["discount"]["amountMinor"]) == ("USED", 500)


@pytest.mark.parametrize("hours", [None, 2])
async def test_a_reservation_stands_whatever_moment_an_exclusion_is_dated_back_to(stage: Stage, hours: int | None):
    """R44: a later exclusion does not affect it; a new reservation is refused until the exclusion is over."""
    code, other = await with_coupon(stage), await another_coupon(stage)
    assert outcome(await reserve(stage, code)) == "RESERVED"
    now = await stage.now()
    until = {"until": (now + timedelta(hours=hours)).isoformat()} if hours else {}
    for days in (1, 1, 2):
        await exclude(stage, "p-1", **{"from": (now - timedelta(days=days)).isoformat()}, **until)
    assert [each["usable"] for each in await for_cart(stage) if each["coupon"]["code"] == code] == [True]
    assert outcome(await reserve(stage, code)) == "RESERVED"
    assert outcome(await reserve(stage, other, cart("ORD-2"))) == "PRODUCT_EXCLUDED"
    assert outcome(await commit(stage, code)) == "USED"
    await stage.advance(hours=3)
    assert outcome(await reserve(stage, other, cart("ORD-2"))) == ("RESERVED" if hours else "PRODUCT_EXCLUDED")


async def test_an_exclusion_that_is_over_before_it_is_sent_excludes_nothing(stage: Stage):
    """R44."""
    code = await with_coupon(stage)
    now = await stage.now()
    past = {"from": (now - timedelta(days=2)).isoformat(), "until": (now - timedelta(days=1)).isoformat()}
    assert (await exclude(stage, "p-1", **past))["__typename"] == "ProductsExcluded"
    assert outcome(await reserve(stage, code)) == "RESERVED"


async def test_a_missed_minimum_names_the_missing_amount(stage: Stage):
    """R44: excluded products do not count towards it."""
    await with_coupon(stage)
    made = await create_reward(stage, minimumMinor=5000)
    assert made["reward"]["minimum"] == {"amountMinor": 5000}
    code = (await stage.app("mi-1", REDEEM, input={"rewardId": made["reward"]["id"]}, key="k"))["coupon"]["code"]
    await exclude(stage, "p-9")
    short = await reserve(stage, code, cart(p_1=4000, p_9=9000))
    assert (short["code"], short["missing"]) == ("MINIMUM_NOT_MET", {"amountMinor": 1000, "currency": "EUR"})
    assert "10.00" in short["message"]
    assert outcome(await reserve(stage, code, cart(p_1=5000))) == "RESERVED"


async def test_another_currency_than_the_coupons_is_refused(stage: Stage):
    """R44."""
    code = await with_coupon(stage)
    assert outcome(await reserve(stage, code, cart(currency="GBP"))) == "CURRENCY_MISMATCH"


async def test_unknown_codes_and_other_peoples_coupons_are_not_found(stage: Stage):
    """R42: a code works only for its owner."""
    code = await with_coupon(stage)
    await stage.register("mi-2")
    for answer in (
        await reserve(stage, "NO-SUCH-CODE"),
        await reserve(stage, code, mi_id="mi-2"),
        await commit(stage, "NO-SUCH-CODE"),
        await release(stage, ""),
    ):
        assert (answer["__typename"], answer["code"]) == ("NotFound", "NOT_FOUND")
    assert outcome(await reserve(stage, code, mi_id="mi-unknown")) == "NOT_A_MEMBER"


async def test_the_same_key_gets_the_first_answer_and_another_input_is_a_mismatch(stage: Stage):
    """R61."""
    code = await with_coupon(stage)
    first = await reserve(stage, code, key="r")
    assert await reserve(stage, code, key="r") == first
    assert outcome(await reserve(stage, code, cart("ORD-2"), key="r")) == "IDEMPOTENCY_MISMATCH"
    assert outcome(await commit(stage, code, key="r")) == "IDEMPOTENCY_MISMATCH"
    assert outcome(await commit(stage, "NO-SUCH-CODE", key="r")) == "IDEMPOTENCY_MISMATCH"
    refused = await commit(stage, code, "ORD-2", key="c")
    assert outcome(refused) == "COUPON_NOT_RESERVED"
    await release(stage, code)
    await reserve(stage, code, cart("ORD-2"))
    assert outcome(await commit(stage, code, "ORD-2", key="c")) == "COUPON_NOT_RESERVED"
    assert outcome(await commit(stage, code, "ORD-2", key="c2")) == "USED"


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"lines": []}, ["lines"]),
        ({"orderNumber": ""}, ["orderNumber"]),
        ({"orderNumber": "  "}, ["orderNumber"]),
        ({"lines": [{"id": "1", "productId": "p-1", "quantity": 0, "paidMinor": 1}]}, ["lines", "0", "quantity"]),
        ({"lines": [{"id": "1", "productId": "p-1", "quantity": 1, "paidMinor": -1}]}, ["lines", "0", "paidMinor"]),
        ({"lines": [{"id": "1", "productId": "p-1", "quantity": 1, "paidMinor": 1}] * 2}, ["lines", "1", "id"]),
    ],
)
async def test_an_impossible_cart_is_invalid_input(stage: Stage, wrong: dict, path: list[str]):
    code = await with_coupon(stage)
    refused = await reserve(stage, code, cart() | wrong)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["input", "cart", *path])
    answer = await stage.post(
        FOR_CART, {"miId": "mi-1", "cart": cart() | wrong}, stage.token(scope="storefront", name="storefront")
    )
    assert answer["data"] == {"couponsForCart": None}
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_checkout_lists_every_coupon_as_usable_or_with_a_reason(stage: Stage):
    """R45: all unspent ones, and those of the last 90 days."""
    used, held, free = [await with_coupon(stage), await another_coupon(stage, "es-10"), await another_coupon(stage)]
    await reserve(stage, used, cart("OLD"))
    await commit(stage, used, "OLD")
    await reserve(stage, held, cart("ELSEWHERE"))
    listed = {each["coupon"]["code"]: each for each in await for_cart(stage)}
    assert list(listed) == [free, held, used]
    assert (listed[free]["usable"], listed[free]["discount"]["amountMinor"], listed[free]["reason"]) == (
        True,
        500,
        None,
    )
    assert [listed[code]["reason"]["code"] for code in (held, used)] == ["COUPON_RESERVED", "COUPON_USED"]
    assert {(listed[code]["usable"], listed[code]["discount"]["amountMinor"]) for code in (held, used)} == {(False, 0)}
    assert listed[held]["reason"]["__typename"] == "CouponNotUsable"
    assert listed[held]["reason"]["message"]
    for_its_order = {each["coupon"]["code"]: each for each in await for_cart(stage, cart("ELSEWHERE"))}
    assert for_its_order[held]["usable"]
    assert for_its_order[free]["reason"]["code"] == "ORDER_HAS_COUPON"
    await stage.advance(days=89)
    assert {each["reason"]["code"] for each in await for_cart(stage)} == {"COUPON_USED", "COUPON_EXPIRED"}
    await stage.advance(days=40)
    assert await for_cart(stage) == []


async def test_a_member_sees_only_its_own_coupons_at_checkout(stage: Stage):
    """R45."""
    await with_coupon(stage)
    variables = {"miId": "mi-1", "cart": cart()}
    assert len((await stage.ask(FOR_CART, variables, stage.token("mi-1")))["couponsForCart"]) == 1
    for token, code in (
        (stage.token("mi-2"), "FORBIDDEN"),
        (stage.token(scope="operator"), "FORBIDDEN"),
        (None, "UNAUTHENTICATED"),
    ):
        answer = await stage.post(FOR_CART, variables, token)
        assert answer["data"] == {"couponsForCart": None}
        assert answer["errors"][0]["extensions"]["code"] == code
    assert await stage.storefront(FOR_CART, miId="mi-unknown", cart=cart()) is None


async def test_only_the_storefront_uses_coupons(stage: Stage):
    code = await with_coupon(stage)
    variables = {"input": {"code": code, "miId": "mi-1", "cart": cart()}, "key": "k"}
    for token in (stage.token("mi-1"), stage.token(scope="operator"), None):
        assert (await stage.post(RESERVE, variables, token))["data"]["reserveCoupon"]["__typename"] == "NotAllowed"
        answer = await stage.post(COMMIT, {"code": code, "order": "ORD-1", "key": "k"}, token)
        assert answer["data"]["commitCoupon"]["__typename"] == "NotAllowed"
    assert await state_of(stage, code) == "AVAILABLE"


async def test_a_coupon_of_a_closed_member_is_cancelled_at_commit(stage: Stage):
    """R5, R71: whether or not the coupon's row was changed with the membership."""
    code = await with_coupon(stage)
    await reserve(stage, code)
    await stage.owner.execute("update members set state = 'CLOSED', state_since = now()")
    refused = await commit(stage, code)
    assert (outcome(refused), refused["state"]) == ("COUPON_CANCELLED", "CANCELLED")
    assert outcome(await reserve(stage, code, cart("ORD-2"))) == "COUPON_CANCELLED"
    assert (await for_cart(stage))[0]["reason"]["code"] == "COUPON_CANCELLED"


async def test_a_coupon_of_an_erased_person_is_cancelled_at_commit(stage: Stage):
    """R71."""
    code = await with_coupon(stage)
    await reserve(stage, code)
    erase = """mutation($input: ID!, $key: ID!) {
      eraseMember(miId: $input, reason: "on request", idempotencyKey: $key) { __typename } }"""
    assert (await operator(stage, erase, "mi-1"))["__typename"] == "MemberChanged"
    assert outcome(await commit(stage, code)) == "COUPON_CANCELLED"


async def test_a_suspended_member_may_still_use_a_coupon_redeemed_before(stage: Stage):
    """R5: suspending stops activities and redemptions; this coupon was paid for before."""
    code = await with_coupon(stage)
    await stage.owner.execute("update members set state = 'SUSPENDED', state_since = now()")
    assert outcome(await reserve(stage, code)) == "RESERVED"
    assert outcome(await commit(stage, code)) == "USED"


@pytest.mark.parametrize(
    "typed",
    [str.lower, lambda code: code.replace("-", " "), lambda code: f" {code.replace('-', chr(0x2013)).lower()}\n"],
)
async def test_a_code_is_read_as_people_type_it(stage: Stage, typed: Callable[[str], str]):
    """R42: without regard to case, blanks and hyphens, in each of the three mutations."""
    code = await with_coupon(stage)
    assert (await reserve(stage, typed(code), cart("ORD-1")))["coupon"]["code"] == code
    assert (await release(stage, typed(code), "ORD-1"))["coupon"]["state"] == "AVAILABLE"
    await reserve(stage, typed(code).upper(), cart("ORD-2"))
    assert (await commit(stage, typed(code), "ORD-2"))["coupon"]["state"] == "USED"
    assert (await commit(stage, f"{code}X", "ORD-2"))["__typename"] == "NotFound"


async def test_a_late_release_of_a_first_attempt_leaves_the_second_ones_reservation(stage: Stage):
    """R43: each reservation has an id, and the release that names it ends that one only."""
    code = await with_coupon(stage)
    first = await reserve(stage, code, cart("ORD-1"), key="a")
    assert (await reserve(stage, code, cart("ORD-1"), key="a"))["reservationId"] == first["reservationId"]
    second = await reserve(stage, code, cart("ORD-1"), key="b")
    assert second["reservationId"] not in {None, first["reservationId"]}
    late = await release(stage, code, "ORD-1", reservation=first["reservationId"])
    assert (outcome(late), late["reservationId"]) == ("RESERVED", None)
    assert outcome(await release(stage, code, "ORD-1", reservation="no-such-one")) == "COUPON_NOT_RESERVED"
    assert outcome(await release(stage, code, "ORD-1", reservation=second["reservationId"])) == "AVAILABLE"
    assert outcome(await release(stage, code, "ORD-1", reservation=second["reservationId"])) == "AVAILABLE"
    third = await reserve(stage, code, cart("ORD-1"))
    for earlier in (first, second):
        assert outcome(await release(stage, code, "ORD-1", reservation=earlier["reservationId"])) == "RESERVED"
    used = await commit(stage, code, "ORD-1")
    assert (outcome(used), used["reservationId"]) == ("USED", None)
    assert outcome(await release(stage, code, "ORD-1", reservation=second["reservationId"])) == "USED"
    assert outcome(await release(stage, code, "ORD-1", reservation=third["reservationId"])) == "COUPON_USED"


async def test_a_reservation_of_an_older_release_is_released_without_an_id(stage: Stage):
    """R43: it has none; reserving again gives it one."""
    code = await with_coupon(stage)
    await reserve(stage, code, cart("ORD-1"))
    await stage.owner.execute("update coupon_reservations set reservation_id = null")
    assert outcome(await release(stage, code, "ORD-1", reservation="x")) == "COUPON_NOT_RESERVED"
    again = await reserve(stage, code, cart("ORD-1"))
    assert outcome(await release(stage, code, "ORD-1", reservation=again["reservationId"])) == "AVAILABLE"
    await reserve(stage, code, cart("ORD-1"))
    assert outcome(await release(stage, code, "ORD-1")) == "AVAILABLE"
