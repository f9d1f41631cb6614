"""Documents by id: told once with their hash, found again by POST and GET, and nothing kept that was not valid."""

import json

import httpx
import pytest

from api.negotiation import GRAPHQL_JSON, JSON
from api.persisted import Persisted, hash_of
from api.problems import PersistedQueryNotFound
from api.requests import OperationRequest
from loyalty.callers import Caller
from tests.api.away import TYPENAME, code_of

NOT_FOUND = "PERSISTED_QUERY_NOT_FOUND"
TEXT = "query Who { __typename }"


def by_apollo(text: str) -> dict[str, object]:
    return {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": hash_of(text)}}}


def by_id(text: str) -> dict[str, object]:
    return {"documentId": f"sha256:{hash_of(text)}"}


async def get(http: httpx.AsyncClient, told: dict[str, object]) -> httpx.Response:
    params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in told.items()}
    return await http.get("/graphql", params=params, headers={"apollo-require-preflight": "true"})


async def post(http: httpx.AsyncClient, told: dict[str, object]) -> httpx.Response:
    return await http.post("/graphql", json=told)


@pytest.mark.parametrize("named", [by_apollo, by_id])
async def test_a_text_that_is_empty_is_none_where_there_is_an_id(http: httpx.AsyncClient, named):
    """Libraries that always send a `query` send an empty one."""
    assert code_of(await post(http, {"query": ""} | named(TEXT))) == NOT_FOUND
    await post(http, {"query": TEXT} | named(TEXT))
    assert (await post(http, {"query": ""} | named(TEXT))).json()["data"] == {"__typename": "Query"}
    assert (await post(http, {"query": ""})).status_code == 400


@pytest.mark.parametrize("named", [by_apollo, by_id, lambda text: {"documentId": hash_of(text)}])
@pytest.mark.parametrize("send", [post, get])
async def test_a_document_is_told_once_and_then_known_by_its_id(http: httpx.AsyncClient, named, send):
    unknown = await send(http, named(TEXT))
    assert unknown.status_code == 200
    assert code_of(unknown) == NOT_FOUND
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    for told in ({"query": TEXT} | named(TEXT), named(TEXT), named(TEXT) | {"operationName": "Who"}):
        assert (await send(http, told)).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [(f"{GRAPHQL_JSON}, {JSON};q=0.9", 200, JSON), (GRAPHQL_JSON, 400, GRAPHQL_JSON), ("*/*", 200, JSON)],
)
async def test_what_is_not_found_is_200_where_json_will_do(
    http: httpx.AsyncClient, accept: str, status: int, media: str
):
    answer = await http.post("/graphql", json=by_apollo(TEXT), headers={"accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(media)
    assert code_of(answer) == NOT_FOUND


async def test_a_text_that_is_not_its_ids_is_refused_and_not_kept(http: httpx.AsyncClient):
    for named in (by_apollo, by_id):
        forged = await post(http, {"query": "{ other: __typename }"} | named(TEXT))
        assert code_of(forged) == "BAD_USER_INPUT"
        assert code_of(await post(http, named(TEXT))) == NOT_FOUND


@pytest.mark.parametrize("text", ["{", "{ nothing }", "{ me { " * 20 + "id" + "}" * 40, "  "])
async def test_a_document_that_is_not_valid_is_never_kept(http: httpx.AsyncClient, text: str):
    assert code_of(await post(http, {"query": text} | by_apollo(text))) == "BAD_USER_INPUT"
    assert code_of(await post(http, by_apollo(text))) == NOT_FOUND


async def test_two_ids_of_one_document_must_agree(http: httpx.AsyncClient):
    told = {"query": TEXT} | by_apollo(TEXT)
    assert "data" in (await post(http, told | by_id(TEXT))).json()
    assert (await post(http, told | by_id("{ a: __typename }"))).status_code == 400


async def test_a_batch_knows_documents_by_id_too(http: httpx.AsyncClient):
    told = [by_apollo(TEXT), {"query": TEXT} | by_apollo(TEXT), by_id(TEXT), TYPENAME]
    answers = (await http.post("/graphql", json=told)).json()
    assert answers[0]["errors"][0]["extensions"]["code"] == NOT_FOUND
    assert [each["data"] for each in answers[1:]] == [{"__typename": "Query"}] * 3


def test_few_texts_are_kept_the_ones_used_last_and_no_long_one():
    persisted = Persisted(most=2, longest=30)
    texts = ["{ a: __typename }", "{ b: __typename }", "{ c: __typename }"]
    persisted.keep(OperationRequest(texts[0], document_id=hash_of(texts[0])))
    persisted.keep(OperationRequest(texts[1], document_id=hash_of(texts[1])))
    assert persisted.text_of(OperationRequest(None, document_id=hash_of(texts[0])), Caller()) == texts[0]
    persisted.keep(OperationRequest(texts[2], document_id=hash_of(texts[2])))
    long = "{ __typename }" + " " * 30
    persisted.keep(OperationRequest(long, document_id=hash_of(long)))
    persisted.keep(OperationRequest(texts[1]))
    assert list(persisted._kept.values()) == [texts[0], texts[2]]
    with pytest.raises(PersistedQueryNotFound):
        persisted.text_of(OperationRequest(None, document_id=hash_of(texts[1])), Caller())
