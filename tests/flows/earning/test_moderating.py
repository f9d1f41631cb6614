"""Reviews and shares as the storefront moderates them (R16, R16a, R35, R60, R61)."""

from datetime import timedelta
from typing import Any

import pytest

from loyalty.programme.rules.calendar import first_of_month, local_day
from tests.flows.ledger.test_lapsing import to
from tests.support.stage import Stage
from tests.support.verdict_calls import MODERATE, adjusted, answer_of, decided, moderate, taking_back_by_operators

REVIEW = {"review": {"productId": "p-1", "reviewId": "rv-1"}}
SHARE = {"socialShare": {"productId": "p-1"}}
LINK = {"linkShare": {"productId": "p-1"}}


async def held_five_minutes(stage: Stage) -> None:
    await stage.advance(minutes=5)


@pytest.mark.usefixtures("standing_clock")
async def test_a_published_review_is_on_hold_from_its_publication_and_then_credited(stage: Stage):
    """R16, R30, R60: the same verdict changes from waiting to granted."""
    await stage.register()
    await held_five_minutes(stage)
    first = await stage.earn(REVIEW)
    await stage.advance(days=2)
    assert await stage.balance() == (50, 20, 0)
    published = await moderate(stage, "reviewPublished", reviewId="rv-1")
    assert answer_of(published) == ("GRANTED", "GRANTED", 20)
    assert published["verdict"]["id"] == first["verdict"]["id"]
    assert published["verdict"]["pendingPoints"]["awaiting"] == "HOLD"
    assert "credit_due" in stage.woken
    await stage.advance(minutes=4, seconds=50)
    assert await stage.balance() == (50, 20, 0)
    await stage.advance(seconds=10)
    assert await stage.balance() == (70, 0, 0)


async def test_published_again_is_the_same_verdict_under_any_key(stage: Stage):
    """R61."""
    await stage.register()
    await stage.earn(REVIEW)
    answers = [await moderate(stage, "reviewPublished", reviewId="rv-1", productId="p-1") for _ in range(3)]
    await held_five_minutes(stage)
    answers.append(await moderate(stage, "reviewPublished", reviewId="rv-1"))
    assert len({answer["verdict"]["id"] for answer in answers}) == 1
    assert await stage.balance() == (70, 0, 0)


async def test_one_key_with_another_input_is_a_mismatch(stage: Stage):
    """R61."""
    await stage.register()
    await stage.earn(REVIEW)
    await moderate(stage, "reviewPublished", reviewId="rv-1", key="k")
    again = await moderate(stage, "reviewPublished", reviewId="rv-1", key="k")
    assert again["__typename"] == "PointsVerdict"
    for what, review_id in (("reviewRemoved", "rv-1"), ("reviewPublished", "rv-2")):
        assert (await moderate(stage, what, reviewId=review_id, key="k"))["__typename"] == "IdempotencyMismatch"


async def test_a_review_published_on_the_site_needs_no_submission_if_its_product_is_named(stage: Stage):
    """R16a."""
    await stage.register()
    unknown = await moderate(stage, "reviewPublished", reviewId="rv-1")
    assert (unknown["__typename"], unknown["code"]) == ("NotFound", "NOT_FOUND")
    published = await moderate(stage, "reviewPublished", reviewId="rv-1", productId="p-1")
    assert answer_of(published) == ("GRANTED", "GRANTED", 20)
    second = await moderate(stage, "reviewPublished", reviewId="rv-2", productId="p-1")
    assert answer_of(second) == ("REFUSED", "ALREADY_REVIEWED", 0)
    late = await stage.earn(REVIEW)
    assert late["verdict"]["id"] == published["verdict"]["id"]
    await held_five_minutes(stage)
    assert await stage.balance() == (70, 0, 0)


async def test_a_review_removed_while_it_waits_is_refused_and_its_product_stays_reviewed(stage: Stage):
    """R35, R60: no points move, and the cap is not freed."""
    await stage.register()
    first = await stage.earn(REVIEW)
    removed = await moderate(stage, "reviewRemoved", reviewId="rv-1")
    assert answer_of(removed) == ("REFUSED", "REVIEW_REMOVED", 0)
    assert removed["verdict"]["id"] == first["verdict"]["id"]
    for what in ("reviewPublished", "reviewRemoved"):
        again = await moderate(stage, what, reviewId="rv-1", productId="p-1")
        assert answer_of(again) == ("REFUSED", "REVIEW_REMOVED", 0)
    other = await stage.earn({"review": {"productId": "p-1", "reviewId": "rv-2"}})
    assert other["verdict"]["code"] == "ALREADY_REVIEWED"
    await held_five_minutes(stage)
    assert await stage.balance() == (50, 0, 0)


async def test_a_review_removed_after_its_publication_loses_its_points_once(stage: Stage):
    """R35, R60, R61: the removal has a verdict of its own, and the first verdict is unchanged."""
    await stage.register()
    first = await stage.earn(REVIEW)
    await moderate(stage, "reviewPublished", reviewId="rv-1")
    await held_five_minutes(stage)
    assert await stage.balance() == (70, 0, 0)
    removed = await moderate(stage, "reviewRemoved", reviewId="rv-1")
    assert answer_of(removed) == ("REVERSED", "REVIEW_REMOVED", -20)
    assert removed["verdict"]["kind"] == "CLAWBACK"
    assert removed["verdict"]["id"] != first["verdict"]["id"]
    assert [entry["reverses"]["kind"] for entry in removed["verdict"]["entries"]] == ["REVIEW"]
    assert removed["member"]["balance"] == {"available": 50, "pending": 0, "debt": 0, "lifetime": 50}
    again = await moderate(stage, "reviewRemoved", reviewId="rv-1")
    assert again["verdict"]["id"] == removed["verdict"]["id"]
    published = await moderate(stage, "reviewPublished", reviewId="rv-1", productId="p-1")
    assert answer_of(published) == ("GRANTED", "GRANTED", 20)
    assert published["verdict"]["id"] == first["verdict"]["id"]
    await held_five_minutes(stage)
    assert (await stage.history())[0] == ("CLAWBACK", -20, 50)


async def test_a_review_removed_during_its_hold_is_never_credited(stage: Stage):
    """R35: the pending points are cancelled and nothing is debited."""
    await stage.register()
    await moderate(stage, "reviewPublished", reviewId="rv-1", productId="p-1")
    removed = await moderate(stage, "reviewRemoved", reviewId="rv-1")
    assert answer_of(removed) == ("REVERSED", "REVIEW_REMOVED", 0)
    await held_five_minutes(stage)
    assert await stage.balance() == (50, 0, 0)
    assert [kind for kind, _, _ in await stage.history()] == ["SIGN_UP"]


@pytest.mark.parametrize(("share", "points"), [(SHARE, 5), (LINK, 10)])
async def test_a_share_taken_down_loses_its_points_and_keeps_its_slot_in_the_month(
    stage: Stage, share: dict[str, Any], points: int
):
    """R35, worked example 5: the fourth is still refused."""
    await stage.register()
    verdicts = [(await stage.earn(share))["verdict"]["id"] for _ in range(3)]
    await held_five_minutes(stage)
    assert await stage.balance() == (50 + 3 * points, 0, 0)
    removed = await moderate(stage, "shareRemoved", verdictId=verdicts[1])
    assert answer_of(removed) == ("REVERSED", "SHARE_REMOVED", -points)
    again = await moderate(stage, "shareRemoved", verdictId=verdicts[1])
    assert again["verdict"]["id"] == removed["verdict"]["id"]
    assert (await stage.earn(share))["verdict"]["code"] == "CAP_REACHED"
    assert await stage.balance() == (50 + 2 * points, 0, 0)


async def test_a_refused_share_taken_down_has_nothing_to_lose(stage: Stage):
    """R35: the answer is the same verdict."""
    await stage.register()
    verdicts = [(await stage.earn(SHARE))["verdict"]["id"] for _ in range(4)]
    removed = await moderate(stage, "shareRemoved", verdictId=verdicts[3])
    assert answer_of(removed) == ("REFUSED", "CAP_REACHED", 0)
    assert removed["verdict"]["id"] == verdicts[3]


async def test_only_the_members_own_shares_can_be_taken_down(stage: Stage):
    """R35: a verdict of another kind or another member, or no verdict at all, is NotFound."""
    await stage.register()
    await stage.register("mi-2")
    review = (await stage.earn(REVIEW))["verdict"]["id"]
    share = (await stage.earn(SHARE, "mi-2"))["verdict"]["id"]
    for verdict_id in (review, share, "nonsense", ""):
        answer = await moderate(stage, "shareRemoved", verdictId=verdict_id)
        assert (answer["__typename"], answer["code"]) == ("NotFound", "NOT_FOUND")
    unknown = await moderate(stage, "reviewRemoved", "mi-9", reviewId="rv-1")
    assert (unknown["__typename"], unknown["code"]) == ("NotFound", "NOT_A_MEMBER")
    assert await stage.balance() == (0, 70, 0)
    assert await stage.balance("mi-2") == (0, 55, 0)


async def test_points_already_spent_become_debt(stage: Stage):
    """R35, R36: together with a campaign's points."""
    await stage.owner.execute(
        """insert into campaigns (campaign_id, name, markets, starts_at, ends_at, effect, kinds, bonus)
           values (gen_random_uuid(), 'Reviews', '{ES}', '2020-01-01', '2099-01-01', 'BONUS', '{REVIEW}', 430)"""
    )
    await stage.owner.execute("update programme_state set version = version + 1")
    await stage.register()
    published = await moderate(stage, "reviewPublished", reviewId="rv-1", productId="p-1")
    assert answer_of(published) == ("GRANTED", "GRANTED", 450)
    await held_five_minutes(stage)
    assert (await stage.redeem("es-5"))["__typename"] == "PointsRedeemed"
    removed = await moderate(stage, "reviewRemoved", reviewId="rv-1")
    assert answer_of(removed) == ("REVERSED", "REVIEW_REMOVED", -450)
    assert await stage.balance() == (0, 0, 450)
    assert (await stage.history())[0] == ("CLAWBACK", -450, 0)


async def test_a_product_with_an_orders_number_is_not_mistaken_for_the_order(stage: Stage):
    """R35, R32: taking a review's points back does not touch the order's points."""
    await stage.register()
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.delivered("ORD-1")
    await moderate(stage, "reviewPublished", reviewId="rv-1", productId="ORD-1")
    await held_five_minutes(stage)
    await moderate(stage, "reviewRemoved", reviewId="rv-1")
    order = await stage.app("mi-1", '{ order(number: "ORD-1") { pointsCredited } }')
    assert order == {"pointsCredited": 100}
    await stage.returned("ORD-1", "R-1")
    assert await stage.balance() == (50, 0, 0)


async def test_if_the_terms_require_it_an_operator_decides_whether_points_are_taken_back(stage: Stage):
    """R35: policy `operator`; until the decision the points stay, and the verdict shows the waiting clawback."""
    await taking_back_by_operators(stage)
    await stage.register()
    verdicts = [(await stage.earn(SHARE))["verdict"]["id"] for _ in range(2)]
    await held_five_minutes(stage)
    waits = [await moderate(stage, "shareRemoved", verdictId=each) for each in verdicts]
    assert [answer_of(each) for each in waits] == [("WAITING", "WAITING_FOR_OPERATOR", -5)] * 2
    assert waits[0]["verdict"]["pendingPoints"] is None
    again = await moderate(stage, "shareRemoved", verdictId=verdicts[0])
    assert again["verdict"]["id"] == waits[0]["verdict"]["id"]
    assert await stage.balance() == (60, 0, 0)
    approved = await decided(stage, waits[0]["verdict"]["id"], approve=True)
    declined = await decided(stage, waits[1]["verdict"]["id"], approve=False)
    assert answer_of(approved) == ("GRANTED", "GRANTED", -5)
    assert answer_of(declined) == ("REFUSED", "DECLINED", 0)
    assert declined["verdict"]["message"] == (
        "Our team decided not to take any points back for the removal of your share, so nothing changes."
    )
    assert approved["verdict"]["entries"][0]["reverses"]["kind"] == "SOCIAL_SHARE"
    assert await stage.balance() == (55, 0, 0)
    assert (await decided(stage, waits[0]["verdict"]["id"], approve=False))["verdict"] == approved["verdict"]


async def test_a_waiting_review_that_is_removed_is_refused_at_once_even_if_operators_decide(stage: Stage):
    """R35, R60."""
    await taking_back_by_operators(stage)
    await stage.register()
    await stage.earn(REVIEW)
    removed = await moderate(stage, "reviewRemoved", reviewId="rv-1")
    assert answer_of(removed) == ("REFUSED", "REVIEW_REMOVED", 0)


async def test_taking_back_by_an_operator_cancels_points_still_on_hold(stage: Stage):
    """R35."""
    await taking_back_by_operators(stage)
    await stage.register()
    share = (await stage.earn(SHARE))["verdict"]["id"]
    waits = await moderate(stage, "shareRemoved", verdictId=share)
    assert answer_of(waits) == ("WAITING", "WAITING_FOR_OPERATOR", -5)
    approved = await decided(stage, waits["verdict"]["id"], approve=True)
    assert answer_of(approved) == ("GRANTED", "GRANTED", 0)
    assert approved["verdict"]["message"] == (
        "5 pending points cancelled for the removal of your share after a check by our team."
    )
    await held_five_minutes(stage)
    assert await stage.balance() == (50, 0, 0)


async def test_a_suspended_members_moderation_is_stored_and_its_holds_pause(stage: Stage):
    """R5, R16."""
    await stage.register()
    await stage.earn(REVIEW)
    await held_five_minutes(stage)
    await stage.owner.execute("update members set state = 'SUSPENDED'")
    published = await moderate(stage, "reviewPublished", reviewId="rv-1")
    assert answer_of(published) == ("GRANTED", "GRANTED", 20)
    await held_five_minutes(stage)
    assert await stage.balance() == (50, 20, 0)
    await stage.owner.execute("update members set state = 'ACTIVE'")
    await stage.drain()
    assert await stage.balance() == (70, 0, 0)


async def test_only_storefronts_moderate(stage: Stage):
    await stage.register()
    variables = {"input": {"reviewPublished": {"miId": "mi-1", "reviewId": "r", "productId": "p"}}, "key": "k"}
    for token in (None, stage.token("mi-1"), stage.token(scope="operator"), stage.token(scope="auditor")):
        answer = (await stage.post(MODERATE, variables, token))["data"]["recordModeration"]
        assert answer["__typename"] == "NotAllowed"
    assert await stage.balance() == (0, 50, 0)


@pytest.mark.parametrize("policy", ["automatic", "operator"])
async def test_an_operators_clawback_waives_the_same_lapsed_points_as_an_automatic_one(stage: Stage, policy: str):
    """R35, R36: of 150 in one lot 140 were spent and 10 lapsed; 20 and then 80 are taken back, and the 10 are waived
    once."""
    if policy == "operator":
        await taking_back_by_operators(stage)
    await to(stage, first_of_month(local_day(await stage.now(), "Europe/Madrid"), 1) + timedelta(days=9))
    await stage.register()
    shares = [(await stage.earn({"linkShare": {"productId": f"p-{n}"}}))["verdict"]["id"] for n in range(2)]
    await stage.order("ORD-1", [("1", 1, 8_000)])
    await stage.delivered("ORD-1")
    await held_five_minutes(stage)
    await adjusted(stage, -140)
    await to(stage, first_of_month(local_day(await stage.now(), "Europe/Madrid"), 13))
    removed = [await moderate(stage, "shareRemoved", verdictId=each) for each in shares]
    if policy == "operator":
        removed = [await decided(stage, each["verdict"]["id"], approve=True) for each in removed]
    assert [each["verdict"]["points"] for each in removed] == [0, -10]
    assert await stage.balance() == (0, 0, 10)
    if policy == "operator":
        cause = "for the removal of your share after a check by our team"
        lapsed = f"No points taken back {cause}, because they had already lapsed."
        assert removed[0]["verdict"]["message"] == lapsed
        assert removed[1]["verdict"]["message"] == (
            f"10 points taken back {cause}; your debt grows by 10 points, and the next points you earn repay it first."
        )
    await stage.returned("ORD-1", "R-1")
    assert await stage.balance() == (0, 0, 90)


async def test_a_removal_reported_before_the_publication_stands(stage: Stage):
    """R16a: also for the submission from the app, and however often it is reported; the product's slot stays free."""
    await stage.register()
    removed = await moderate(stage, "reviewRemoved", reviewId="r-1", productId="p-1")
    assert answer_of(removed) == ("REFUSED", "REVIEW_REMOVED", 0)
    assert removed["verdict"]["message"] == "No points for your review, because it was removed."
    published = await moderate(stage, "reviewPublished", reviewId="r-1", productId="p-1")
    submitted = await stage.earn({"review": {"productId": "p-1", "reviewId": "r-1"}})
    again = await moderate(stage, "reviewRemoved", reviewId="r-1")
    for answer in (published, submitted, again):
        assert answer["verdict"]["id"] == removed["verdict"]["id"]
    other = await moderate(stage, "reviewPublished", reviewId="r-2", productId="p-1")
    assert answer_of(other) == ("GRANTED", "GRANTED", 20)


@pytest.mark.parametrize(("published", "removed", "is_granted"), [(2, 1, True), (1, 2, False)])
@pytest.mark.parametrize("is_removal_first", [True, False])
async def test_of_a_publication_and_a_removal_the_later_one_counts(
    stage: Stage, published: int, removed: int, is_granted: bool, is_removal_first: bool
):
    """R16a: by when they happened, in whichever order they are reported."""
    await stage.register()
    await stage.advance(minutes=10)
    before, start = (await stage.balance())[0], await stage.now() - timedelta(minutes=5)

    def at(minute: int) -> str:
        return (start + timedelta(minutes=minute)).isoformat()

    reports = [
        ("reviewPublished", {"productId": "p-1", "occurredAt": at(published)}),
        ("reviewRemoved", {"occurredAt": at(removed)}),
    ]
    for subject, report in reversed(reports) if is_removal_first else reports:
        assert (await moderate(stage, subject, reviewId="r-1", **report))["__typename"] == "PointsVerdict"
    await held_five_minutes(stage)
    assert await stage.balance() == (before + (20 if is_granted else 0), 0, 0)
