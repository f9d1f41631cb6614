"""Operators adjust points, and a second one decides what waits (R36, R37, R51, R61)."""

from typing import Any

import pytest

from db.audit import audit
from tests.support.stage import Stage
from tests.support.verdict_calls import ADJUST, DECIDE, adjusted, answer_of, decided, moderate, newest_entry


async def joined_with(stage: Stage, points: int = 0) -> None:
    """A member with fifty points and so many of an operator's."""
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


async def test_points_are_adjusted_at_once_with_a_reason_that_is_kept(stage: Stage):
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
    ("told", "path"),
    [
        ({"points": 0}, ["points"]),
        ({"points": 10, "reason": "  "}, ["reason"]),
        ({"points": 10, "reason": "x" * 501}, ["reason"]),
        ({"points": 2_147_483_647}, ["points"]),
        ({"points": -5, "reverses": "x"}, ["points"]),
    ],
)
async def test_what_cannot_be_adjusted_is_told(stage: Stage, told: dict[str, Any], path: list[str]):
    await joined_with(stage)
    refused = await adjusted(stage, **told)
    assert (refused["__typename"], refused["code"], refused["path"]) == ("InvalidInput", "INVALID_INPUT", path)
    assert await stage.balance() == (50, 0, 0)


async def test_credits_that_wait_count_towards_what_a_balance_can_hold(stage: Stage):
    """R37: two of 2,000,000,000 would be more than can be shown; so is what is credited again and again."""
    await joined_with(stage)
    asked = await adjusted(stage, 2_000_000_000)
    refused = await adjusted(stage, 2_000_000_000)
    assert (refused["__typename"], refused["code"], refused["path"]) == ("InvalidInput", "INVALID_INPUT", ["points"])
    await decided(stage, asked["verdict"]["id"], approve=True)
    assert await stage.balance() == (2_000_000_050, 0, 0)
    assert (await adjusted(stage, 2_000_000_000))["__typename"] == "InvalidInput"
    order = await stage.order("ORD-1", [("1", 1, 2_147_483_647)])
    assert order["__typename"] == "OrderRecorded"
    await adjusted(stage, 2_147_483_647 - 2_000_000_050 - 21_474_836)
    full = await stage.earn({"fuel": {}})
    assert (full["__typename"], full["code"]) == ("InvalidInput", "INVALID_INPUT")
    assert (await stage.balance())[:2] == (2_000_000_050, 2_147_483_647 - 2_000_000_050)


async def test_debits_that_wait_are_refused_at_approval_where_they_would_be_more_than_can_be_owed(stage: Stage):
    """R37: the verdict goes on waiting, and can be declined."""
    await joined_with(stage)
    first, second = [(await adjusted(stage, -2_000_000_000))["verdict"]["id"] for _ in range(2)]
    await decided(stage, first, approve=True)
    refused = await decided(stage, second, approve=True)
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["verdictId"])
    assert await stage.balance() == (0, 0, 1_999_999_950)
    assert answer_of(await decided(stage, second, approve=False)) == ("REFUSED", "DECLINED", 0)


async def test_the_threshold_itself_is_adjusted_at_once(stage: Stage):
    """R37: above it in either direction waits."""
    await joined_with(stage)
    for points, outcome in ((10_000, "GRANTED"), (-10_000, "GRANTED"), (10_001, "WAITING"), (-10_001, "WAITING")):
        assert (await adjusted(stage, points))["verdict"]["outcome"] == outcome


async def test_a_credit_above_the_threshold_is_pending_until_a_second_operator_approves(stage: Stage):
    """R37."""
    await joined_with(stage)
    asked = await adjusted(stage, 20_000)
    assert answer_of(asked) == ("WAITING", "WAITING_FOR_OPERATOR", 20_000)
    assert asked["verdict"]["pendingPoints"] == {
        "points": 20_000,
        "dueAt": None,
        "awaiting": "REVIEW_BY_OPERATOR",
        "kind": "ADJUSTMENT",
    }
    assert await stage.balance() == (50, 20_000, 0)
    verdict_id = asked["verdict"]["id"]
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
    asked = await adjusted(stage, 20_000)
    await decided(stage, asked["verdict"]["id"], approve=True)
    assert await stage.balance() == (15_000, 0, 0)


async def test_a_declined_credit_is_pending_no_more(stage: Stage):
    """R37."""
    await joined_with(stage)
    asked = await adjusted(stage, 20_000)
    declined = await decided(stage, asked["verdict"]["id"], approve=False)
    assert answer_of(declined) == ("REFUSED", "DECLINED", 0)
    assert declined["verdict"]["id"] == asked["verdict"]["id"]
    assert await stage.balance() == (50, 0, 0)


async def test_a_debit_above_the_threshold_does_not_show_until_it_is_approved(stage: Stage):
    """R37."""
    await joined_with(stage, 10_000)
    asked = await adjusted(stage, -10_100)
    assert answer_of(asked) == ("WAITING", "WAITING_FOR_OPERATOR", -10_100)
    assert asked["verdict"]["pendingPoints"] is None
    assert await stage.balance() == (10_050, 0, 0)
    approved = await decided(stage, asked["verdict"]["id"], approve=True)
    assert answer_of(approved) == ("GRANTED", "ADJUSTED", -10_100)
    assert await stage.balance() == (0, 0, 50)


async def test_a_spent_coupons_points_go_back_into_the_lots_they_came_from(stage: Stage):
    """R51: with their own dates, however late; and a second time not."""
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


async def test_more_than_the_line_took_and_was_not_given_back_is_refused(stage: Stage):
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
    """R36, R51: what it took out of the lot and into debt."""
    await joined_with(stage)
    debited = await adjusted(stage, -80)
    line = debited["verdict"]["entries"][0]["id"]
    part = await adjusted(stage, 30, reverses=line)
    assert part["member"]["balance"] == {"available": 0, "pending": 0, "debt": 0, "lifetime": 0}
    rest = await adjusted(stage, 50, reverses=line)
    assert rest["member"]["balance"] == {"available": 50, "pending": 0, "debt": 0, "lifetime": 50}


async def test_giving_back_above_the_threshold_waits_too(stage: Stage):
    """R37, R51: it is pending meanwhile, and counts as given back."""
    await joined_with(stage, 10_000)
    debited = await adjusted(stage, -10_000)
    line = debited["verdict"]["entries"][0]["id"]
    await adjusted(stage, 9_000)
    larger = await adjusted(stage, -10_050)
    assert (larger["verdict"]["outcome"]) == "WAITING"
    approved = await decided(stage, larger["verdict"]["id"], approve=True)
    large = approved["verdict"]["entries"][0]["id"]
    assert await stage.balance() == (0, 0, 1_000)
    asked = await adjusted(stage, 10_050, reverses=large)
    assert answer_of(asked) == ("WAITING", "WAITING_FOR_OPERATOR", 10_050)
    assert await stage.balance() == (0, 10_050, 1_000)
    assert (await adjusted(stage, 1, reverses=large))["__typename"] == "InvalidInput"
    given = await decided(stage, asked["verdict"]["id"], approve=True)
    assert answer_of(given) == ("GRANTED", "ADJUSTED", 10_050)
    assert given["verdict"]["entries"][0]["reverses"]["id"] == large
    assert await stage.balance() == (9_050, 0, 0)
    assert (await adjusted(stage, 10_000, reverses=line))["verdict"]["points"] == 10_000


async def test_what_has_lapsed_of_points_given_back_stays_lapsed(stage: Stage):
    """R51: LOT_LAPSED, REDUCED while something is left, REFUSED with 0 where nothing is."""
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


async def test_only_what_waits_for_an_operator_is_decided(stage: Stage):
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
    asked = await adjusted(stage, 20_000)
    adjust = {"miId": "mi-1", "points": 5, "reason": "r", "key": "k"}
    decide = {"id": asked["verdict"]["id"], "approve": True, "reason": "r", "key": "k"}
    for scope in ("storefront", "auditor", None):
        token = stage.token(scope=scope) if scope else stage.token("mi-1")
        for document, variables in ((ADJUST, adjust), (DECIDE, decide)):
            answer = next(iter((await stage.post(document, variables, token))["data"].values()))
            assert answer["__typename"] == "NotAllowed"
    assert (await adjusted(stage, 5, mi_id="mi-9"))["code"] == "NOT_A_MEMBER"
    assert await stage.balance() == (50, 20_000, 0)


async def test_an_auditor_finds_the_books_sound_after_all_of_it(stage: Stage):
    """R36, R37, R51: every check of `mipoints audit`."""
    await joined_with(stage, 600)
    await stage.redeem("es-5")
    spent = await newest_entry(stage, "REDEMPTION")
    debited = await adjusted(stage, -400)
    await adjusted(stage, 350, reverses=debited["verdict"]["entries"][0]["id"])
    await adjusted(stage, 500, reverses=spent)
    for points, approve in ((20_000, True), (20_000, False), (-30_000, True), (15_000, True)):
        asked = await adjusted(stage, points)
        await decided(stage, asked["verdict"]["id"], approve=approve)
    async for check in audit(stage.owner):
        assert check.is_sound, check


async def test_a_closed_membership_is_left_alone(stage: Stage):
    """R5: final, for operators and moderation too."""
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
