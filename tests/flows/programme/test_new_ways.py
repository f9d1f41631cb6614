"""A way to earn that only a terms file defines: earned, capped, shown and described without new code (R22)."""

from typing import Any

import pytest

from loyalty.operators.load_campaigns import load_campaigns
from tests.support.stage import Stage
from tests.support.verdict_calls import answer_of

ACTIONS = {
    "de": "Sieh dir ein Video an",
    "en": "Watch a video",
    "es": "Mira un vídeo",
    "fr": "Regarde une vidéo",
    "it": "Guarda un video",
    "nl": "Bekijk een video",
}
WATCH = {"points": 3, "cap_limit": 2, "cap_period": "DAY", "hold_seconds": 0, "actions": ACTIONS}
BROWSE = {"points": 1, "cap_limit": 1, "cap_period": "PER_PRODUCT"}
FILE = {
    "windows": [{"markets": ["ES"], "first_day": "2020-01-01", "last_day": "2099-01-01"}],
    "campaigns": [
        {"id": "videos", "name": "Videos", "effect": "MULTIPLY", "factor": 2, "kinds": ["WATCH_VIDEO"]},
    ],
}
WAYS = "ways { kind way points capLimit capPeriod description }"
HISTORY = "pointsHistory(first: 9, kinds: [OTHER]) { nodes { kind way points description } }"


async def offers(stage: Stage, **ways: dict[str, Any]) -> None:
    """Adds these ways to Spain's terms."""
    await stage.owner.execute(
        "update terms set document = jsonb_set(document, '{ways}', document -> 'ways' || $1::jsonb) "
        "where market = 'ES'",
        ways,
    )
    await stage.owner.execute("update programme_state set version = version + 1")


async def watches(stage: Stage, mi_id: str = "mi-1", **more: str) -> dict[str, Any]:
    return await stage.earn({"other": {"way": "WATCH_VIDEO"} | more}, mi_id)


async def test_a_way_that_only_the_terms_define_is_earned_capped_and_shown(stage: Stage):
    await offers(stage, WATCH_VIDEO=WATCH)
    await stage.register()
    await stage.advance(minutes=5)
    for used in (1, 2):
        earned = (await watches(stage))["verdict"]
        assert (earned["outcome"], earned["kind"], earned["points"]) == ("GRANTED", "OTHER", 3)
        assert (earned["cap"]["used"], earned["cap"]["left"]) == (used, 2 - used)
    assert answer_of(await watches(stage)) == ("REFUSED", "CAP_REACHED", 0)
    await stage.drain()
    assert await stage.balance() == (56, 0, 0)
    me = await stage.app("mi-1", f"{{ me {{ {HISTORY} verdicts(first: 1) {{ nodes {{ kind way }} }} }} }}")
    line = {"kind": "OTHER", "way": "WATCH_VIDEO", "points": 3, "description": "3 points for this activity."}
    assert me["pointsHistory"]["nodes"] == [line, line]
    assert me["verdicts"]["nodes"] == [{"kind": "OTHER", "way": "WATCH_VIDEO"}]
    await stage.advance(days=1)
    assert (await watches(stage))["verdict"]["outcome"] == "GRANTED"


async def test_terms_and_ways_to_earn_describe_the_action_in_the_members_language(stage: Stage):
    await offers(stage, WATCH_VIDEO=WATCH, BROWSE_PAGE=BROWSE)
    await stage.register()
    query = f'{{ terms(market: "ES") {{ {WAYS} }} }}'
    answer = await stage.http.post("/graphql", json={"query": query}, headers={"accept-language": "es"})
    ways = {each["way"]: each for each in answer.json()["data"]["terms"]["ways"] if each["kind"] == "OTHER"}
    assert ways["WATCH_VIDEO"] == {
        "kind": "OTHER", "way": "WATCH_VIDEO", "points": 3, "capLimit": 2, "capPeriod": "DAY",
        "description": "Mira un vídeo: 3 puntos, hasta 2 veces al día.",
    }  # fmt: skip
    assert ways["BROWSE_PAGE"]["description"].startswith("Participa")
    me = await stage.app("mi-1", "{ me { waysToEarn { kind way points cap { left } } } }")
    assert {"kind": "OTHER", "way": "WATCH_VIDEO", "points": 3, "cap": {"left": 2}} in me["waysToEarn"]
    assert {"kind": "FUEL", "way": None} in [{name: way[name] for name in ("kind", "way")} for way in me["waysToEarn"]]


async def test_a_way_that_is_capped_once_a_product_needs_the_product(stage: Stage):
    await offers(stage, BROWSE_PAGE=BROWSE)
    await stage.register()
    page = {"other": {"way": "BROWSE_PAGE"}}
    unnamed = await stage.earn(page)
    assert (unnamed["code"], unnamed["path"]) == ("INVALID_INPUT", ["input", "activity", "other", "productId"])
    for product, code in (("p-1", "GRANTED"), ("p-1", "ALREADY_GRANTED"), ("p-2", "GRANTED")):
        assert (await stage.earn({"other": page["other"] | {"productId": product}}))["verdict"]["code"] == code
    pending = await stage.app("mi-1", "{ me { pendingPoints { nodes { kind way reference } } } }")
    assert {"kind": "OTHER", "way": "BROWSE_PAGE", "reference": "p-2"} in pending["pendingPoints"]["nodes"]


async def test_a_way_that_the_members_terms_do_not_have_is_not_offered(stage: Stage):
    """R22: another market's members get a refusal, not an error."""
    await offers(stage, WATCH_VIDEO=WATCH)
    await stage.register(market="FR")
    assert answer_of(await watches(stage)) == ("REFUSED", "NOT_OFFERED", 0)


@pytest.mark.parametrize("way", ["", "watch", "SIGN_UP", "REVIEW", "PURCHASE", "ADJUSTMENT", "OTHER", "A" * 41])
async def test_the_schemas_own_kinds_cannot_be_sent_as_other(stage: Stage, way: str):
    await stage.register()
    refused = await stage.earn({"other": {"way": way}})
    assert (refused["code"], refused["path"]) == ("INVALID_INPUT", ["input", "activity", "other", "way"])


async def test_a_campaign_file_multiplies_a_way_that_only_the_terms_define(stage: Stage):
    """R21, R22."""
    await offers(stage, WATCH_VIDEO=WATCH)
    await load_campaigns(stage.programme.db, FILE, "test")
    await stage.register()
    assert (await watches(stage))["verdict"]["points"] == 6
    found = await stage.ask('{ campaigns(market: "ES") { kinds } }')
    assert found["campaigns"] == [{"kinds": ["OTHER"]}]
