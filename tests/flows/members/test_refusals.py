"""Refusals can be seen afterwards, by the member and by support, and support reads why (R62)."""

from datetime import timedelta
from typing import Any

import pytest

from tests.cli.commands import mipoints
from tests.support.checkout import cart, commit, create_reward, reserve, with_coupon
from tests.support.processes import environment
from tests.support.stage import Stage

REFUSALS = """{ refusals(first: 10) {
  nodes { code message refusedAt operation rewardId couponCode orderNumber } pageInfo { hasNextPage endCursor } } }"""
OF_ME = f"{{ me {REFUSALS} }}"
OF_MEMBER = f'{{ member(miId: "mi-1") {REFUSALS} }}'
WHY = """query($id: ID!, $order: String, $coupon: String) {
  why(miId: $id, orderNumber: $order, couponCode: $coupon) { at source sentence } }"""


async def why(stage: Stage, mi_id: str = "mi-1", **about: str) -> list[tuple[str, str]] | None:
    """Returns the sources and sentences that an auditor reads."""
    answer = await stage.ask(WHY, {"id": mi_id, **about}, stage.token(scope="auditor", name="aud-1"))
    return answer["why"] and [(each["source"], each["sentence"]) for each in answer["why"]]


async def test_a_member_sees_every_refusal_with_its_code_sentence_moment_and_subject(stage: Stage):
    """R62: redeeming and checkout; the same key is one refusal."""
    code = await with_coupon(stage)
    for _ in range(2):
        assert (await stage.redeem("es-50", key="r-1"))["__typename"] == "PointsRedeemed"
    tomorrow = (await stage.now() + timedelta(days=1)).isoformat()
    reward = {"rewardId": (await create_reward(stage, availableFrom=tomorrow))["reward"]["id"]}
    redeem = """mutation($input: RedeemPointsInput!, $key: ID!) {
      redeemPoints(input: $input, idempotencyKey: $key) { ... on Refusal { code } } }"""
    for _ in range(2):
        assert (await stage.app("mi-1", redeem, input=reward, key="r-2"))["code"] == "REWARD_NOT_STARTED"
    await reserve(stage, code, cart("ORD-1"))
    await commit(stage, code, "ORD-1")
    assert (await reserve(stage, code, cart("ORD-2")))["code"] == "COUPON_USED"
    me = await stage.app("mi-1", OF_ME)
    first, second = me["refusals"]["nodes"]
    assert first == {
        "code": "COUPON_USED",
        "message": "This coupon has already been used.",
        "refusedAt": first["refusedAt"],
        "operation": "reserveCoupon",
        "rewardId": None,
        "couponCode": code,
        "orderNumber": "ORD-2",
    }
    assert (second["code"], second["operation"], second["rewardId"]) == (
        "REWARD_NOT_STARTED",
        "redeemPoints",
        reward["rewardId"],
    )
    assert me["refusals"]["pageInfo"]["hasNextPage"] is False
    for scope in ("operator", "auditor"):
        seen = await stage.ask(OF_MEMBER, token=stage.token(scope=scope, name="o"))
        assert seen["member"]["refusals"]["nodes"] == [first, second]
    answer = await stage.post(OF_MEMBER, token=stage.token(scope="storefront", name="shop"))
    assert answer["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert answer["data"]["member"]["refusals"] is None


async def test_a_person_refused_at_joining_is_known_by_a_hash_and_sees_it_after_joining(stage: Stage):
    """R3, R62: nothing else of the person is stored; support finds it by the account, and not under another one."""
    refused = await stage.register("mi-1", birthDate="2015-01-01")
    assert refused["code"] == "UNDER_AGE"
    stored = await stage.owner.fetchval("select answer::text from requests where answer ->> 'code' = 'UNDER_AGE'")
    assert "mi-1" not in stored
    assert "2015" not in stored
    assert await why(stage) == [
        ("REFUSAL", "registerMember was refused, UNDER_AGE: You are not old enough to join Mi Points yet.")
    ]
    assert await why(stage, "mi-2") is None
    await stage.register("mi-1")
    nodes = (await stage.app("mi-1", OF_ME))["refusals"]["nodes"]
    assert [(node["code"], node["operation"]) for node in nodes] == [("UNDER_AGE", "registerMember")]


async def test_refusals_of_older_releases_stay_readable(stage: Stage):
    """They were stored without what was asked."""
    await stage.register()
    await stage.redeem()
    await stage.owner.execute("update requests set answer = answer - 'request' where answer ? 'code'")
    (node,) = (await stage.app("mi-1", OF_ME))["refusals"]["nodes"]
    assert (node["code"], node["operation"], node["rewardId"]) == ("NOT_ENOUGH_POINTS", None, None)
    assert ("REFUSAL", f"A request was refused, NOT_ENOUGH_POINTS: {node['message']}") in (await why(stage) or [])


async def test_support_reads_why_in_sentences(stage: Stage, database_url: str):
    """R62: verdicts, refusals, waits, kept facts, parked webhooks, coupons; by member, by order and by coupon."""
    code = await with_coupon(stage)
    await stage.order("ORD-1", [("1", 2, 20_00)], parcels={"T-1": {"1": 1}, "T-2": {"1": 1}})
    await stage.delivered("ORD-1", "T-1", occurred_at="2026-11-03T11:00:00Z")
    await stage.delivered("ORD-9")
    suspend = """mutation { setMemberState(
      miId: "mi-1", state: SUSPENDED, reason: "asked by phone", idempotencyKey: "s") { __typename } }"""
    await stage.ask(suspend, token=stage.token(scope="operator", name="op-1"))
    await stage.delivered("ORD-1", "T-2")
    await stage.redeem()
    all_of_it = dict(await why(stage) or [])
    assert set(all_of_it) == {"VERDICT", "REFUSAL", "WAIT", "FACT", "KEPT_FACT", "COUPON", "OPERATOR", "MEMBER"}
    assert all_of_it["OPERATOR"] == "op-1 sent setMemberState: asked by phone"
    assert all_of_it["MEMBER"] == "The membership is SUSPENDED."
    order = await why(stage, order="ORD-1") or []
    assert [source for source, _ in order].count("VERDICT") == 1
    assert any(each.endswith("It is kept until the membership is active again.") for _, each in order)
    assert ("WAIT", "10 points of PURCHASE for ORD-1 are pending: they wait for the delivery of a parcel.") in order
    waits = dict(await why(stage, order="ORD-9") or [])
    assert waits["ORDER"] == "Order ORD-9 has not been recorded."
    assert "is PARKED after 0 attempts: Its order is not known yet." in waits["DELIVERY"]
    coupon = dict(await why(stage, coupon=code.lower().replace("-", " ")) or [])
    assert coupon["COUPON"].startswith(f"Coupon {code} is AVAILABLE; it expires at ")
    assert coupon["VERDICT"].endswith(f"500 points turned into coupon {code}.")
    printed = await mipoints("why", "mi-1", "--order", "ORD-1", env=environment(database_url))
    assert [line.split("  ", 2)[1].strip() for line in printed.stdout.decode().splitlines()] == [
        source for source, _ in order
    ]
    nobody = await mipoints("why", "mi-7", env=environment(database_url))
    assert (nobody.returncode, nobody.stderr) == (1, b"Nothing is known under the Mi account 'mi-7'.\n")


@pytest.mark.parametrize("about", [{"order": "ORD-2"}, {"coupon": "of another"}])
async def test_support_reads_nothing_of_another_member(stage: Stage, about: dict[str, Any]):
    await stage.register("mi-1")
    code = await with_coupon(stage, mi_id="mi-2")
    await stage.order("ORD-2", [("1", 1, 20_00)], "mi-2")
    asked = about if "order" in about else {"coupon": code}
    told = dict(await why(stage, "mi-1", **asked) or [])
    assert told.pop("MEMBER") == "The membership is ACTIVE."
    assert told == ({"ORDER": "Order ORD-2 belongs to another member."} if "order" in about else {})
