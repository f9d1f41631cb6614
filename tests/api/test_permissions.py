"""Who may ask what is declared beside each root field: told in its description, checked for each kind of caller."""

from collections.abc import AsyncIterator

import httpx
import pytest
import pytest_asyncio
from graphql import GraphQLField, GraphQLUnionType, get_named_type

from api.app import create_app
from api.documents import Documents
from api.permissions import EVERYONE, MEMBERS, SERVICES_NAMED_AND_OWN, STOREFRONT, Permission
from api.schema import schema
from api.schema.root_fields import EXAMPLE, PERMISSION, AsPermitted, declared
from db.pool import connect
from loyalty.callers import Caller
from loyalty.programme.programme import Programme
from loyalty.tokens import Verifier, issue
from tests.api.asking import operation, root_fields
from tests.support.stage import settings_for

NOWHERE = "postgresql://nobody@127.0.0.1:9/nothing"
SETTINGS = settings_for(NOWHERE, graphql_stranger_budget=0, graphql_member_budget=0)
FIELDS = root_fields()
NAMES = [name for _, name, _ in FIELDS]
CALLERS = {
    "stranger": Caller(),
    "member": Caller("mi-1"),
    **{scope: Caller(scope, frozenset({scope}), is_service=True) for scope in ("storefront", "operator", "auditor")},
    "scopeless service": Caller("someone", frozenset(), is_service=True),
}


@pytest_asyncio.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    db = await connect(NOWHERE, most=10, seconds=0.2)
    app = create_app(SETTINGS, Programme(db), None, Verifier(SETTINGS))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mi.test") as client:
        yield client
    await db.close()


def permission(told: GraphQLField) -> Permission:
    found = declared(told).get(PERMISSION)
    assert isinstance(found, Permission)
    return found


def may(told: Permission, caller: str) -> bool:
    """By the words alone, as a reader of the description understands them."""
    words = told.words
    if words == "everyone":
        return True
    return "member" in words if caller == "member" else caller in words.replace(" with miId", "").split(", ")


@pytest.mark.parametrize(("kind", "name", "told"), FIELDS, ids=NAMES)
def test_every_root_field_says_who_may_ask_and_checks_that(kind: str, name: str, told: GraphQLField):
    assert told.description.startswith(f"{permission(told).words}: ")
    extensions = told.extensions["strawberry-definition"].extensions
    if kind != "subscription":
        assert [each.permission for each in extensions if isinstance(each, AsPermitted)] == [permission(told)]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("kind", "name", "told"), [each for each in FIELDS if each[0] != "subscription"])
async def test_nobody_gets_past_the_words_of_a_description(
    http: httpx.AsyncClient, caller: str, kind: str, name: str, told: GraphQLField
):
    token = {
        "stranger": None,
        "member": issue(SETTINGS, member="mi-1"),
        "scopeless service": issue(SETTINGS, scope="x"),
    }
    bearer = token[caller] if caller in token else issue(SETTINGS, scope=caller)
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    answer = (await http.post("/graphql", json={"query": operation(kind, name, told, "mi-1")}, headers=headers)).json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    is_refused = bool(codes & {"UNAUTHENTICATED", "FORBIDDEN"}) or (
        kind == "mutation" and (answer["data"][name] or {}).get("__typename") == "NotAllowed"
    )
    if name == "node":  # an id that is none is nobody's to ask
        assert is_refused == (caller == "stranger")
    else:
        assert is_refused is not may(permission(told), caller)


@pytest.mark.parametrize(("kind", "name", "told"), FIELDS, ids=NAMES)
def test_a_description_says_what_it_costs_and_which_refusals_it_has(kind: str, name: str, told: GraphQLField):
    assert "Costs " in told.description
    union = get_named_type(told.type)
    if isinstance(union, GraphQLUnionType):
        (line,) = [each for each in told.description.splitlines() if each.startswith("Refusals: ")]
        refusals = {each.name for each in union.types if [face.name for face in each.interfaces] == ["Refusal"]}
        assert set(line.removeprefix("Refusals: ").rstrip(".").split(", ")) == refusals


def test_examples_are_operations_that_the_schema_takes():
    examples = {name: example for _, name, told in FIELDS if (example := declared(told).get(EXAMPLE))}
    assert {"me", "earnPoints", "redeemPoints", "recordOrder", "couponsForCart", "rewards"} <= set(examples)
    documents = Documents(schema._schema)
    assert {name: documents.prepare(example).errors for name, example in examples.items()} == dict.fromkeys(
        examples, ()
    )


def test_permissions_in_words():
    assert EVERYONE.words == "everyone"
    assert MEMBERS.words == "member (app)"
    assert STOREFRONT.words == "storefront"
    assert SERVICES_NAMED_AND_OWN.words == "storefront, operator, auditor with miId, and a member its own"
