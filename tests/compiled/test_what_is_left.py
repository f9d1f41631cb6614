"""The operations that plans leave to graphql-core, and the limits of plans."""

import ast
from collections.abc import AsyncGenerator
from pathlib import Path
from typing import Any

import pytest
import strawberry
from graphql import parse
from strawberry.extensions import SchemaExtension

import api.compiled
from api.compiled.replaying import Incomplete, ReplayingExecutor
from tests.compiled.odd import SCHEMA, World
from tests.compiled.ways import interpreted, plan_of, planned

FOLDER = Path(api.compiled.__file__).parent
OURS = {"api", "loyalty", "db", "workers", "mipoints"}


@strawberry.type
class Query:
    @strawberry.field
    def numbers(self) -> list[int]:
        return iter([1, 2])  # type: ignore[return-value]

    @strawberry.field
    def name(self) -> str:
        return "name"


@strawberry.type
class Subscription:
    @strawberry.subscription
    async def numbers(self) -> AsyncGenerator[int, None]:
        yield 1


PLAIN = strawberry.Schema(Query, subscription=Subscription, execution_context_class=ReplayingExecutor)


def test_the_package_imports_nothing_of_this_project():
    for path in FOLDER.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            named = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            named += [each.name for each in node.names] if isinstance(node, ast.Import) else []
            for name in named:
                assert name.startswith("api.compiled") or name.partition(".")[0] not in OURS, (path, name)


def test_no_text_becomes_code():
    for path in FOLDER.glob("*.py"):
        called = {
            node.func.id
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)
        }
        assert not called & {"eval", "exec", "compile", "__import__"}, path


@pytest.mark.parametrize(
    "text",
    ["{ __schema { queryType { name } } }", '{ __type(name: "Query") { name } }', "subscription { numbers }"],
)
def test_introspection_and_subscriptions_have_no_plan(text: str):
    assert plan_of(PLAIN, parse(text)) is None


def test_a_schema_with_other_extensions_or_another_executor_has_no_plans():
    class Other(SchemaExtension):
        pass

    for options in ({"extensions": [Other], "execution_context_class": ReplayingExecutor}, {}):
        schema: Any = strawberry.Schema(Query, **options)  # type: ignore[arg-type]
        assert plan_of(schema, parse("{ name }")) is None


async def test_iterators_are_left_to_graphql_core_and_a_plan_that_meets_three_is_given_up():
    document = parse("{ numbers }")
    plan = plan_of(PLAIN, document)
    assert plan is not None
    for _ in range(3):
        assert plan.fits
        assert (await planned(PLAIN, plan, document, None))[0] == b'{"data":{"numbers":[1,2]}}'
    assert not plan.fits


async def test_conditions_make_eight_variants_at_most():
    names = [f"a{n}" for n in range(4)]
    fields = " ".join(f"{name}: name @include(if: ${name})" for name in names)
    document = parse(f"query({' '.join(f'${name}: Boolean!' for name in names)}) {{ {fields} }}")
    plan = plan_of(PLAIN, document)
    assert plan is not None
    for number in range(16):
        variables = {name: bool(number >> place & 1) for place, name in enumerate(names)}
        answer = await plan.execute(None, variables)
        if number < 8:
            assert isinstance(answer, str)
            continue
        assert isinstance(answer, Incomplete)
        completed = await planned(PLAIN, plan, document, None, variables)
        assert completed == (await interpreted(PLAIN, document, None, variables), False)
    assert plan.size < 40


def test_a_document_with_too_many_fields_has_no_plan():
    nested = "named { ... on Twig { branch { echo } } }"
    assert plan_of(SCHEMA, parse(f"{{ branch {{ {nested} }} }}")) is not None
    many = " ".join(f"a{n}: several {{ ... on Named {{ name nick }} }}" for n in range(600))
    assert plan_of(SCHEMA, parse(f"{{ branch {{ {many} }} }}")) is None


async def test_half_a_character_and_percent_signs_are_written_as_they_are():
    document = parse("{ leaves(count: 5) { name texts } }")
    plan = plan_of(SCHEMA, document)
    assert plan is not None
    for seed in range(20):
        answer, is_finished = await planned(SCHEMA, plan, document, World(seed, 0))
        assert is_finished
        assert answer == await interpreted(SCHEMA, document, World(seed, 0))
