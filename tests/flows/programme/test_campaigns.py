"""Campaigns through HTTP (R21): an operator makes and ends them; the moment of the event decides."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest

from api.ids import GlobalId
from db import clock
from loyalty.operators.load_campaigns import CampaignDiffers, load_campaigns
from loyalty.programme.files import shipped_campaign
from loyalty.programme.programme import Programme
from tests.support.stage import Stage

CREATE = """mutation($input: CampaignInput!, $key: ID!) {
  createCampaign(input: $input, idempotencyKey: $key) {
    __typename
    ... on CampaignSaved { campaign {
      id name markets startsAt endsAt effect kinds factor bonus productIds } }
    ... on Refusal { code message } ... on InvalidInput { path }
  } }"""
END = """mutation($id: ID!, $key: ID!) {
  endCampaign(id: $id, idempotencyKey: $key) {
    __typename ... on CampaignSaved { campaign { id startsAt endsAt } } ... on Refusal { code message }
  } }"""
DOUBLE = {
    "name": "Double points",
    "markets": ["ES"],
    "effect": "MULTIPLY",
    "kinds": ["PURCHASE"],
    "factor": 2,
}
DAY = timedelta(days=1)


async def operator(stage: Stage, query: str, *, name: str = "olga", **variables: Any) -> dict[str, Any]:
    data = await stage.ask(query, variables, stage.token(scope="operator", name=name))
    return next(iter(data.values()))


async def campaign_input(stage: Stage, start: timedelta = -DAY, end: timedelta = DAY, **more: Any) -> dict[str, Any]:
    """The input of a campaign around the programme's moment."""
    now = await stage.now()
    return DOUBLE | {"startsAt": (now + start).isoformat(), "endsAt": (now + end).isoformat()} | more


async def create(stage: Stage, start: timedelta = -DAY, end: timedelta = DAY, **more: Any) -> dict[str, Any]:
    input_ = await campaign_input(stage, start, end, **more)
    return await operator(stage, CREATE, input=input_, key=str(uuid4()))


async def end(stage: Stage, campaign_id: str, key: str | None = None) -> dict[str, Any]:
    return await operator(stage, END, id=campaign_id, key=key or str(uuid4()))


async def names(stage: Stage, market: str = "ES") -> list[str]:
    found = await stage.ask("query($m: Market!) { campaigns(market: $m) { name } }", {"m": market})
    return [each["name"] for each in found["campaigns"]]


async def joined(stage: Stage) -> None:
    """Makes a member whose sign-up points have been credited: 50 available."""
    await stage.register()
    await stage.advance(minutes=5)


async def test_a_campaign_is_made_and_shown_and_counts_from_its_first_moment(stage: Stage):
    await joined(stage)
    assert await names(stage) == []
    made = await create(stage)
    assert made["__typename"] == "CampaignSaved"
    campaign = made["campaign"]
    assert (campaign["factor"], campaign["bonus"], campaign["kinds"]) == (2.0, None, ["PURCHASE"])
    assert (await names(stage), await names(stage, "FR")) == (["Double points"], [])
    await stage.order("ORD-1", [("1", 1, 10000)])
    await stage.delivered("ORD-1")
    assert await stage.balance() == (250, 0, 0)
    me = await stage.app("mi-1", "{ me { verdicts { nodes { kind campaigns { name } } } } }")
    assert me["verdicts"]["nodes"][0] == {"kind": "PURCHASE", "campaigns": [{"name": "Double points"}]}
    lines = [(kind, points) for kind, points, _ in await stage.history()]
    assert lines == [("PURCHASE", 100), ("CAMPAIGN_BONUS", 100), ("SIGN_UP", 50)]


async def test_the_same_key_makes_one_campaign_and_another_input_is_a_mismatch(stage: Stage):
    input_ = await campaign_input(stage)
    first = await operator(stage, CREATE, input=input_, key="k")
    again = await operator(stage, CREATE, input=input_, key="k")
    assert again == first
    other = await operator(stage, CREATE, input=input_ | {"factor": 3}, key="k")
    assert other["__typename"] == "IdempotencyMismatch"
    another_caller = await operator(stage, CREATE, input=input_ | {"factor": 3}, key="k", name="otto")
    assert another_caller["__typename"] == "CampaignSaved"
    assert await stage.owner.fetchval("select count(*) from campaigns") == 2


@pytest.mark.parametrize(
    ("more", "path"),
    [
        ({"name": ""}, ["name"]),
        ({"name": "  "}, ["name"]),
        ({"markets": []}, ["markets"]),
        ({"markets": ["ES", "BE"]}, ["markets", "1"]),
        ({"endsAt": "2020-01-01T00:00:00Z"}, ["endsAt"]),
        ({"kinds": []}, ["kinds"]),
        ({"kinds": ["PURCHASE", "LAPSE"]}, ["kinds", "1"]),
        ({"kinds": ["CAMPAIGN_BONUS"]}, ["kinds", "0"]),
        ({"factor": None}, ["factor"]),
        ({"factor": 1}, ["factor"]),
        ({"factor": 0.5}, ["factor"]),
        ({"factor": -2}, ["factor"]),
        ({"factor": 1.005}, ["factor"]),
        ({"factor": 1e300}, ["factor"]),
        ({"bonus": 100}, ["bonus"]),
        ({"effect": "BONUS"}, ["bonus"]),
        ({"effect": "BONUS", "bonus": 10}, ["factor"]),
        ({"effect": "BONUS", "bonus": 0, "factor": None}, ["bonus"]),
        ({"effect": "BONUS", "bonus": -5, "factor": None}, ["bonus"]),
        ({"productIds": ["p", ""]}, ["productIds", "1"]),
    ],
)
async def test_a_fault_in_a_campaign_is_named_and_leaves_nothing(stage: Stage, more: dict, path: list):
    refused = await create(stage, **more)
    assert (refused["__typename"], refused["code"]) == ("InvalidInput", "INVALID_INPUT")
    assert refused["path"] == ["input", *path]
    assert await stage.owner.fetchval("select count(*) from campaigns") == 0
    assert await stage.owner.fetchval("select count(*) from operator_log") == 0
    assert await stage.owner.fetchval("select count(*) from requests") == 0


@pytest.mark.parametrize(
    ("more", "factor", "bonus"),
    [
        ({"factor": 1.01}, 1.01, None),
        ({"factor": 2.5, "productIds": None}, 2.5, None),
        ({"factor": 100, "kinds": ["PURCHASE", "PURCHASE"], "markets": ["ES", "ES"]}, 100.0, None),
        ({"effect": "BONUS", "bonus": 1, "factor": None}, None, 1),
    ],
)
async def test_a_valid_campaign_is_accepted(stage: Stage, more: dict, factor: float | None, bonus: int | None):
    made = await create(stage, **more)
    campaign = made["campaign"]
    assert (campaign["factor"], campaign["bonus"], campaign["productIds"]) == (factor, bonus, [])
    assert (campaign["markets"], campaign["kinds"]) == (["ES"], ["PURCHASE"])


@pytest.mark.parametrize("scope", ["storefront", "auditor", None])
async def test_only_operators_make_campaigns(stage: Stage, scope: str | None):
    token = stage.token(scope=scope, name="x") if scope else stage.token("mi-1")
    variables = {"input": await campaign_input(stage), "key": "k"}
    assert (await stage.ask(CREATE, variables, token))["createCampaign"]["__typename"] == "NotAllowed"
    assert (await stage.ask(CREATE, variables))["createCampaign"]["__typename"] == "NotAllowed"
    ended = await stage.ask(END, {"id": "x", "key": "k"}, token)
    assert ended["endCampaign"]["__typename"] == "NotAllowed"


async def test_a_campaign_that_is_ended_stops_now_and_its_points_stay(stage: Stage):
    await joined(stage)
    made = await create(stage, end=30 * DAY)
    await stage.order("ORD-1", [("1", 1, 10000)])
    now = await stage.now()
    await stage.order("ORD-AHEAD", [("1", 1, 10000)], placedAt=(now + timedelta(seconds=50)).isoformat())
    ended = await end(stage, made["campaign"]["id"])
    assert now <= datetime.fromisoformat(ended["campaign"]["endsAt"]) <= await stage.now()
    assert await names(stage) == []
    await stage.order("ORD-2", [("1", 1, 10000)])
    await stage.order("ORD-LATE", [("1", 1, 10000)], placedAt=now.isoformat())
    assert await stage.balance() == (50, 700, 0)
    for number in ("ORD-1", "ORD-AHEAD", "ORD-2", "ORD-LATE"):
        await stage.delivered(number)
    assert await stage.balance() == (750, 0, 0)
    await stage.returned("ORD-1", "R1")
    await stage.returned("ORD-AHEAD", "R2")
    assert await stage.balance() == (350, 0, 0)


async def test_ending_a_campaign_again_or_after_its_end_changes_nothing(stage: Stage):
    made = await create(stage)
    first = await end(stage, made["campaign"]["id"], "k")
    await stage.advance(hours=1)
    assert await end(stage, made["campaign"]["id"], "k") == first
    assert (await end(stage, made["campaign"]["id"]))["campaign"] == first["campaign"]
    past = await create(stage, -3 * DAY, -2 * DAY)
    over = await end(stage, past["campaign"]["id"])
    assert over["campaign"]["endsAt"] == past["campaign"]["endsAt"]
    assert await stage.owner.fetchval("select count(*) from operator_log where action = 'endCampaign'") == 1


async def test_an_announced_campaign_that_is_ended_never_runs(stage: Stage):
    await joined(stage)
    made = await create(stage, DAY, 3 * DAY)
    assert await names(stage) == ["Double points"]
    assert (await end(stage, made["campaign"]["id"]))["__typename"] == "CampaignSaved"
    assert await names(stage) == []
    await stage.advance(days=2)
    await stage.order("ORD-1", [("1", 1, 10000)])
    assert await stage.balance() == (50, 100, 0)


@pytest.mark.parametrize(
    "wrong", ["", "nonsense", str(GlobalId("Reward", local="es-5")), str(GlobalId("Campaign", local=str(UUID(int=1))))]
)
async def test_an_unknown_campaign_is_not_found(stage: Stage, wrong: str):
    assert (await end(stage, wrong))["__typename"] == "NotFound"


async def test_the_operators_log_has_who_made_and_ended_each_campaign(stage: Stage):
    made = await create(stage, name="Doppelte Punkte")
    await end(stage, made["campaign"]["id"])
    rows = await stage.owner.fetch("select actor, action, member_id, before, after from operator_log order by done_at")
    assert [(row["actor"], row["action"], row["member_id"]) for row in rows] == [
        ("olga", "createCampaign", None),
        ("olga", "endCampaign", None),
    ]
    assert (rows[0]["before"], rows[0]["after"]["name"]) == (None, "Doppelte Punkte")
    assert rows[1]["before"] == rows[0]["after"]
    assert rows[1]["after"]["ends_at"] < rows[1]["before"]["ends_at"]


async def test_every_process_sees_a_new_campaign_at_once(stage: Stage):
    other_process = Programme.of(stage.programme.db, stage.settings)
    assert (await other_process.catalogue()).campaigns == ()
    await create(stage)
    assert [each.name for each in (await other_process.catalogue()).campaigns] == ["Double points"]


MEMBERS_WEEK = [
    ("2022-09-20T21:59:59Z", 50, 50, 100),
    ("2022-09-20T22:00:00Z", 150, 150, 200),
    ("2022-09-25T21:59:59Z", 150, 150, 200),
    ("2022-09-25T22:00:00Z", 50, 50, 100),
]


@pytest.mark.parametrize(("moment", "sign_up", "app", "purchase"), MEMBERS_WEEK)
async def test_members_week_2022_begins_and_ends_at_spains_midnights(
    stage: Stage, moment: str, sign_up: int, app: int, purchase: int
):
    """R21: a programme whose clock starts in 2022 (MIPOINTS_CLOCK_START) applies it, to the second."""
    await clock.start_at(stage.owner, datetime.fromisoformat(moment) + timedelta(hours=1))
    await load_campaigns(stage.programme.db, shipped_campaign("members_week_2022"), "test")
    joined_then = await stage.register(registeredAt=moment)
    assert joined_then["verdict"]["points"] == sign_up
    signed_in = await stage.earn({"appSignIn": {}}, at=moment)
    assert signed_in["verdict"]["points"] == app
    ordered = await stage.order("ORD-1", [("1", 1, 10000)], placedAt=moment)
    assert ordered["verdict"]["points"] == purchase
    await stage.advance(minutes=5)
    await stage.delivered("ORD-1")
    assert await stage.balance() == (sign_up + app + purchase, 0, 0)


async def test_a_file_loaded_twice_is_loaded_once_and_other_content_is_refused(stage: Stage):
    db = stage.programme.db
    first = await load_campaigns(db, shipped_campaign("members_week_2022"), "olga")
    again = await load_campaigns(db, shipped_campaign("members_week_2022"), "olga")
    assert [is_new for _, is_new in first] == [True] * 6
    assert [is_new for _, is_new in again] == [False] * 6
    changed = shipped_campaign("members_week_2022")
    changed["campaigns"][0]["bonus"] = 500
    with pytest.raises(CampaignDiffers, match="members-week-2022-sign-up"):
        await load_campaigns(db, changed, "olga")
    assert await stage.owner.fetchval("select count(*) from campaigns") == 6
    assert await stage.owner.fetchval("select count(*) from operator_log where action = 'loadCampaign'") == 6


async def test_one_of_two_campaigns_on_a_line_wins_alone_and_bonuses_add_up(stage: Stage):
    """R21: 3 beats 2 for the phone, 2 applies to the case; each bonus is added once and ends with its last piece."""
    await joined(stage)
    await create(stage, name="Double", factor=2)
    await create(stage, name="Triple", factor=3, productIds=["p-phone"])
    bonus = {"effect": "BONUS", "factor": None}
    await create(stage, name="Ten", bonus=10, **bonus)
    await create(stage, name="Seven", bonus=7, productIds=["p-case"], **bonus)
    ordered = await stage.order("ORD-1", [("phone", 1, 10_000), ("case", 1, 1_000)])
    assert ordered["verdict"]["points"] == 110 + (200 + 10) + 10 + 7
    shown = await stage.storefront('{ order(number: "ORD-1") { lines { factor } } }')
    assert [each["factor"] for each in shown["lines"]] == [3.0, 2.0]
    await stage.delivered("ORD-1")
    assert await stage.balance() == (387, 0, 0)
    await stage.returned("ORD-1", "R1", lines=[{"line_id": "case", "quantity": 1}])
    assert await stage.balance() == (50 + 100 + 200 + 10, 0, 0)
    await stage.returned("ORD-1", "R2", lines=[{"line_id": "phone", "quantity": 1}])
    assert await stage.balance() == (50, 0, 0)


async def test_a_campaign_on_activities_is_on_the_verdict_and_a_line_of_its_own(stage: Stage):
    await joined(stage)
    await create(stage, name="Share more", kinds=["SOCIAL_SHARE", "FUEL"], factor=2.5)
    await create(stage, name="Thanks", kinds=["SOCIAL_SHARE"], effect="BONUS", factor=None, bonus=4)
    shared = await stage.earn({"socialShare": {"productId": "p"}})
    assert shared["verdict"]["points"] == 5 + 8 + 4
    assert "Share more" in shared["verdict"]["message"]
    fuel = await stage.earn({"fuel": {}})
    assert fuel["verdict"]["points"] == 2 + 3
    await stage.advance(minutes=5)
    lines = [(kind, points) for kind, points, _ in await stage.history()]
    assert sorted(lines) == [
        ("CAMPAIGN_BONUS", 3), ("CAMPAIGN_BONUS", 4), ("CAMPAIGN_BONUS", 8),
        ("FUEL", 2), ("SIGN_UP", 50), ("SOCIAL_SHARE", 5),
    ]  # fmt: skip


async def test_an_activity_sent_late_gets_the_campaign_of_its_own_moment(stage: Stage):
    """R21, R23: a window in the past counts for activities of that time."""
    await stage.register(registeredAt=(await stage.now() - 10 * DAY).isoformat())
    made = await create(stage, -2 * DAY, -DAY, kinds=["LINK_SHARE"])
    assert made["__typename"] == "CampaignSaved"
    now = await stage.now()
    inside = await stage.earn({"linkShare": {"productId": "p"}}, at=(now - 1.5 * DAY).isoformat())
    after = await stage.earn({"linkShare": {"productId": "p"}}, at=(now - 0.5 * DAY).isoformat())
    assert (inside["verdict"]["points"], after["verdict"]["points"]) == (20, 10)


async def test_the_points_of_a_way_include_running_campaigns(stage: Stage):
    await joined(stage)
    await create(stage, kinds=["REVIEW", "PURCHASE"], factor=3)
    me = await stage.app("mi-1", "{ me { waysToEarn { kind points } } }")
    points = {each["kind"]: each["points"] for each in me["waysToEarn"]}
    assert (points["REVIEW"], points["PURCHASE"], points["SOCIAL_SHARE"]) == (60, 3, 5)


async def test_a_campaign_has_its_name_in_the_persons_language(stage: Stage):
    """R21: where the data has one; in the list, in a verdict and in its sentence."""
    await load_campaigns(stage.programme.db, shipped_campaign("members_week_2022"), "test")
    await stage.register(registeredAt="2022-09-22T10:00:00Z")
    query = "{ me { verdicts(first: 1) { nodes { message campaigns { name } } } } }"
    named = {}
    for language in ("es", "en"):
        headers = {"authorization": f"Bearer {stage.token('mi-1')}", "accept-language": language}
        answer = (await stage.http.post("/graphql", json={"query": query}, headers=headers)).json()
        (verdict,) = answer["data"]["me"]["verdicts"]["nodes"]
        (campaign,) = verdict["campaigns"]
        assert campaign["name"] in verdict["message"]
        named[language] = campaign["name"]
    assert named == {
        "es": "Semana de los miembros 2022: registro", "en": "Members' Week 2022: sign up",
    }  # fmt: skip
