"""Operators adjust points, and a second operator decides waiting adjustments (R36, R37, R51, R61)."""

import asyncio
from typing import Any

import pytest

from db.audit import audit
from tests.support.checkout import another_coupon, cart, commit, release, reserve, with_coupon
from tests.support.stage import Stage
from tests.support.verdict_calls import ADJUST, DECIDE, adjusted, answer_of, decided, moderate, newest_entry


async def joined_with(stage: Stage, points: int = 0) -> None:
    """Makes a member with fifty points and so many more that an operator credited."""
    await stage.register()
    await stage.advance(minutes=5)
    if points:
        await adjusted(stage, points)


async def log_of(stage: Stage) -> list[dict[str, Any]]:
    """The operators' log, oldest first."""
    rows = await stage.owner.fetch(
        "select actor, action, reason, before, after from operator_log order by done_at, entry_id"
    )
    return [dict(row.items()) for row in rows]


async def test_points_are_adjusted_at_once_and_the_reason_is_logged(stage: Stage):
    """R37."""
    await joined_with(stage)
    credited = await adjusted(stage, 500, reason="A parcel was late.")
    assert answer_of(credited) == ("GRANTED", "ADJUSTED", 500)
    assert credited["verdict"]["kind"] == "ADJUSTMENT"
    assert credited["member"]["balance"] == {"available": 550, "pending": 0, "debt": 0, "lifetime": 550}
    debited = await adjusted(stage, -100, reason="Credited twice.")
    assert answer_of(debited) == ("GRANTED", "ADJUSTED", -100)
    assert debited["member"]["balance"] == {"available": 450, "pending": 0, "debt": 0, "lifetime": 450}
    assert (await stage.history())[:2] == [("ADJUSTMENT", -100, 450), ("ADJUSTMENT", 500, 550)]
    first, second = await log_of(stage)
    assert (first["actor"], first["action"], first["reason"]) == ("op-1", "adjustPoints", "A parcel was late.")
    assert first["before"] == {"available": 50, "debt": 0}
    assert (first["after"]["available"], second["after"]["available"]) == (550, 450)


async def test_below_zero_is_debt_and_later_credits_repay_it_first(stage: Stage):
    """R36, R37."""
    await joined_with(stage)
    debited = await adjusted(stage, -80)
    assert debited["member"]["balance"] == {"available": 0, "pending": 0, "debt": 30, "lifetime": -30}
    credited = await adjusted(stage, 100)
    assert credited["member"]["balance"]["available"] == 70
    assert await stage.history() == [("ADJUSTMENT", 100, 70), ("ADJUSTMENT", -80, 0), ("SIGN_UP", 50, 50)]
    assert await stage.balance() == (70, 0, 0)


async def test_one_key_adjusts_once(stage: Stage):
    """R61."""
    await joined_with(stage)
    first = await adjusted(stage, 100, key="k")
    again = await adjusted(stage, 100, key="k")
    assert again["verdict"]["id"] == first["verdict"]["id"]
    assert (await adjusted(stage, 101, key="k"))["__typename"] == "IdempotencyMismatch"
    assert await stage.balance() == (150, 0, 0)


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"points": 0}, ["points"]),
        ({"points": 10, "reason": "  "}, ["reason"]),
        ({"points": 10, "reason": "x" * 501}, ["reason"]),
        ({"points": 2_147_483_647}, ["points"]),
        ({"points": -5, "reverses": "x"}, ["points"]),
    ],
)
async def test_an_impossible_adjustment_is_refused_with_the_path_of_its_fault(
    stage: Stage, wrong: dict[str, Any], path: list[str]
):
    await joined_with(stage)
    refused = await adjusted(stage, **wrong)
    assert (refused["__typename"], refused["code"], refused["path"]) == ("InvalidInput", "INVALID_INPUT", path)
    assert await stage.balance() == (50, 0, 0)


async def test_waiting_credits_count_towards_a_balances_capacity(stage: Stage):
    """R37: two credits of 2,000,000,000 are more than can be shown; so are many smaller ones together."""
    await joined_with(stage)
    waiting = await adjusted(stage, 2_000_000_000)
    refused = await adjusted(stage, 2_000_000_000)
    assert (refused["__typename"], refused["code"], refused["path"]) == ("InvalidInput", "INVALID_INPUT", ["points"])
    await decided(stage, waiting["verdict"]["id"], approve=True)
    assert await stage.balance() == (2_000_000_050, 0, 0)
    assert (await adjusted(stage, 2_000_000_000))["__typename"] == "InvalidInput"
    order = await stage.order("ORD-1", [("1", 1, 2_147_483_647)])
    assert order["__typename"] == "OrderRecorded"
    await adjusted(stage, 2_147_483_647 - 2_000_000_050 - 21_474_836)
    full = await stage.earn({"fuel": {}})
    assert (full["__typename"], full["code"]) == ("InvalidInput", "INVALID_INPUT")
    assert (await stage.balance())[:2] == (2_000_000_050, 2_147_483_647 - 2_000_000_050)


async def test_waiting_debits_are_refused_at_approval_if_the_debt_would_be_too_large(stage: Stage):
    """R37: the verdict still waits, and can be declined."""
    await joined_with(stage)
    first, second = [(await adjusted(stage, -2_000_000_000))["verdict"]["id"] for _ in range(2)]
    await decided(stage, first, approve=True)
    refused = await decided(stage, second, approve=True)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["verdictId"])
    assert await stage.balance() == (0, 0, 1_999_999_950)
    assert answer_of(await decided(stage, second, approve=False)) == ("REFUSED", "DECLINED", 0)


async def test_the_threshold_itself_is_adjusted_at_once(stage: Stage):
    """R37: more than that, in either direction, waits."""
    await joined_with(stage)
    for points, outcome in ((10_000, "GRANTED"), (-10_000, "GRANTED"), (10_001, "WAITING"), (-10_001, "WAITING")):
        assert (await adjusted(stage, points))["verdict"]["outcome"] == outcome


async def test_a_credit_above_the_threshold_is_pending_until_a_second_operator_approves(stage: Stage):
    """R37."""
    await joined_with(stage)
    waiting = await adjusted(stage, 20_000)
    assert answer_of(waiting) == ("WAITING", "WAITING_FOR_OPERATOR", 20_000)
    assert waiting["verdict"]["pendingPoints"] == {
        "points": 20_000,
        "dueAt": None,
        "awaiting": "REVIEW_BY_OPERATOR",
        "kind": "ADJUSTMENT",
    }
    assert await stage.balance() == (50, 20_000, 0)
    verdict_id = waiting["verdict"]["id"]
    own = await decided(stage, verdict_id, approve=True, by="op-1")
    assert (own["__typename"], own["code"]) == ("NotAllowed", "NOT_ALLOWED")
    approved = await decided(stage, verdict_id, approve=True, key="k")
    assert answer_of(approved) == ("GRANTED", "ADJUSTED", 20_000)
    assert await stage.balance() == (20_050, 0, 0)
    for by in ("op-1", "op-2", "op-3"):
        again = await decided(stage, verdict_id, approve=False, by=by)
        assert answer_of(again) == ("GRANTED", "ADJUSTED", 20_000)
    assert (await decided(stage, verdict_id, approve=False, key="k"))["__typename"] == "IdempotencyMismatch"
    log = (await log_of(stage))[-1]
    assert (log["actor"], log["action"], log["reason"]) == ("op-2", "decideReview", "Seen.")
    assert (log["before"]["outcome"], log["after"]["outcome"]) == ("WAITING", "GRANTED")
    assert (log["before"]["available"], log["after"]["available"]) == (50, 20_050)


async def test_an_approved_credit_repays_a_debt_first(stage: Stage):
    """R36, R37."""
    await joined_with(stage)
    await adjusted(stage, -5_050)
    waiting = await adjusted(stage, 20_000)
    await decided(stage, waiting["verdict"]["id"], approve=True)
    assert await stage.balance() == (15_000, 0, 0)


async def test_a_declined_credit_is_pending_no_more(stage: Stage):
    """R37."""
    await joined_with(stage)
    waiting = await adjusted(stage, 20_000)
    declined = await decided(stage, waiting["verdict"]["id"], approve=False)
    assert answer_of(declined) == ("REFUSED", "DECLINED", 0)
    assert declined["verdict"]["id"] == waiting["verdict"]["id"]
    assert await stage.balance() == (50, 0, 0)


async def test_a_debit_above_the_threshold_does_not_show_until_it_is_approved(stage: Stage):
    """R37."""
    await joined_with(stage, 10_000)
    waiting = await adjusted(stage, -10_100)
    assert answer_of(waiting) == ("WAITING", "WAITING_FOR_OPERATOR", -10_100)
    assert waiting["verdict"]["pendingPoints"] is None
    assert await stage.balance() == (10_050, 0, 0)
    approved = await decided(stage, waiting["verdict"]["id"], approve=True)
    assert answer_of(approved) == ("GRANTED", "ADJUSTED", -10_100)
    assert await stage.balance() == (0, 0, 50)


async def test_a_spent_coupons_points_go_back_into_the_lots_they_came_from(stage: Stage):
    """R51: with their own dates, however late; and only once."""
    await joined_with(stage, 400)
    await stage.advance(days=62)
    await adjusted(stage, 200)
    before = await stage.app("mi-1", "{ me { lapsing { points lapsesOn } } }")
    await stage.redeem("es-5")
    spent = await newest_entry(stage, "REDEMPTION")
    given = await adjusted(stage, 500, reverses=spent)
    assert answer_of(given) == ("GRANTED", "ADJUSTED", 500)
    assert [entry["reverses"]["id"] for entry in given["verdict"]["entries"]] == [spent]
    assert await stage.app("mi-1", "{ me { lapsing { points lapsesOn } } }") == before
    again = await adjusted(stage, 1, reverses=spent)
    assert (again["__typename"], again["path"]) == ("InvalidInput", ["points"])
    assert await stage.balance() == (650, 0, 0)
    assert given["member"]["balance"]["lifetime"] == 650


async def test_giving_back_more_than_a_line_took_is_refused(stage: Stage):
    """R51."""
    await joined_with(stage, 600)
    await stage.redeem("es-5")
    spent = await newest_entry(stage, "REDEMPTION")
    assert (await adjusted(stage, 501, reverses=spent))["__typename"] == "InvalidInput"
    assert answer_of(await adjusted(stage, 300, reverses=spent)) == ("GRANTED", "ADJUSTED", 300)
    assert (await adjusted(stage, 201, reverses=spent))["__typename"] == "InvalidInput"
    assert answer_of(await adjusted(stage, 200, reverses=spent)) == ("GRANTED", "ADJUSTED", 200)
    assert await stage.balance() == (650, 0, 0)


async def test_only_a_line_of_the_member_that_took_points_is_given_back(stage: Stage):
    """R51."""
    await joined_with(stage, 600)
    await stage.register("mi-2")
    await stage.advance(minutes=5)
    await adjusted(stage, -10, mi_id="mi-2")
    others = await newest_entry(stage, "ADJUSTMENT", "mi-2")
    me = (await stage.app("mi-1", "{ me { id } }"))["id"]
    for line in (others, me, "nonsense"):
        assert (await adjusted(stage, 5, reverses=line))["__typename"] == "NotFound"
    credit = await newest_entry(stage, "SIGN_UP")
    assert (await adjusted(stage, 5, reverses=credit))["__typename"] == "InvalidInput"
    assert await stage.balance() == (650, 0, 0)


async def test_a_debit_given_back_undoes_it_debt_first(stage: Stage):
    """R36, R51: the points that it took from the lot and those that became debt."""
    await joined_with(stage)
    debited = await adjusted(stage, -80)
    line = debited["verdict"]["entries"][0]["id"]
    part = await adjusted(stage, 30, reverses=line)
    assert part["member"]["balance"] == {"available": 0, "pending": 0, "debt": 0, "lifetime": 0}
    rest = await adjusted(stage, 50, reverses=line)
    assert rest["member"]["balance"] == {"available": 50, "pending": 0, "debt": 0, "lifetime": 50}


async def test_giving_back_above_the_threshold_waits_too(stage: Stage):
    """R37, R51: the points are pending meanwhile, and count as given back."""
    await joined_with(stage, 10_000)
    debited = await adjusted(stage, -10_000)
    line = debited["verdict"]["entries"][0]["id"]
    await adjusted(stage, 9_000, by="op-3")
    larger = await adjusted(stage, -10_050)
    assert (larger["verdict"]["outcome"]) == "WAITING"
    approved = await decided(stage, larger["verdict"]["id"], approve=True)
    large = approved["verdict"]["entries"][0]["id"]
    assert await stage.balance() == (0, 0, 1_000)
    waiting = await adjusted(stage, 10_050, reverses=large)
    assert answer_of(waiting) == ("WAITING", "WAITING_FOR_OPERATOR", 10_050)
    assert await stage.balance() == (0, 10_050, 1_000)
    assert (await adjusted(stage, 1, reverses=large))["__typename"] == "InvalidInput"
    given = await decided(stage, waiting["verdict"]["id"], approve=True)
    assert answer_of(given) == ("GRANTED", "ADJUSTED", 10_050)
    assert given["verdict"]["entries"][0]["reverses"]["id"] == large
    assert await stage.balance() == (9_050, 0, 0)
    assert answer_of(await adjusted(stage, 10_000, reverses=line, by="op-4")) == ("GRANTED", "ADJUSTED", 10_000)


async def test_points_given_back_to_a_lapsed_lot_stay_lapsed(stage: Stage):
    """R51: LOT_LAPSED; REDUCED if some points are left, REFUSED with 0 if none are."""
    await joined_with(stage, 250)
    await stage.advance(days=180)
    await adjusted(stage, 400)
    await stage.redeem("es-5")
    spent = await newest_entry(stage, "REDEMPTION")
    await stage.advance(days=240)
    reduced = await adjusted(stage, 500, reverses=spent)
    assert answer_of(reduced) == ("REDUCED", "LOT_LAPSED", 200)
    refused = await adjusted(stage, 300, reverses=spent)
    assert answer_of(refused) == ("REFUSED", "LOT_LAPSED", 0)
    assert refused["verdict"]["entries"] == []
    assert await stage.balance() == (400, 0, 0)


async def test_only_verdicts_that_wait_for_an_operator_are_decided(stage: Stage):
    await joined_with(stage)
    granted = await adjusted(stage, 10)
    share = await stage.earn({"socialShare": {"productId": "p-1"}})
    review = await stage.earn({"review": {"productId": "p-1", "reviewId": "rv-1"}})
    for verdict in (granted, share, review):
        answer = await decided(stage, verdict["verdict"]["id"], approve=True)
        assert (answer["__typename"], answer["path"]) == ("InvalidInput", ["verdictId"])
    me = (await stage.app("mi-1", "{ me { id } }"))["id"]
    for verdict_id in (me, "nonsense"):
        assert (await decided(stage, verdict_id, approve=True))["__typename"] == "NotFound"


async def test_only_operators_adjust_and_decide(stage: Stage):
    await joined_with(stage)
    waiting = await adjusted(stage, 20_000)
    adjust = {"miId": "mi-1", "points": 5, "reason": "r", "key": "k"}
    decide = {"id": waiting["verdict"]["id"], "approve": True, "reason": "r", "key": "k"}
    for scope in ("storefront", "auditor", None):
        token = stage.token(scope=scope) if scope else stage.token("mi-1")
        for document, variables in ((ADJUST, adjust), (DECIDE, decide)):
            answer = next(iter((await stage.post(document, variables, token))["data"].values()))
            assert answer["__typename"] == "NotAllowed"
    assert (await adjusted(stage, 5, mi_id="mi-9"))["code"] == "NOT_A_MEMBER"
    assert await stage.balance() == (50, 20_000, 0)


async def test_the_ledger_is_sound_after_every_kind_of_adjustment(stage: Stage):
    """R36, R37, R51: every check of `mipoints audit`."""
    await joined_with(stage, 600)
    await stage.redeem("es-5")
    spent = await newest_entry(stage, "REDEMPTION")
    debited = await adjusted(stage, -400)
    await adjusted(stage, 350, reverses=debited["verdict"]["entries"][0]["id"])
    await adjusted(stage, 500, reverses=spent)
    for points, approve in ((20_000, True), (20_000, False), (-30_000, True), (15_000, True)):
        waiting = await adjusted(stage, points)
        await decided(stage, waiting["verdict"]["id"], approve=approve)
    async for check in audit(stage.owner):
        assert check.is_sound, check


async def test_a_closed_membership_is_left_alone(stage: Stage):
    """R5: closed is final, for operators and moderation too."""
    await joined_with(stage)
    held = await adjusted(stage, 20_000)
    await stage.owner.execute("update members set state = 'CLOSED'")
    answers = [
        await adjusted(stage, 5),
        await decided(stage, held["verdict"]["id"], approve=True),
        await moderate(stage, "reviewPublished", reviewId="rv-1", productId="p-1"),
    ]
    assert [(each["__typename"], each["code"]) for each in answers] == [("MemberNotActive", "MEMBER_CLOSED")] * 3
    assert await stage.balance() == (50, 20_000, 0)


@pytest.mark.parametrize("sign", [1, -1])
async def test_what_one_operator_adjusts_for_a_member_in_a_day_adds_up(stage: Stage, sign: int):
    """R37: beyond the threshold it waits, in either direction; the other direction and other operators do not count."""
    await joined_with(stage)
    assert answer_of(await adjusted(stage, sign * 6000)) == ("GRANTED", "ADJUSTED", sign * 6000)
    assert answer_of(await adjusted(stage, sign * 4000)) == ("GRANTED", "ADJUSTED", sign * 4000)
    waits = await adjusted(stage, sign)
    assert answer_of(waits) == ("WAITING", "WAITING_FOR_OPERATOR", sign)
    assert answer_of(await adjusted(stage, -sign * 10_000)) == ("GRANTED", "ADJUSTED", -sign * 10_000)
    assert answer_of(await adjusted(stage, sign, by="op-2")) == ("GRANTED", "ADJUSTED", sign)
    assert answer_of(await decided(stage, waits["verdict"]["id"], approve=True)) == ("GRANTED", "ADJUSTED", sign)
    await stage.advance(hours=24)
    assert answer_of(await adjusted(stage, sign * 10_000)) == ("GRANTED", "ADJUSTED", sign * 10_000)


async def test_what_one_operator_adjusts_for_all_members_adds_up_even_at_once(stage: Stage):
    """R37: ten times the threshold; twelve members at once, of whom two wait."""
    members = [f"mi-{n}" for n in range(1, 13)]
    for mi_id in members:
        await stage.register(mi_id)
    answers = await asyncio.gather(*(adjusted(stage, 10_000, mi_id=mi_id) for mi_id in members))
    assert sorted(answer["verdict"]["outcome"] for answer in answers) == ["GRANTED"] * 10 + ["WAITING"] * 2


async def test_a_redemption_given_back_cancels_its_coupon(stage: Stage):
    """R51: in the same write, also in part; nobody keeps both points and coupon."""
    code = await with_coupon(stage)
    spent = await newest_entry(stage, "REDEMPTION")
    given = await adjusted(stage, 300, reverses=spent)
    assert given["verdict"]["message"] == f"300 points given back for coupon {code}, which is cancelled."
    coupons = (await stage.app("mi-1", "{ me { coupons { nodes { code state } } } }"))["coupons"]["nodes"]
    assert coupons == [{"code": code, "state": "CANCELLED"}]
    assert (await reserve(stage, code, cart("ORD-1")))["code"] == "COUPON_CANCELLED"
    assert answer_of(await adjusted(stage, 200, reverses=spent)) == ("GRANTED", "ADJUSTED", 200)


async def test_a_redemption_whose_coupon_is_reserved_or_used_is_not_given_back(stage: Stage):
    """R51: NotAllowed; after a timeout it is, and the order's late commit finds the coupon cancelled."""
    code = await with_coupon(stage)
    spent = await newest_entry(stage, "REDEMPTION")
    await reserve(stage, code, cart("ORD-1"))
    before = await stage.balance()
    assert (await adjusted(stage, 500, reverses=spent))["__typename"] == "NotAllowed"
    await stage.advance(minutes=31)
    assert answer_of(await adjusted(stage, 500, reverses=spent)) == ("GRANTED", "ADJUSTED", 500)
    assert (await commit(stage, code, "ORD-1"))["code"] == "COUPON_CANCELLED"
    other = await another_coupon(stage)
    await reserve(stage, other, cart("ORD-2"))
    await commit(stage, other, "ORD-2")
    refused = await adjusted(stage, 500, reverses=await newest_entry(stage, "REDEMPTION"))
    assert (refused["__typename"], await stage.balance()) == ("NotAllowed", before)


async def test_a_redemption_that_waits_to_be_given_back_is_judged_at_the_approval(stage: Stage):
    """R37, R51: the coupon may have been used meanwhile; then it can be declined only."""
    code = await with_coupon(stage)
    spent = await newest_entry(stage, "REDEMPTION")
    await adjusted(stage, 10_000)
    waits = await adjusted(stage, 500, reverses=spent)
    assert answer_of(waits) == ("WAITING", "WAITING_FOR_OPERATOR", 500)
    await reserve(stage, code, cart("ORD-1"))
    assert (await decided(stage, waits["verdict"]["id"], approve=True))["__typename"] == "NotAllowed"
    await release(stage, code, "ORD-1")
    assert answer_of(await decided(stage, waits["verdict"]["id"], approve=True)) == ("GRANTED", "ADJUSTED", 500)
    assert (await reserve(stage, code, cart("ORD-1")))["code"] == "COUPON_CANCELLED"


async def test_a_coupon_stays_if_nothing_of_its_redemption_can_be_given_back(stage: Stage):
    """R51: the points had lapsed, so the verdict is REFUSED with 0."""
    await with_coupon(stage, "es-50")
    await stage.owner.execute("update coupons set expires_at = expires_at + interval '10 years'")
    spent = await newest_entry(stage, "REDEMPTION")
    await stage.advance(days=500)
    assert answer_of(await adjusted(stage, 500, reverses=spent)) == ("REFUSED", "LOT_LAPSED", 0)
    coupons = (await stage.app("mi-1", "{ me { coupons { nodes { state } } } }"))["coupons"]["nodes"]
    assert coupons == [{"state": "AVAILABLE"}]
