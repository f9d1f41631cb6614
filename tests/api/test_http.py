"""GraphQL over HTTP: media types by quality, GET for queries, batches, and no request that another site can forge."""

import json

import httpx
import pytest

from api.negotiation import GRAPHQL_JSON, HTML, JSON, chosen_media
from tests.api.away import MEMBER, TYPENAME, code_of

PREFLIGHT = {"apollo-require-preflight": "true"}


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, JSON),
        ("", JSON),
        ("*/*", JSON),
        ("application/*", JSON),
        (JSON, JSON),
        (GRAPHQL_JSON, GRAPHQL_JSON),
        (GRAPHQL_JSON.upper() + "; charset=utf-8", GRAPHQL_JSON),
        (f"{JSON}, {GRAPHQL_JSON}", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON},{JSON};q=0.9", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0.5, {JSON};q=0.8", JSON),
        (f"{JSON}, */*;q=0.1", JSON),
        (f"{GRAPHQL_JSON}, */*", GRAPHQL_JSON),
        (f"{JSON};q=0, */*", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=0, application/*;q=0.2", JSON),
        (f"{GRAPHQL_JSON}, application/graphql+json, {JSON}, text/event-stream, multipart/mixed", GRAPHQL_JSON),
        (f"{GRAPHQL_JSON};q=high", None),
        (f"{GRAPHQL_JSON};q=0.000", None),
        ("text/plain", None),
        ("*/*;q=0", None),
    ],
)
def test_the_media_type_is_the_one_that_the_client_prefers(accept: str | None, media: str | None):
    assert chosen_media(accept) == media


async def test_an_unsupported_media_type_is_406_in_json(http: httpx.AsyncClient):
    answer = await http.post("/graphql", json=TYPENAME, headers={"accept": "text/plain"})
    assert answer.status_code == 406
    assert code_of(answer) == "BAD_USER_INPUT"


@pytest.mark.parametrize(
    ("accept", "is_page"),
    [
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", True),
        (HTML, True),
        ("*/*", False),
        (f"{JSON}, text/html;q=0.5", False),
    ],
)
async def test_a_browser_looking_at_the_address_sees_graphiql(http: httpx.AsyncClient, accept: str, is_page: bool):
    answer = await http.get("/graphql", params=TYPENAME, headers={"accept": accept} | PREFLIGHT)
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith(HTML) is is_page
    assert answer.headers["vary"].startswith("accept")


async def test_a_query_may_be_sent_by_get(http: httpx.AsyncClient):
    parameters = {
        "query": "query a { me { id } } query b($m: Market!, $no: Boolean = false) "
        "{ __typename rewards(market: $m) @include(if: $no) { id } }",
        "operationName": "b",
        "variables": '{"m": "ES"}',
        "extensions": "{}",
    }
    answer = await http.get("/graphql", params=parameters, headers=PREFLIGHT)
    assert answer.status_code == 200
    assert answer.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("accept", [JSON, GRAPHQL_JSON])
async def test_a_get_of_a_mutation_is_405_and_runs_nothing(http: httpx.AsyncClient, accept: str):
    parameters = {"query": "query q { __typename } mutation m { __typename }", "operationName": "m"}
    answer = await http.get("/graphql", params=parameters, headers=PREFLIGHT | {"accept": accept})
    assert answer.status_code == 405
    assert answer.headers["allow"] == "POST"
    assert code_of(answer) == "BAD_USER_INPUT"
    assert "data" not in answer.json()


@pytest.mark.parametrize(
    "address",
    ["", "?query=", "?query=%20", "?variables={}", "?query={__typename}&variables=7", "?query={__typename}&variables={",
     "?query={__typename}&extensions=[]", "?query={__typename}&query={__typename}",
     '?query={__typename}&variables={"a":"%5Cu0000"}', "?query={__typename}%00",
     '?extensions={"persistedQuery":1}', '?extensions={"persistedQuery":{"version":2,"sha256Hash":"a"}}',
     '?extensions={"persistedQuery":{"version":1,"sha256Hash":7}}', "?documentId=" + "a" * 300],
)  # fmt: skip
async def test_an_address_that_is_no_request_is_400_with_the_reason(http: httpx.AsyncClient, address: str):
    answer = await http.get("/graphql" + address, headers=PREFLIGHT)
    assert answer.status_code == 400
    assert code_of(answer) == "BAD_USER_INPUT"


async def test_empty_parameters_are_ignored(http: httpx.AsyncClient):
    answer = await http.get("/graphql?query={__typename}&variables=&operationName=&extensions=", headers=PREFLIGHT)
    assert answer.json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded;charset=utf-8"},
        {"content-type": "multipart/form-data; boundary=a"},
        {"apollo-require-preflight": ""},
        {"sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors"},
        {"sec-fetch-site": "same-site", "sec-fetch-mode": "cors", "origin": "https://evil.mi.test"},
        {"sec-fetch-site": "none", "sec-fetch-mode": "navigate"},
        {"sec-fetch-mode": "cors", "origin": "https://evil.test"},
    ],
)
async def test_a_get_that_a_page_could_have_forged_is_refused(http: httpx.AsyncClient, headers: dict[str, str]):
    answer = await http.get("/graphql", params=TYPENAME, headers=headers)
    assert answer.status_code == 400
    assert "apollo-require-preflight" in answer.json()["errors"][0]["message"]


@pytest.mark.parametrize(
    "headers",
    [
        PREFLIGHT,
        {"x-apollo-operation-name": "Points"},
        {"content-type": "application/json"},
        {"sec-fetch-site": "same-origin", "sec-fetch-mode": "cors"},
        {"sec-fetch-mode": "cors"},
        MEMBER,
    ],
)
async def test_a_get_that_no_page_elsewhere_can_make_is_answered(http: httpx.AsyncClient, headers: dict[str, str]):
    assert (await http.get("/graphql", params=TYPENAME, headers=headers)).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize("charset", ["latin-1", "utf-16"])
async def test_a_body_in_another_charset_is_415(http: httpx.AsyncClient, charset: str):
    headers = {"content-type": f"application/json; charset={charset}"}
    answer = await http.post("/graphql", content=json.dumps(TYPENAME).encode(charset), headers=headers)
    assert answer.status_code == 415


async def test_up_to_five_operations_are_sent_as_an_array_and_answered_each(http: httpx.AsyncClient):
    batch = [{"query": f"{{ a{number}: __typename }}"} for number in range(5)]
    answer = await http.post("/graphql", json=batch, headers={"accept": GRAPHQL_JSON})
    assert answer.status_code == 200
    assert [each["data"] for each in answer.json()] == [{f"a{number}": "Query"} for number in range(5)]


@pytest.mark.parametrize("count", [0, 6, 400])
async def test_no_operation_and_more_than_five_are_400(http: httpx.AsyncClient, count: int):
    answer = await http.post("/graphql", json=[TYPENAME] * count)
    assert answer.status_code == 400
    assert code_of(answer) == ("LIMITED" if count else "BAD_USER_INPUT")


async def test_an_error_in_one_of_a_batch_does_not_change_the_others(http: httpx.AsyncClient):
    batch = [TYPENAME, 7, None, {}, [TYPENAME], {"query": "{"}, {"query": "{ me { id } }"}]
    first = await http.post("/graphql", json=batch[:5])
    second = await http.post("/graphql", json=[*batch[5:], TYPENAME], headers=MEMBER)
    answers = [*first.json(), *second.json()]
    codes = [each["errors"][0]["extensions"]["code"] if "errors" in each else "ok" for each in answers]
    assert codes == ["ok", *["BAD_USER_INPUT"] * 5, "UNAVAILABLE", "ok"]


async def test_a_fault_around_one_of_a_batch_is_masked_and_leaves_the_others_their_answers(
    http: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
):
    def broken(*_: object) -> None:
        raise RuntimeError("a secret")

    monkeypatch.setattr("api.persisted.hash_of", broken)
    batch = [TYPENAME, TYPENAME | {"documentId": "a"}, TYPENAME]
    answer = await http.post("/graphql", json=batch)
    assert [each.get("data") for each in answer.json()] == [{"__typename": "Query"}, None, {"__typename": "Query"}]
    assert answer.json()[1]["errors"][0]["extensions"]["code"] == "INTERNAL"
    assert "secret" not in answer.text
    assert "a secret" in caplog.text


async def test_a_batch_waits_for_a_database_that_is_away_only_once(
    http: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
):
    share = 'earnPoints(input: {activity: {fuel: {}}}, idempotencyKey: "k") { __typename }'
    answer = await http.post("/graphql", json=[{"query": f"mutation {{ {share} }}"}] * 5, headers=MEMBER)
    assert [each["errors"][0]["extensions"]["code"] for each in answer.json()] == ["UNAVAILABLE"] * 5
    assert caplog.text.count("did not answer an earlier field of this request") == 4


async def test_each_operation_of_a_batch_is_counted(http: httpx.AsyncClient):
    await http.post("/graphql", json=[TYPENAME, {"query": "{"}, 7])
    counted = (await http.get("/metrics")).text
    assert 'mipoints_graphql_requests_total{kind="query",outcome="ok"} 1.0' in counted
    assert 'mipoints_graphql_requests_total{kind="none",outcome="BAD_USER_INPUT"} 2.0' in counted
