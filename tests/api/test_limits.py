"""Limits with reasons: every attack of graphql-armor's list is refused before anything runs, however large it is."""

import json
import sys
import tracemalloc
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest

from api.app import create_app
from api.bodies import holds_more_values
from api.documents import Documents
from api.prices import MUTATION
from api.schema import schema
from db.pool import connect
from loyalty.programme.programme import Programme
from loyalty.settings import Settings
from loyalty.tokens import Verifier, issue
from tests.support.stage import settings_for

NOWHERE = "postgresql://unused@127.0.0.1:9/nothing"
SANDBOX = settings_for(NOWHERE)
PRODUCTION = replace(SANDBOX, sandbox=False)
EARN = 'earnPoints(input: {activity: {fuel: {}}}, idempotencyKey: "k") { __typename }'
GRAPHQL_JSON = {"accept": "application/graphql-response+json"}


@asynccontextmanager
async def api(settings: Settings, **changes: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The API with a database that does not answer: an operation that runs gets UNAVAILABLE, all others did not run."""
    changed = replace(settings, **changes)
    db = await connect(NOWHERE, most=10, seconds=0.1)
    app = create_app(changed, Programme.of(db, changed), None, Verifier(changed))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mi.test") as client:
        yield client
    await db.close()


def bearer(**caller: str) -> dict[str, str]:
    return GRAPHQL_JSON | {"authorization": f"Bearer {issue(SANDBOX, **caller)}"}


async def refused(http: httpx.AsyncClient, query: str, headers: dict[str, str] | None = None, **more: Any) -> Any:
    answer = await http.post("/graphql", json={"query": query, **more}, headers=headers or GRAPHQL_JSON)
    assert "data" not in answer.json(), "it was run"
    return answer


def code(answer: httpx.Response) -> str:
    return answer.json()["errors"][0]["extensions"]["code"]


def nested(levels: int) -> str:
    return "{ me { " + "verdicts { nodes { entries { verdict { id " * levels + "} } } }" * levels + " } }"


def bomb(fragments: int) -> str:
    parts = [f"fragment F{n} on Member {{ ...F{n + 1} ...F{n + 1} }}" for n in range(fragments)]
    return " ".join(["{ me { ...F0 } }", *parts, f"fragment F{fragments} on Member {{ id }}"])


ATTACKS: dict[str, tuple[Callable[[int], str], str]] = {
    "aliases": (lambda n: "{ " + " ".join(f"a{i}: me {{ id }}" for i in range(n)) + " }", "LIMITED"),
    "aliases of a mutation": (lambda n: "mutation { " + " ".join(f"a{i}: {EARN}" for i in range(n)) + " }", "LIMITED"),
    "depth": (nested, "LIMITED"),
    "fragments": (bomb, "LIMITED"),
    "circles": (
        lambda n: (
            "{ me { ...F0 } } "
            + " ".join(f"fragment F{i} on Member {{ ...F{(i + 1) % min(n, 150)} }}" for i in range(min(n, 150)))
        ),
        "BAD_USER_INPUT",
    ),
    "tokens": (lambda n: "{ " + "__typename " * n * 20 + "}", "LIMITED"),
    "repeats": (lambda n: "{ " + "me { id } " * n + "}", "LIMITED"),
    "directives": (lambda n: "{ me { id " + "@include(if: true) " * n + "} }", "BAD_USER_INPUT or LIMITED"),
    "unknown directives": (lambda n: "{ me { id " + "@a " * n + "} }", "BAD_USER_INPUT or LIMITED"),
    "operations": (lambda n: " ".join(f"query q{i} {{ me {{ id }} }}" for i in range(n)), "BAD_USER_INPUT or LIMITED"),
    "cost": (
        lambda n: "{ me { verdicts(first: 100) { nodes { entries { verdict { entries { id } } } } } } } #" + "x" * n,
        "LIMITED",
    ),
}


@pytest.mark.parametrize("attack", ATTACKS)
@pytest.mark.parametrize("size", [101, 1000])
async def test_each_attack_is_refused_before_it_runs(attack: str, size: int):
    build, expected = ATTACKS[attack]
    async with api(PRODUCTION) as http:
        answer = await refused(http, build(size), bearer(member="mi-1"))
        assert answer.status_code == 400
        assert code(answer) in expected.split(" or ")
        assert len(answer.content) < 2500


def orders(count: int, one: str = 'a{n}: order(number: "{n}") {{ id }}') -> str:
    return " ".join(one.format(n=n) for n in range(count))


@pytest.mark.parametrize(
    ("text", "is_refused"),
    [
        (f"{{ {orders(20)} }}", False),
        (f"{{ {orders(21)} }}", True),
        (f"{{ {orders(21, '... {{ a{n}: me {{ id }} }}')} }}", True),
        (f"{{ ...f }} fragment f on Query {{ {orders(21)} }}", True),
        (f"query a {{ __typename }} query b {{ {orders(21)} }}", True),
        (f"{{ me {{ {orders(21, 'a{n}: pointsHistory(first: 1) {{ nodes {{ id }} }}')} }} }}", False),
    ],
)
def test_a_root_field_counts_by_its_name_so_that_aliases_are_no_way_to_guess(text: str, is_refused: bool):
    errors = Documents(schema._schema).prepare(text).errors
    assert [error.message for error in errors] == (
        ["A field is asked for more than 20 times in one place."] if is_refused else []
    )


def effort(text: str) -> tuple[int, int]:
    """How many Python functions are called, and the most memory held, until a document is refused."""
    calls = 0

    def count(_frame: object, event: str, _argument: object) -> None:
        nonlocal calls
        calls += event == "call"

    documents = Documents(schema._schema)
    tracemalloc.start()
    sys.setprofile(count)
    documents.prepare(text)
    sys.setprofile(None)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return calls, peak


@pytest.mark.parametrize("attack", [name for name in ATTACKS if name != "cost"])
def test_a_larger_attack_takes_no_more_time_or_memory(attack: str):
    build, _ = ATTACKS[attack]
    documents = Documents(schema._schema)
    documents.prepare(build(10))
    calls, peak = effort(build(500))
    more_calls, more_peak = effort(build(5000))
    assert more_calls <= calls * 1.5 + 1000
    assert more_peak <= peak * 1.5 + 500_000, "beside the text itself"


@pytest.mark.parametrize(("size", "status"), [(6, 400), (100_000, 413)])
async def test_a_batch_that_is_too_large_is_refused_whole(size: int, status: int):
    async with api(PRODUCTION) as http:
        answer = await http.post("/graphql", json=[{"query": "{ me { id } }"}] * size, headers=bearer(member="mi-1"))
        assert (answer.status_code, code(answer)) == (status, "LIMITED")


async def test_each_operation_of_a_batch_is_taken_from_the_budget():
    query = {"query": "mutation { " + " ".join(f"a{i}: {EARN}" for i in range(20)) + " }"}
    async with api(SANDBOX, graphql_max_cost=600, graphql_member_budget=600) as http:
        answer = await http.post("/graphql", json=[query] * 4, headers=bearer(member="mi-1"))
        assert ["data" in each for each in answer.json()] == [True, True, False, False]
        assert [code_ for each in answer.json() for code_ in _codes(each)[:1]] == ["UNAVAILABLE"] * 2 + ["LIMITED"] * 2


def _codes(answer: dict[str, Any]) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


async def test_a_variable_cannot_hide_a_cost():
    query = "query($n: Int) { me { verdicts(first: $n) { nodes { entries { verdict { entries { id } } } } } } }"
    async with api(SANDBOX) as http:
        for variables in ({"n": 100}, {"n": 2_147_483_647}):
            answer = await refused(http, query, variables=variables)
            assert code(answer) == "LIMITED"
        ran = await http.post("/graphql", json={"query": query, "variables": {"n": 2}}, headers=bearer(member="mi-1"))
        assert ran.json()["extensions"]["cost"] == 1 + 1 + 2 + 2 * 10 * (1 + 1 + 10)


async def test_a_cost_is_that_of_the_operation_and_of_its_own_variables_however_often_the_document_is_asked():
    query = """query One($n: Int, $out: Boolean = false) { me { verdicts(first: $n) @skip(if: $out) { nodes { id } } } }
      query Two($kinds: [EntryKind!]) { me { pointsHistory(first: 1, kinds: $kinds) { nodes { kind } } } }"""
    async with api(SANDBOX) as http:
        costs = []
        for name, variables in (("One", {"n": 2}), ("Two", {}), ("One", {"n": 9}), ("Two", {"kinds": ["FUEL"]}),
                                ("One", {"n": 9, "out": True}), ("One", {"n": 2})):  # fmt: skip
            body = {"query": query, "operationName": name, "variables": variables}
            answer = await http.post("/graphql", json=body, headers=bearer(member="mi-1"))
            costs.append(answer.json()["extensions"]["cost"])
        assert costs == [2 + 2, 2 + 1, 2 + 9, 2 + 1, 1, 2 + 2]


async def test_every_answer_states_its_cost_and_the_rest_of_the_budget():
    async with api(SANDBOX, graphql_member_budget=6000) as http:
        first = await http.post("/graphql", json={"query": "{ __typename }"}, headers=bearer(member="mi-1"))
        assert first.json()["extensions"]["cost"] == 1
        assert first.json()["extensions"]["remaining"] == 5999
        assert first.json()["extensions"]["resetsAt"].endswith("Z")
        second = await http.post("/graphql", json={"query": f"mutation {{ {EARN} }}"}, headers=bearer(member="mi-1"))
        assert second.json()["extensions"]["cost"] == MUTATION + 1
        assert second.json()["extensions"]["remaining"] == pytest.approx(5988, abs=50)


KINDS = "query($kinds: [EntryKind!]) { me { pointsHistory(first: 1, kinds: $kinds) { nodes { kind } } } }"


async def test_reading_a_large_request_costs_something():
    """A large document and large variables both cost, alone and in a batch."""
    async with api(SANDBOX, graphql_member_budget=6000) as http:
        document = {"query": KINDS + " \r\n" * 8000}
        variables = {"query": KINDS, "variables": {"kinds": ["FUEL"] * 9_000}}
        for body in (document, variables):
            answer = await http.post("/graphql", json=body, headers=bearer(member="mi-1"))
            assert answer.json()["extensions"]["cost"] == 3 + len(answer.request.content) // 1000 > 30
        answer = await http.post(
            "/graphql", json=[document, {"query": "{ __typename }"}], headers=bearer(member="mi-1")
        )
        half = len(answer.request.content) // 2 // 1000
        assert [each["extensions"]["cost"] for each in answer.json()] == [3 + half, 1 + half]
        got = await http.get("/graphql", params={"query": KINDS + " " * 2000}, headers=bearer(member="mi-1"))
        assert got.json()["extensions"]["cost"] == 3 + 2


async def test_a_budget_that_is_used_up_is_429_with_the_time_to_wait():
    query = "mutation { " + " ".join(f"a{i}: {EARN}" for i in range(20)) + " }"
    async with api(SANDBOX, graphql_max_cost=400, graphql_member_budget=400) as http:
        assert (await http.post("/graphql", json={"query": query}, headers=bearer(member="mi-1"))).status_code == 200
        answer = await refused(http, query, bearer(member="mi-1"))
        assert answer.status_code == 429
        facts = answer.json()["errors"][0]["extensions"]
        assert facts["code"] == "LIMITED"
        assert facts["cost"] == 20 * (MUTATION + 1) + len(answer.request.content) // 1000
        assert facts["remaining"] < facts["cost"]
        assert facts["retryAfter"] == int(answer.headers["retry-after"]) > 0
        assert facts["resetsAt"].endswith("Z")
        plain = await refused(http, query, bearer(member="mi-1") | {"accept": "application/json"})
        assert plain.status_code == 200, "in application/json every well-formed GraphQL answer is 200"
        other = await http.post("/graphql", json={"query": query}, headers=bearer(member="mi-2"))
        assert other.status_code == 200


async def test_unauthenticated_clients_share_the_budget_of_their_address_whatever_headers_they_send():
    query = "{ " + " ".join(f'a{i}: rewards(market: "ES") {{ id }}' for i in range(20)) + " }"
    async with api(SANDBOX, graphql_max_cost=310, graphql_stranger_budget=310) as http:
        assert (await http.post("/graphql", json={"query": query}, headers=GRAPHQL_JSON)).status_code == 200
        forged = GRAPHQL_JSON | {"x-forwarded-for": "198.51.100.1", "authorization": "Bearer forged"}
        assert (await http.post("/graphql", json={"query": query}, headers=forged)).status_code == 429


async def test_answers_state_their_cost_even_when_budgets_are_off():
    async with api(SANDBOX, graphql_member_budget=0) as http:
        answer = await http.post("/graphql", json={"query": "{ __typename }"}, headers=bearer(member="mi-1"))
        assert answer.json()["extensions"] == {"cost": 1}


async def test_a_client_that_keeps_sending_invalid_documents_is_shut_out():
    async with api(SANDBOX, graphql_max_cost=500, graphql_stranger_budget=500) as http:
        codes = [code(await refused(http, f"{{ nothing{n} }}")) for n in range(15)]
        assert codes[:10] == ["BAD_USER_INPUT"] * 10
        assert codes[-1] == "LIMITED"
        assert (await refused(http, "{ __typename }")).status_code == 429


CROWDED = b"[" + b"{}," * 50_000 + b"{}]"
MEMBERS = b",".join(b'"a%d": "%s"' % (n, b"x" * 500) for n in range(300))
UNREADABLE = {
    "a batch of 50,000": CROWDED,
    "one of 50,000 values": b'{"query": "{ __typename }", "variables": {"a": ' + CROWDED + b"}}",
    "no JSON": b"{" * 200_000,
    "deep": b'{"a":' * 40_000,
    "wide": b'{"query": "{ __typename }", "variables": {' + MEMBERS + b"}}",
    "a document that is too long": b'{"query": "{ __typename }%s"}' % (b" " * 200_000),
    "a batch of no requests": b"[" + b" " * 200_000 + b"7]",
}  # fmt: skip


@pytest.mark.parametrize("body", UNREADABLE.values(), ids=UNREADABLE)
async def test_a_refused_request_is_fined_by_its_bytes_and_a_payer_that_is_shut_out_is_not_read(body: bytes):
    """150 kB cost 150 and 50 more: the second one is over a budget of 350. The body of the third is never asked for."""

    was_read = False

    async def watched() -> AsyncIterator[bytes]:
        nonlocal was_read
        was_read = True
        yield body

    headers = GRAPHQL_JSON | {"content-type": "application/json"}
    async with api(SANDBOX, graphql_max_cost=350, graphql_stranger_budget=350) as http:
        for _ in range(2):
            answer = await http.post("/graphql", content=body, headers=headers)
            assert "data" not in json.loads(answer.text if answer.text[0] == "{" else answer.text[1:-1])
        answer = await http.post("/graphql", content=watched(), headers=headers)
        assert not was_read
        assert (answer.status_code, code(answer)) == (429, "LIMITED")
        assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize(
    ("body", "is_more"),
    [
        (b"[1,2,3]", False),
        (b"[1,2,3,4,5,6]", True),
        (b'["a,b,c,d,e,f,g"]', False),
        (rb'["\",\",\",\",\",\""]', False),
        (rb'["\\", ",,,,,,"]', False),
        (b"[[[[[[", True),
        (b'["","","","","","",""]', True),
        (b'["a,,,,,,', True),
    ],
)
def test_the_values_of_a_json_text_are_counted_before_they_are_made(body: bytes, is_more: bool):
    assert holds_more_values(body, 5) == is_more


DEAR = "me { verdicts(first: 100) { nodes { entries { verdict { kind entries { id } } } } } }"
REFUSED_AFTER_READING = (
    lambda n: f"query a{n} {{ __typename }} query b {{ __typename }}",
    lambda n: f"{{ a{n}: {DEAR} }}",
    lambda n: f"{{ a{n}: __schema {{ types {{ name }} }} }}",
)


@pytest.mark.parametrize("build", REFUSED_AFTER_READING, ids=["which operation", "too expensive", "the schema"])
async def test_a_client_whose_valid_documents_keep_being_refused_is_shut_out(
    build: Callable[[int], str],
):
    async with api(PRODUCTION, graphql_max_cost=500, graphql_stranger_budget=500) as http:
        statuses = [(await refused(http, build(n))).status_code for n in range(15)]
        assert 429 not in statuses[:10]
        assert statuses[-1] == 429


INTROSPECTIONS = ("{ __schema { types { name } } }", '{ ...F } fragment F on Query { __type(name: "Member") { name } }')


@pytest.mark.parametrize("query", INTROSPECTIONS)
async def test_in_production_only_operators_and_auditors_may_use_introspection(query: str):
    async with api(PRODUCTION) as http:
        for headers in (GRAPHQL_JSON, bearer(member="mi-1"), bearer(scope="storefront")):
            answer = await refused(http, query, headers)
            assert (answer.status_code, code(answer)) == (403, "FORBIDDEN")
        for scope in ("operator", "auditor"):
            answer = await http.post("/graphql", json={"query": query}, headers=bearer(scope=scope))
            assert "errors" not in answer.json()
        assert (await refused(http, query, bearer(member="mi-1"))).status_code == 403
    async with api(SANDBOX) as http:
        assert "errors" not in (await http.post("/graphql", json={"query": query})).json()


SLIPS = (
    "{ mee { id } }",
    "{ me { balanse { debt } } }",
    '{ rewards(markt: "ES") { id } }',
    "{ me { coupons(states: [USD]) { nodes { id } } } }",
    "{ me { ... on Membr { id } } }",
)


@pytest.mark.parametrize("query", SLIPS)
async def test_in_production_no_names_are_suggested_to_members_and_unauthenticated_clients(query: str):
    async with api(PRODUCTION) as http:
        for headers in (GRAPHQL_JSON, bearer(member="mi-1")):
            assert "Did you mean" not in (await refused(http, query, headers)).text
        assert "Did you mean" in (await refused(http, query, bearer(scope="operator"))).text
    async with api(SANDBOX) as http:
        assert "Did you mean" in (await refused(http, query)).text


async def test_in_production_a_variable_gets_no_suggestion_either():
    query = "query($s: [CouponState!]) { me { coupons(states: $s) { nodes { id } } } }"
    async with api(PRODUCTION) as http:
        answer = await refused(http, query, bearer(member="mi-1"), variables={"s": ["USD"]})
        assert "Did you mean" not in answer.text
        assert code(answer) == "BAD_USER_INPUT"
