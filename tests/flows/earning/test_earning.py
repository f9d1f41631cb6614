"""Activities in the app (R11, R14-R19, R23, R30, R60, R61)."""

from datetime import timedelta

import pytest

from tests.support.stage import EARN, Stage

SHARE = {"socialShare": {"productId": "p-1"}}
LINK = {"linkShare": {"productId": "p-1", "url": "https://mi.com/p-1"}}
FUEL = {"fuel": {}}


async def test_the_first_sign_in_in_the_app_earns_fifty_points_once(stage: Stage):
    await stage.register()
    first = await stage.earn({"appSignIn": {"deviceId": "phone"}})
    second = await stage.earn({"appSignIn": {}})
    assert (first["verdict"]["outcome"], first["verdict"]["points"]) == ("GRANTED", 50)
    assert (second["verdict"]["outcome"], second["verdict"]["code"]) == ("REFUSED", "ALREADY_GRANTED")
    await stage.advance(minutes=5)
    assert await stage.balance() == (100, 0, 0)


async def test_three_shares_of_each_kind_a_month_and_the_fourth_names_the_day_the_cap_resets(stage: Stage):
    await stage.register()
    for activity, points in ((SHARE, 5), (LINK, 10)):
        for used in (1, 2, 3):
            verdict = (await stage.earn(activity))["verdict"]
            assert (verdict["outcome"], verdict["points"], verdict["cap"]["used"]) == (
                "GRANTED",
                points,
                used,
            )
        refused = (await stage.earn(activity))["verdict"]
        assert (refused["outcome"], refused["code"], refused["points"]) == ("REFUSED", "CAP_REACHED", 0)
        assert refused["cap"]["left"] == 0
        assert refused["cap"]["resetsAt"].endswith("T23:00:00Z")
    await stage.advance(minutes=5)
    assert await stage.balance() == (50 + 15 + 30, 0, 0)


async def test_a_week_of_fuel_is_sixty_four_points_in_eight_entries(stage: Stage):
    await stage.register()
    points = []
    for _ in range(8):
        points.append((await stage.earn(FUEL))["verdict"]["points"])
        await stage.advance(days=1)
    assert points == [2, 2, 2, 2, 2, 2, 52, 2]
    fuel = (await stage.app("mi-1", "{ me { fuel { dayInCycle streakDays collectedToday nextPoints } } }"))["fuel"]
    assert fuel == {"dayInCycle": 1, "streakDays": 8, "collectedToday": False, "nextPoints": 2}
    kinds = [kind for kind, _, _ in await stage.history()]
    assert kinds.count("FUEL") == 8
    assert kinds.count("FUEL_STREAK") == 1


async def test_fuel_is_collected_once_a_day(stage: Stage):
    await stage.register()
    await stage.earn(FUEL)
    refused = (await stage.earn(FUEL))["verdict"]
    assert (refused["outcome"], refused["code"]) == ("REFUSED", "ALREADY_COLLECTED_TODAY")


async def test_a_late_claim_closes_the_gap_and_brings_the_bonus(stage: Stage):
    await stage.register()
    points, missed_at = [], ""
    for day in range(7):
        if day == 5:
            missed_at = (await stage.now()).isoformat()
        else:
            points.append((await stage.earn(FUEL))["verdict"]["points"])
        if day < 6:
            await stage.advance(days=1)
    assert points == [2, 2, 2, 2, 2, 2]
    assert (await stage.earn(FUEL, at=missed_at))["verdict"]["points"] == 52


async def test_the_same_key_gets_the_same_verdict_and_another_input_a_mismatch(stage: Stage):
    await stage.register()
    first = await stage.earn(SHARE, key="k")
    again = await stage.earn(SHARE, key="k")
    other = await stage.earn(LINK, key="k")
    assert again["verdict"]["id"] == first["verdict"]["id"]
    assert other["__typename"] == "IdempotencyMismatch"
    assert await stage.balance() == (0, 55, 0)


async def test_each_caller_has_its_own_keys(stage: Stage):
    await stage.register("mi-1")
    await stage.register("mi-2")
    first = await stage.earn(SHARE, "mi-1", key="k")
    second = await stage.earn(SHARE, "mi-2", key="k")
    assert first["verdict"]["id"] != second["verdict"]["id"]


@pytest.mark.parametrize(
    ("at", "code"),
    [("2099-01-01T00:00:00Z", "OCCURRED_IN_FUTURE"), ("2020-01-01T00:00:00Z", "OCCURRED_TOO_LONG_AGO")],
)
async def test_an_activity_from_the_future_or_long_ago_is_refused_and_leaves_its_key_free(
    stage: Stage, at: str, code: str
):
    await stage.register()
    refused = await stage.earn(FUEL, key="k", at=at)
    assert (refused["__typename"], refused["code"], refused["path"]) == (
        "InvalidInput",
        code,
        ["input", "occurredAt"],
    )
    granted = await stage.earn(FUEL, key="k")
    assert granted["verdict"]["outcome"] == "GRANTED"


async def test_activities_queued_offline_count_for_their_own_day(stage: Stage):
    await stage.register()
    await stage.advance(days=2)
    now = await stage.now()
    for days_ago in (2, 1, 0):
        claimed = await stage.earn(FUEL, at=(now - timedelta(days=days_ago)).isoformat())
        assert claimed["verdict"]["outcome"] == "GRANTED"
    fuel = (await stage.app("mi-1", "{ me { fuel { streakDays } } }"))["fuel"]
    assert fuel["streakDays"] == 3


async def test_a_person_who_has_not_joined_is_refused_as_not_a_member(stage: Stage):
    answer = await stage.earn(FUEL, "mi-unknown")
    assert (answer["__typename"], answer["code"]) == ("NotFound", "NOT_A_MEMBER")
    assert await stage.app("mi-unknown", "{ me { id } }") is None


async def test_a_review_waits_for_its_publication_and_the_same_review_gets_the_same_verdict(stage: Stage):
    await stage.register()
    review = {"review": {"productId": "p-1", "reviewId": "rv-1"}}
    first = (await stage.earn(review))["verdict"]
    assert (first["outcome"], first["code"]) == ("WAITING", "WAITING_FOR_PUBLICATION")
    assert first["pendingPoints"] == {"points": 20, "dueAt": None, "awaiting": "PUBLICATION"}
    assert (await stage.earn(review))["verdict"]["id"] == first["id"]
    second = (await stage.earn({"review": {"productId": "p-1", "reviewId": "rv-2"}}))["verdict"]
    assert (second["outcome"], second["code"]) == ("REFUSED", "ALREADY_REVIEWED")


async def test_a_review_and_a_product_with_the_same_number_are_different_events(stage: Stage):
    await stage.register()
    first = (await stage.earn({"review": {"productId": "1", "reviewId": "777"}}))["verdict"]
    second = (await stage.earn({"review": {"productId": "777", "reviewId": "1"}}))["verdict"]
    assert first["outcome"] == second["outcome"] == "WAITING"
    assert first["id"] != second["id"]


async def test_gb_offers_no_social_share_since_june_2025(stage: Stage):
    await stage.register("mi-gb", "GB")
    verdict = (await stage.earn(SHARE, "mi-gb"))["verdict"]
    assert (verdict["outcome"], verdict["code"]) == ("REFUSED", "NOT_OFFERED")
    assert (await stage.earn(LINK, "mi-gb"))["verdict"]["points"] == 10


async def test_a_suspended_member_earns_nothing_and_its_holds_pause(stage: Stage):
    await stage.register()
    await stage.owner.execute("update members set state = 'SUSPENDED'")
    refused = await stage.earn(FUEL)
    assert (refused["__typename"], refused["code"]) == ("MemberNotActive", "MEMBER_SUSPENDED")
    await stage.advance(minutes=10)
    assert await stage.balance() == (0, 50, 0)


async def test_storefronts_and_unauthenticated_clients_cannot_earn(stage: Stage):
    await stage.register()
    variables = {"input": {"activity": FUEL}, "key": "k"}
    for token in (None, stage.token(scope="storefront"), stage.token(scope="operator"), "nonsense"):
        data = (await stage.post(EARN, variables, token))["data"]
        assert data["earnPoints"]["__typename"] == "NotAllowed"
    assert await stage.balance() == (0, 50, 0)


async def test_the_latest_activity_that_terms_may_accept_is_judged_with_the_activities_before_it(stage: Stage):
    """R19, R23: 18 days back, the first day is claimed once, and the day after it makes a streak of two."""
    await stage.owner.execute("update terms set document = jsonb_set(document, '{late_hours}', '432')")
    await stage.owner.execute("update programme_state set version = version + 1")
    await stage.register()
    await stage.advance(days=30)
    first = await stage.now() - timedelta(days=18) + timedelta(minutes=1)
    for outcome in ("GRANTED", "ALREADY_COLLECTED_TODAY"):
        assert (await stage.earn({"fuel": {}}, at=first.isoformat()))["verdict"]["code"] == outcome
    await stage.advance(hours=23)
    await stage.earn({"fuel": {}}, at=(first + timedelta(days=1)).isoformat())
    assert await stage.owner.fetchval("select max(streak) from fuel_days") == 2
    too_late = await stage.earn({"fuel": {}}, at=first.isoformat())
    assert too_late["code"] == "OCCURRED_TOO_LONG_AGO"
