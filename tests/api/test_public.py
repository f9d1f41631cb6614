"""Queries that are the same for everyone may be kept by caches for a minute; all other answers by none."""

import httpx
import pytest
from graphql import GraphQLObjectType, get_named_type, parse

from api.public import is_for_everyone, is_known
from api.schema import schema
from api.schema.root_fields import PUBLIC, declared
from tests.support.stage import Stage

GET = {"apollo-require-preflight": "true"}
REWARDS = '{ rewards(market: "ES") { id name cost } }'
EVERYTHING = """query q { ...all } fragment all on Query {
  __typename ... { a: rewards(market: "ES") { id } } b: campaigns(market: "ES") { id } terms(market: "ES") { version }
}"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (REWARDS, True),
        (EVERYTHING, True),
        ("{ __typename }", False),
        ("{ me { id } }", False),
        ('{ rewards(market: "ES") { id } me { id } }', False),
        ('{ rewards: me { id } }', False),
        ('{ ...a } fragment a on Query { rewards(market: "ES") { id } ...b } fragment b on Query { me { id } }', False),
        ('{ rewards(market: "ES") { id } ... { node(id: "x") { id } } }', False),
        ('{ rewards(market: "ES") { id } __schema { types { name } } }', False),
    ],
)  # fmt: skip
def test_a_query_is_public_if_all_of_its_root_fields_are(text: str, expected: bool):
    document = parse(text)
    assert is_for_everyone(schema._schema, document, document.definitions[0]) == expected  # type: ignore[arg-type]


def test_no_public_field_leads_to_anything_of_a_member():
    query = schema._schema.query_type
    assert query is not None
    waiting = [get_named_type(field.type) for field in query.fields.values() if declared(field).get(PUBLIC)]
    reached: set[str] = set()
    while waiting:
        type_ = waiting.pop()
        if isinstance(type_, GraphQLObjectType) and type_.name not in reached:
            reached.add(type_.name)
            waiting += [get_named_type(field.type) for field in type_.fields.values()]
    assert reached == {"Reward", "Campaign", "Terms", "EarningTerm", "Money"}


async def get(stage: Stage, query: str, token: str | None = None, **headers: str) -> httpx.Response:
    sent = GET | {name.replace("_", "-"): value for name, value in headers.items()}
    return await stage.http.get(
        "/graphql", params={"query": query}, headers=sent | ({"authorization": f"Bearer {token}"} if token else {})
    )


async def test_a_public_answer_is_kept_and_confirmed_without_a_body(stage: Stage):
    first = await get(stage, REWARDS)
    assert first.headers["cache-control"] == "public, max-age=60"
    assert {"accept", "accept-language", "accept-encoding"} <= set(first.headers["vary"].lower().split(", "))
    tag = first.headers["etag"]
    for token in (None, stage.token("mi-1"), stage.token(scope="operator")):
        again = await get(stage, REWARDS, token, if_none_match=f'"x", {tag}')
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
        assert again.headers["cache-control"] == "public, max-age=60"
        assert (await get(stage, REWARDS, token)).content == first.content, "nothing in it is the caller's"
    other = await get(stage, '{ rewards(market: "GB") { id } }', if_none_match=tag)
    assert (other.status_code, other.headers["etag"] != tag) == (200, True)


async def test_what_is_not_public_is_never_kept(stage: Stage):
    await stage.register("mi-1")
    mine, both = "{ me { miId } }", '{ me { miId } rewards(market: "ES") { id } }'
    answers = [
        await get(stage, mine, stage.token("mi-1")),
        await get(stage, both, stage.token("mi-1")),
        await get(stage, '{ rewards(market: "XX") { id } }'),
        await get(stage, "{ rewards(market: 7) { id } }"),
        await stage.http.post("/graphql", json={"query": REWARDS}),
        await get(stage, REWARDS, accept="text/html"),
    ]
    for answer in answers:
        assert answer.headers["cache-control"] == "no-store"
        assert "etag" not in answer.headers


async def test_a_head_has_the_headers_of_the_get_and_no_body(stage: Stage):
    for path, params in (("/graphql", {"query": REWARDS}), ("/graphql", {"query": "{ __typename }"}), ("/healthz", {})):
        read = await stage.http.get(path, params=params, headers=GET)
        head = await stage.http.head(path, params=params, headers=GET)
        assert (head.status_code, head.content) == (200, b"")
        for name in ("content-length", "content-type", "cache-control", "etag"):
            assert head.headers.get(name) == read.headers.get(name)
    mutation = {"query": "mutation { __typename }"}
    assert (await stage.http.head("/graphql", params=mutation, headers=GET)).status_code == 405


@pytest.mark.parametrize(
    ("given", "expected"),
    [(None, False), ("", False), ('"a"', True), ('W/"a"', True), ('"b", W/"a"', True), ("*", True), ('"b"', False),
     ("a", False)],
)  # fmt: skip
def test_a_tag_is_known_by_weak_comparison(given: str | None, expected: bool):
    assert is_known('W/"a"', given) is expected
