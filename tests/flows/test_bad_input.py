"""Malformed requests: a clear answer, nothing left behind, never a stack trace or SQL."""

import json

import jwt
import pytest

from tests.support.stage import AUTH_SECRET, EARN, REDEEM, REGISTER, Stage
from tests.support.verdict_calls import adjusted, decided, moderate

INTERNALS = ("Traceback", "asyncpg", "select ", "insert into", "postgres", 'File "', "strawberry")
ME = "{ me { id } }"
REWARDS = "query($m: Market!) { rewards(market: $m) { id } }"


async def raw(stage: Stage, body: bytes, content_type: str = "application/json"):
    return await stage.http.post("/graphql", content=body, headers={"content-type": content_type})


async def nothing_is_left(stage: Stage) -> bool:
    counts = [
        await stage.owner.fetchval(f"select count(*) from {table}")
        for table in ("members", "requests", "verdicts", "transfers", "orders", "inbox")
    ]
    return not any(counts)


@pytest.mark.parametrize(
    "body",
    [
        b"", b"{", b"null", b"1", b'"x"', b"true", b"[]", b"[1]", b"{}", b'{"query": 1}', b'{"query": null}',
        b'{"query": "{"}', b'{"query": "{ nothing }"}', b"\xff\xfe\xfd", b"[" * 50_000,
        b'{"query":"{ me { id } }","variables":[]}', b'{"query":"{ me { id } }","variables":"x"}',
        b'{"query":"query a { me { id } } query b { me { id } }"}',
        b'{"query":"{ me { id } }","operationName":"other"}',
        json.dumps({"query": "{ me " + "{ node " * 400 + "}" * 401}).encode(),
        json.dumps({"query": REWARDS, "variables": {"m": "\ud800"}}).encode(),
        json.dumps({"query": REWARDS, "variables": {"m": "a\0"}}).encode(),
    ],
    ids=lambda body: repr(body[:40]),
)  # fmt: skip
async def test_a_malformed_request_is_answered_with_errors_and_no_internals(stage: Stage, body: bytes):
    answer = await raw(stage, body)
    assert answer.status_code < 500
    body = answer.json()
    for document in body if isinstance(body, list) else [body]:
        assert document["errors"]
        assert all(error["message"] and error["extensions"]["code"] for error in document["errors"])
    assert not any(word in answer.text for word in INTERNALS)


async def test_other_content_types_and_bodies_over_the_limit_are_refused(stage: Stage):
    body = json.dumps({"query": "{ __typename }"}).encode()
    assert (await raw(stage, body, "text/plain")).status_code == 415
    assert (await raw(stage, body, "application/x-www-form-urlencoded")).status_code == 415
    assert (await raw(stage, b'{"query":"' + b" " * 1_000_000 + b'"}')).status_code == 413


def token(stage: Stage, *, secret: str = AUTH_SECRET, algorithm: str = "HS256", **changes: object) -> str:
    good = jwt.decode(stage.token("mi-1"), options={"verify_signature": False})
    claims = {name: value for name, value in (good | changes).items() if value is not None}
    return jwt.encode(claims, secret, algorithm=algorithm)


BAD_TOKENS = {
    "expired": {"exp": 1_700_000_000},
    "without expiry": {"exp": None},
    "without a subject": {"sub": None},
    "foreign issuer": {"iss": "another issuer"},
    "foreign audience": {"aud": "another shop"},
    "foreign key": {"secret": "another issuer's secret of sufficient length"},
    "other algorithm": {"algorithm": "HS512"},
}


@pytest.mark.parametrize("changes", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
async def test_an_invalid_token_gives_no_access(stage: Stage, changes: dict):
    await stage.register()
    bad = token(stage, **changes)
    read = await stage.post(ME, token=bad)
    assert read["data"] == {"me": None}
    assert read["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"
    earned = await stage.post(EARN, {"input": {"activity": {"fuel": {}}}, "key": "k"}, bad)
    assert earned["data"]["earnPoints"]["__typename"] == "NotAllowed"


async def test_an_unsigned_token_and_nonsense_give_no_access(stage: Stage):
    await stage.register()
    unsigned = jwt.encode(jwt.decode(stage.token("mi-1"), options={"verify_signature": False}), "", algorithm="none")
    for bad in (unsigned, "nonsense", "a.b.c", "x" * 10_000):
        assert (await stage.post(ME, token=bad))["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_a_member_sees_only_itself_whatever_id_it_sends(stage: Stage):
    first = await stage.register("mi-1")
    await stage.register("mi-2")
    await stage.order("ORD-1", [("1", 1, 10000)], "mi-1")
    other = stage.token("mi-2")
    node = await stage.post("query($id: ID!) { node(id: $id) { id } }", {"id": first["member"]["id"]}, other)
    assert node["data"]["node"] is None
    assert (await stage.post('{ order(number: "ORD-1") { number } }', token=other))["data"]["order"] is None
    refused = await stage.post('{ member(miId: "mi-1") { id } }', token=other)
    assert refused["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    for scope in ("storefront", "operator"):
        seen = await stage.ask('{ member(miId: "mi-1") { miId } }', token=stage.token(scope=scope))
        assert seen["member"]["miId"] == "mi-1"


async def test_only_the_storefront_registers_and_records(stage: Stage):
    variables = {"input": {"miId": "mi-1", "market": "ES", "birthDate": "1990-01-01"}, "key": "k"}
    for caller in (None, stage.token("mi-1"), stage.token(scope="operator"), stage.token(scope="auditor")):
        answer = await stage.post(REGISTER, variables, caller)
        assert answer["data"]["registerMember"]["__typename"] == "NotAllowed"
    assert await nothing_is_left(stage)


@pytest.mark.parametrize(
    "input_",
    [
        {"miId": "m", "market": "ES", "birthDate": "1990-02-30"},
        {"miId": "m", "market": "ES", "birthDate": 19900101},
        {"miId": "m", "market": "es", "birthDate": "1990-01-01"},
        {"miId": "m", "market": "ESP", "birthDate": "1990-01-01"},
        {"miId": "m", "market": "ES"},
        {"miId": "m", "market": "ES", "birthDate": "1990-01-01", "points": 1_000_000},
        {"miId": "m", "market": "ES", "birthDate": "1990-01-01", "registeredAt": "2026-01-01T00:00:00"},
        {"miId": "m", "market": "ES", "birthDate": "1990-01-01", "registeredAt": "99999-01-01T00:00:00Z"},
        {"miId": {"a": 1}, "market": "ES", "birthDate": "1990-01-01"},
        {"miId": "m\0", "market": "ES", "birthDate": "1990-01-01"},
    ],
    ids=str,
)
async def test_unknown_fields_and_wrong_types_are_bad_user_input_and_leave_nothing(stage: Stage, input_: dict):
    answer = await stage.post(REGISTER, {"input": input_, "key": "k"}, stage.token(scope="storefront"))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert not any(word in json.dumps(answer) for word in INTERNALS)
    assert await nothing_is_left(stage)


@pytest.mark.parametrize(
    "activity",
    [{}, {"fuel": {}, "appSignIn": {}}, {"fuel": None}, {"socialShare": {}}, {"review": {"productId": "p"}},
     {"socialShare": {"productId": "p", "url": "javascript:alert(1)"}},
     {"linkShare": {"productId": "p", "url": "mi.com"}}],
    ids=str,
)  # fmt: skip
async def test_an_activity_names_exactly_one_kind_with_all_its_fields(stage: Stage, activity: dict):
    await stage.register()
    answer = await stage.post(EARN, {"input": {"activity": activity}, "key": "k"}, stage.token("mi-1"))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"
    assert await stage.balance() == (0, 50, 0)


@pytest.mark.parametrize("key", ["", "x" * 201])
async def test_an_idempotency_key_has_a_length(stage: Stage, key: str):
    await stage.register()
    answer = await stage.post(EARN, {"input": {"activity": {"fuel": {}}}, "key": key}, stage.token("mi-1"))
    refused = answer["data"]["earnPoints"]
    assert (refused["__typename"], refused["path"]) == ("InvalidInput", ["idempotencyKey"])


@pytest.mark.parametrize("amount", [-(2**31) - 1, 2**31, 2**53, 1.5, "100", None, True])
async def test_amounts_are_whole_numbers_of_32_bits(stage: Stage, amount: object):
    await stage.register()
    order = {"number": "O", "miId": "mi-1", "placedAt": "2026-11-22T10:00:00Z", "currency": "EUR"}
    order["lines"] = [{"id": "1", "productId": "p", "quantity": 1, "paidMinor": amount}]
    query = 'mutation($i: RecordOrderInput!) { recordOrder(input: $i, idempotencyKey: "k") { __typename } }'
    answer = await stage.post(query, {"i": order}, stage.token(scope="storefront"))
    assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT"


async def test_a_page_is_bounded_and_a_foreign_cursor_is_bad_user_input(stage: Stage):
    await stage.register()
    for arguments in ("first: 101", "first: -1", "first: 1, last: 1", 'first: 1, after: "nonsense"'):
        query = f"{{ me {{ pointsHistory({arguments}) {{ nodes {{ id }} }} }} }}"
        answer = await stage.post(query, token=stage.token("mi-1"))
        assert answer["errors"][0]["extensions"]["code"] == "BAD_USER_INPUT", arguments


async def test_when_the_database_hangs_the_answer_is_unavailable_and_the_key_stays_free(stage: Stage):
    await stage.register()
    await stage.owner.execute("begin; lock table balances in access exclusive mode")
    variables = {"input": {"activity": {"fuel": {}}}, "key": "k"}
    answer = await stage.post(EARN, variables, stage.token("mi-1"))
    assert answer["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    await stage.owner.execute("rollback")
    again = await stage.post(EARN, variables, stage.token("mi-1"))
    assert again["data"]["earnPoints"]["verdict"]["outcome"] == "GRANTED"


@pytest.mark.spoils
async def test_an_unexpected_fault_is_masked_and_carries_a_request_id(stage: Stage):
    await stage.register()
    await stage.owner.execute("alter table lots rename column remaining to elsewhere")
    answer = await stage.post(REDEEM, {"input": {"rewardId": "x"}, "key": "k"}, stage.token("mi-1"))
    await stage.owner.execute("alter table lots rename column elsewhere to remaining")
    text = json.dumps(answer)
    if "errors" in answer:
        assert answer["errors"][0]["extensions"]["code"] == "INTERNAL"
        assert answer["errors"][0]["extensions"]["requestId"]
    assert "elsewhere" not in text
    assert "lots" not in text


async def test_a_used_key_with_another_input_is_a_mismatch_however_wrong_the_input_is(stage: Stage):
    """R61: the storefront's key, an operator's, a member's; and nothing changes."""
    await stage.register(key="join")
    await stage.advance(minutes=5)
    await stage.order("ORD-1", [("1", 1, 1000)], key="order")
    await adjusted(stage, 10, key="adjusted")
    await stage.earn({"fuel": {}}, key="fuel")
    answers = [
        await stage.order("ORD-1", [("1", 0, 1000)], key="order"),
        await stage.order("ORD-2", [("1", 1, -1)], key="join"),
        await moderate(stage, "reviewRemoved", reviewId="rv-9", key="order"),
        await adjusted(stage, 0, key="adjusted"),
        await decided(stage, "nonsense", approve=True, by="op-1", key="adjusted"),
        await stage.earn({"socialShare": {"productId": ""}}, key="fuel"),
        await stage.earn({"fuel": {}}, at="2020-01-01T00:00:00Z", key="fuel"),
        await stage.app("mi-1", REDEEM, input={"rewardId": "nonsense"}, key="fuel"),
    ]
    assert {each["code"] for each in answers} == {"IDEMPOTENCY_MISMATCH"}
    assert await stage.balance() == (60, 12, 0)


async def test_a_key_that_came_with_a_wrong_input_is_free(stage: Stage):
    """R61: a malformed request leaves nothing behind, and another caller's key is another key."""
    await stage.register()
    await stage.register("mi-2")
    await stage.earn({"fuel": {}}, "mi-2", key="k")
    for _ in range(2):
        assert (await stage.earn({"socialShare": {"productId": ""}}, key="k"))["code"] == "INVALID_INPUT"
    assert (await stage.earn({"fuel": {}}, key="k"))["__typename"] == "PointsVerdict"
