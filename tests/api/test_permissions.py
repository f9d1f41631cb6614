"""The permission of each root field: its description states it, and it is checked for each kind of caller."""

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
from tests.api.root_fields import operation, root_fields
from tests.support.stage import settings_for

NOWHERE = "postgresql://unused@127.0.0.1:9/nothing"
SETTINGS = settings_for(NOWHERE, graphql_stranger_budget=0, graphql_member_budget=0)
FIELDS = root_fields()
NAMES = [name for _, name, _ in FIELDS]
CALLERS = {
    "unauthenticated": Caller(),
    "member": Caller("mi-1"),
    **{scope: Caller(scope, frozenset({scope}), is_service=True) for scope in ("storefront", "operator", "auditor")},
    "member with scopes of its provider": Caller("mi-1"),
}


@pytest_asyncio.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    db = await connect(NOWHERE, most=10, seconds=0.2)
    app = create_app(SETTINGS, Programme.of(db, SETTINGS), None, Verifier(SETTINGS))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://mi.test") as client:
        yield client
    await db.close()


def permission(field: GraphQLField) -> Permission:
    permitted = declared(field).get(PERMISSION)
    assert isinstance(permitted, Permission)
    return permitted


def may(declared_permission: Permission, caller: str) -> bool:
    """Whether a caller may use a field, by the words of its description alone."""
    words = declared_permission.words
    if words == "everyone":
        return True
    return "member" in words if caller.startswith("member") else caller in words.replace(" with miId", "").split(", ")


@pytest.mark.parametrize(("kind", "name", "field"), FIELDS, ids=NAMES)
def test_every_root_field_states_its_permission_and_checks_it(kind: str, name: str, field: GraphQLField):
    assert field.description.startswith(f"{permission(field).words}: ")
    extensions = field.extensions["strawberry-definition"].extensions
    if kind != "subscription":
        assert [each.permission for each in extensions if isinstance(each, AsPermitted)] == [permission(field)]


@pytest.mark.parametrize("caller", CALLERS)
@pytest.mark.parametrize(("kind", "name", "field"), [each for each in FIELDS if each[0] != "subscription"])
async def test_a_caller_may_do_exactly_what_a_description_states(
    http: httpx.AsyncClient, caller: str, kind: str, name: str, field: GraphQLField
):
    token = {
        "unauthenticated": None,
        "member": issue(SETTINGS, member="mi-1"),
        "member with scopes of its provider": issue(SETTINGS, scope="openid profile", name="mi-1"),
    }
    bearer = token[caller] if caller in token else issue(SETTINGS, scope=caller)
    headers = {"authorization": f"Bearer {bearer}"} if bearer else {}
    answer = (await http.post("/graphql", json={"query": operation(kind, name, field, "mi-1")}, headers=headers)).json()
    codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
    is_refused = bool(codes & {"UNAUTHENTICATED", "FORBIDDEN"}) or (
        kind == "mutation" and (answer["data"][name] or {}).get("__typename") == "NotAllowed"
    )
    if name == "node":  # an invalid id is null for every authenticated caller
        assert is_refused == (caller == "unauthenticated")
    else:
        assert is_refused is not may(permission(field), caller)


@pytest.mark.parametrize(("kind", "name", "field"), FIELDS, ids=NAMES)
def test_a_description_states_the_cost_and_the_refusals(kind: str, name: str, field: GraphQLField):
    assert "Costs " in field.description
    union = get_named_type(field.type)
    if isinstance(union, GraphQLUnionType):
        (line,) = [each for each in field.description.splitlines() if each.startswith("Refusals: ")]
        refusals = {each.name for each in union.types if [face.name for face in each.interfaces] == ["Refusal"]}
        assert set(line.removeprefix("Refusals: ").rstrip(".").split(", ")) == refusals


def test_examples_are_valid_operations():
    examples = {name: example for _, name, field in FIELDS if (example := declared(field).get(EXAMPLE))}
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
