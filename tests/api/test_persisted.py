"""Documents by id: sent once with their hash, found again by POST and GET, and stored only if they are valid."""

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


async def get(http: httpx.AsyncClient, request: dict[str, object]) -> httpx.Response:
    params = {name: value if isinstance(value, str) else json.dumps(value) for name, value in request.items()}
    return await http.get("/graphql", params=params, headers={"apollo-require-preflight": "true"})


async def post(http: httpx.AsyncClient, request: dict[str, object]) -> httpx.Response:
    return await http.post("/graphql", json=request)


@pytest.mark.parametrize("named", [by_apollo, by_id])
async def test_beside_an_id_an_empty_query_is_ignored(http: httpx.AsyncClient, named):
    """Some libraries always send a `query`: an empty one."""
    assert code_of(await post(http, {"query": ""} | named(TEXT))) == NOT_FOUND
    await post(http, {"query": TEXT} | named(TEXT))
    assert (await post(http, {"query": ""} | named(TEXT))).json()["data"] == {"__typename": "Query"}
    assert (await post(http, {"query": ""})).status_code == 400


@pytest.mark.parametrize("named", [by_apollo, by_id, lambda text: {"documentId": hash_of(text)}])
@pytest.mark.parametrize("send", [post, get])
async def test_a_document_is_sent_once_and_then_known_by_its_id(http: httpx.AsyncClient, named, send):
    unknown = await send(http, named(TEXT))
    assert unknown.status_code == 200
    assert code_of(unknown) == NOT_FOUND
    assert unknown.json()["errors"][0]["message"] == "PersistedQueryNotFound"
    for request in ({"query": TEXT} | named(TEXT), named(TEXT), named(TEXT) | {"operationName": "Who"}):
        assert (await send(http, request)).json()["data"] == {"__typename": "Query"}


@pytest.mark.parametrize(
    ("accept", "status", "media"),
    [(f"{GRAPHQL_JSON}, {JSON};q=0.9", 200, JSON), (GRAPHQL_JSON, 400, GRAPHQL_JSON), ("*/*", 200, JSON)],
)
async def test_an_unknown_id_is_200_for_a_client_that_accepts_json(
    http: httpx.AsyncClient, accept: str, status: int, media: str
):
    answer = await http.post("/graphql", json=by_apollo(TEXT), headers={"accept": accept})
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith(media)
    assert code_of(answer) == NOT_FOUND


async def test_a_text_with_another_texts_id_is_refused_and_not_stored(http: httpx.AsyncClient):
    for named in (by_apollo, by_id):
        forged = await post(http, {"query": "{ other: __typename }"} | named(TEXT))
        assert code_of(forged) == "BAD_USER_INPUT"
        assert code_of(await post(http, named(TEXT))) == NOT_FOUND


@pytest.mark.parametrize("text", ["{", "{ nothing }", "{ me { " * 20 + "id" + "}" * 40, "  "])
async def test_an_invalid_document_is_never_stored(http: httpx.AsyncClient, text: str):
    assert code_of(await post(http, {"query": text} | by_apollo(text))) == "BAD_USER_INPUT"
    assert code_of(await post(http, by_apollo(text))) == NOT_FOUND


async def test_two_ids_of_one_document_must_agree(http: httpx.AsyncClient):
    request = {"query": TEXT} | by_apollo(TEXT)
    assert "data" in (await post(http, request | by_id(TEXT))).json()
    assert (await post(http, request | by_id("{ a: __typename }"))).status_code == 400


async def test_a_batch_takes_documents_by_id_too(http: httpx.AsyncClient):
    batch = [by_apollo(TEXT), {"query": TEXT} | by_apollo(TEXT), by_id(TEXT), TYPENAME]
    answers = (await http.post("/graphql", json=batch)).json()
    assert answers[0]["errors"][0]["extensions"]["code"] == NOT_FOUND
    assert [each["data"] for each in answers[1:]] == [{"__typename": "Query"}] * 3


def test_only_the_texts_used_last_are_held_and_no_long_one():
    persisted = Persisted(most=2, longest=30)
    texts = ["{ a: __typename }", "{ b: __typename }", "{ c: __typename }"]
    persisted.keep(OperationRequest(texts[0], document_id=hash_of(texts[0])))
    persisted.keep(OperationRequest(texts[1], document_id=hash_of(texts[1])))
    assert persisted.text_of(OperationRequest(None, document_id=hash_of(texts[0])), Caller()) == texts[0]
    persisted.keep(OperationRequest(texts[2], document_id=hash_of(texts[2])))
    long = "{ __typename }" + " " * 30
    persisted.keep(OperationRequest(long, document_id=hash_of(long)))
    persisted.keep(OperationRequest(texts[1]))
    assert list(persisted._texts.values()) == [texts[0], texts[2]]
    with pytest.raises(PersistedQueryNotFound):
        persisted.text_of(OperationRequest(None, document_id=hash_of(texts[1])), Caller())
