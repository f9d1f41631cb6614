"""Trusted documents: the app's operations by id, prepared at start. A setting limits members to them."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio

from api.app import admission_of
from api.documents import Documents
from api.manifest import ManifestProblem, documents_in, manifest_of, manifest_text
from api.persisted import hash_of
from api.schema import schema
from api.trusted import FOLDER, MANIFEST, check_costs, trusted_documents
from tests.api.away import MEMBER, NOWHERE, OPERATOR, TYPENAME, code_of, opened_http
from tests.support.stage import settings_for

TRUSTED = {each["name"]: each for each in json.loads((FOLDER / MANIFEST).read_text("utf-8"))["operations"]}
POINTS = TRUSTED["PointsCenterQuery"]


@pytest_asyncio.fixture
async def strict() -> AsyncIterator[httpx.AsyncClient]:
    """An API where members may run only documents of the manifest."""
    async with opened_http(only_trusted_documents=True) as client:
        yield client


async def ask(http: httpx.AsyncClient, request: object, headers: dict[str, str]) -> str:
    """ "ok", or the code of the first error. UNAVAILABLE shows that the operation ran until it needed the database."""
    answer = (await http.post("/graphql", json=request, headers=headers)).json()
    return answer["errors"][0]["extensions"]["code"] if "errors" in answer else "ok"


def test_the_shipped_manifest_is_made_from_the_shipped_operations():
    files = {path.name: path.read_text("utf-8") for path in FOLDER.glob("*.graphql")}
    assert (FOLDER / MANIFEST).read_text("utf-8") == manifest_text(manifest_of(files))
    assert {each["type"] for each in TRUSTED.values()} == {"query", "mutation", "subscription"}
    assert all(each["id"] == hash_of(each["body"]) for each in TRUSTED.values())


def test_every_trusted_document_is_within_the_cost_of_one_operation():
    documents = Documents(schema._schema)
    trusted = trusted_documents(documents)
    check_costs(documents, trusted, admission_of(settings_for(NOWHERE), None))
    with pytest.raises(ManifestProblem, match="can cost"):
        check_costs(documents, trusted, admission_of(settings_for(NOWHERE, graphql_max_cost=3), None))


def test_trusted_documents_are_prepared_once_and_never_evicted():
    documents = Documents(schema._schema, most=1)
    trusted = trusted_documents(documents)
    prepared = {text: documents.prepare(text) for text in trusted.values()}
    for number in range(5):
        documents.prepare(f"{{ a{number}: __typename }}")
    assert all(documents.prepare(text) is prepared[text] for text in trusted.values())


@pytest.mark.parametrize("form", ["{}", "sha256:{}"])
async def test_every_caller_may_send_an_id_of_the_manifest(http: httpx.AsyncClient, form: str):
    assert await ask(http, {"documentId": form.format(POINTS["id"])}, MEMBER) == "UNAVAILABLE"
    assert await ask(http, {"documentId": form.format(POINTS["id"])}, OPERATOR) == "FORBIDDEN"


async def test_members_and_unauthenticated_clients_can_be_limited_to_the_manifest(strict: httpx.AsyncClient):
    by_hash = {"extensions": {"persistedQuery": {"version": 1, "sha256Hash": POINTS["id"]}}}
    for request in ({"documentId": POINTS["id"]}, by_hash, by_hash | {"query": POINTS["body"]}):
        assert await ask(strict, request, MEMBER) == "UNAVAILABLE"
        assert await ask(strict, request, {}) == "UNAUTHENTICATED"
    for headers in (MEMBER, {}, {"authorization": "Bearer a.b.c"}):
        answer = await strict.post("/graphql", json=TYPENAME, headers=headers)
        assert code_of(answer) == "FORBIDDEN"
        assert "manifest" in answer.json()["errors"][0]["message"]
        assert await ask(strict, {"query": POINTS["body"]}, headers) == "FORBIDDEN"


async def test_services_may_send_any_document_but_members_cannot_run_it_by_its_id(strict: httpx.AsyncClient):
    text = "{ __typename }"
    named = {"documentId": hash_of(text)}
    assert await ask(strict, named | {"query": text}, MEMBER) == "FORBIDDEN"
    assert await ask(strict, named | {"query": text}, OPERATOR) == "ok"
    assert await ask(strict, named, OPERATOR) == "ok"
    assert await ask(strict, named, MEMBER) == "PERSISTED_QUERY_NOT_FOUND"


async def test_each_operation_of_a_batch_is_limited_to_the_manifest(strict: httpx.AsyncClient):
    batch = [{"documentId": POINTS["id"]}, TYPENAME]
    answers = (await strict.post("/graphql", json=batch, headers=MEMBER)).json()
    assert [each["errors"][0]["extensions"]["code"] for each in answers] == ["UNAVAILABLE", "FORBIDDEN"]


def manifest(*operations: object, **others: object) -> str:
    return json.dumps({"format": "apollo-persisted-query-manifest", "version": 1, "operations": operations} | others)


def entry(body: str, id_: str = "a") -> dict[str, str]:
    return {"id": id_, "name": "A", "type": "query", "body": body}


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("{", "not JSON"),
        ("[]", "format"),
        (manifest(version=2), "version"),
        (manifest(format="other"), "format"),
        (manifest({"id": "a"}), "a body"),
        (manifest(entry("{ __typename }", "")), "an id"),
        (manifest(entry("{ a: __typename }"), entry("{ b: __typename }")), "the same id"),
        (manifest(entry("{ __typename }", "a" * 201)), "an id of 1 to 200"),
        ("{}", "format"),
        (json.dumps({"a": 7}), "is a text"),
        (json.dumps({"": "{ __typename }"}), "an id of 1 to 200"),
        (json.dumps({"a": "{ __typename }", "sha256:a": "{ __typename }"}), "the same id"),
        (json.dumps({"a": "query A { nothing }"}), "document a is not valid: Cannot query field 'nothing'"),
        (json.dumps({"a": "{ __typename }", "format": "{ __typename }"}), "neither"),
        (manifest(entry("query A { nothing }")), "document a is not valid: Cannot query field 'nothing'"),
        (manifest(entry("query A {")), "document a is not valid: Syntax Error"),
        (manifest(entry("query A { me { " * 20 + "id" + "}" * 40)), "document a is not valid"),
    ],
)
def test_a_manifest_that_cannot_be_used_stops_the_start_with_a_sentence(tmp_path: Path, text: str, word: str):
    file = tmp_path / "manifest.json"
    file.write_text(text, "utf-8")
    with pytest.raises(ManifestProblem, match=word):
        trusted_documents(Documents(schema._schema), str(file))


def test_a_plain_manifest_of_texts_by_id_is_read_as_codegen_relay_and_yoga_write_it(tmp_path: Path):
    file = tmp_path / "persisted-documents.json"
    texts = {"sha256:5d2f": "query A { __typename }", "0f1e2d3c": "query B { me { id } }"}
    file.write_text(json.dumps(texts), "utf-8")
    read = trusted_documents(Documents(schema._schema), str(file))
    assert read == {"5d2f": texts["sha256:5d2f"], "0f1e2d3c": texts["0f1e2d3c"]}


def test_a_manifest_that_is_not_there_stops_the_start_with_a_sentence(tmp_path: Path):
    with pytest.raises(ManifestProblem, match="cannot be read"):
        trusted_documents(Documents(schema._schema), str(tmp_path / "none.json"))


def test_a_manifest_holds_operations_and_the_fragments_they_need():
    files = {
        "b.graphql": "query B { me { ...F balance { available } } }",
        "a.graphql": "fragment F on Member { id ...G } fragment G on Member { fuel { streakDays } }",
        "c.graphql": "fragment H on Member { id }",
    }
    made = manifest_of(files)
    (operation,) = made["operations"]
    body = operation["body"]
    assert operation["name"] == "B"
    assert body.index("query B") < body.index("fragment F") < body.index("fragment G")
    assert "fragment H" not in operation["body"]
    assert operation["body"].count("__typename") == 5
    assert documents_in(manifest_text(made)) == {operation["id"]: operation["body"]}


@pytest.mark.parametrize(
    ("files", "word"),
    [
        ({"a": "query A {"}, "Syntax Error"),
        ({"a": "{ me { id } }"}, "a name of its own"),
        ({"a": "query A { me { id } }", "b": "query A { me { id } }"}, "a name of its own"),
        ({"a": "fragment A on Member { id }", "b": "fragment A on Member { id }"}, "a name of its own"),
        ({"a": "type A { a: Int }"}, "operations and fragments only"),
        ({"a": "query A { me { ...F } }"}, "no fragment F"),
        ({"a": 'query A { couponsForCart(miId: "a", cart: {lines: []}) { usable } }'}, "variable"),
    ],
)
def test_files_that_make_no_manifest_are_refused_with_a_sentence(files: dict[str, str], word: str):
    with pytest.raises(ManifestProblem, match=word):
        manifest_of(files)
