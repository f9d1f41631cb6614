"""A plan's answer equals graphql-core's, byte for byte, for any operation and any error."""

import warnings

import pytest
from graphql import DocumentNode, OperationDefinitionNode, OperationType, StringValueNode, parse, validate
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis_graphql import mutations, queries

from tests.compiled.clock import run
from tests.compiled.odd import SCHEMA, World
from tests.compiled.spicing import Spiced, spiced
from tests.compiled.ways import interpreted, plan_of, planned

CORE = SCHEMA._schema
CENTS = {"Cents": st.sampled_from(["12", "é", ""]).map(lambda text: StringValueNode(value=text))}
ODDITIES = (0, 2, 10, 40)
SEEDS = st.integers(0, 2**32)
MANY = settings(max_examples=250, deadline=None, suppress_health_check=list(HealthCheck))
EVERYTHING = """{ branch {
    either { ... on Leaf { name nick key whole real flag colour hue cents spare texts grid }
      ... on Twig { leaf { name } } }
    twigs { name nick leaf { whole } here selected atOnce later maybeLater guarded loud(wish: {text: "a"})
      branch { echo } }
    maybeTwigs { name leaves { whole name } later } named { __typename name }
    several { __typename ... on Named { name } } anything { ... on Named { nick } __typename } }
  twig { name later maybeLater } leaves { whole } whole }"""
MUTATION = """mutation {
  grow(wish: {text: "a", counts: [1, 2]}) { twigs { later name } }
  cut { __typename ... on Leaf { whole } ... on Twig { later } }
  count b: count(by: 3) c: grow(wish: {}) { echo(wish: {counts: [1]}) } }"""
WITH_VARIABLES = """query($a: Int = 2, $s: Boolean!, $w: Wish) { branch {
  twigs(first: $a) { name @skip(if: $s) loud(wish: $w) later @include(if: $s) }
  echo(counts: [$a, 2], wish: {inner: $w}) } }"""


async def both_ways(spiced_operation: Spiced, seed: int, oddity: int) -> bool:
    """Checks that both answers are equal and that each root field of a mutation ran once. True if the plan finished."""
    plan = plan_of(SCHEMA, spiced_operation.document)
    assert plan is not None
    worlds = World(seed, oddity), World(seed, oddity)
    expected = await interpreted(SCHEMA, spiced_operation.document, worlds[0], spiced_operation.variables)
    answer, is_finished = await planned(SCHEMA, plan, spiced_operation.document, worlds[1], spiced_operation.variables)
    assert answer == expected
    first, second = ([call for call in each.calls if call.startswith("root")] for each in worlds)
    assert first == second or is_query(spiced_operation.document)  # a query's cancelled resolvers may run again
    return is_finished


def is_query(document: DocumentNode) -> bool:
    """Whether a document's operation changes nothing."""
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return operation.operation is OperationType.QUERY


def check(text: str, seed: int) -> None:
    """One generated operation, spiced in several ways, each in a world of its own."""

    async def all_ways() -> None:
        for oddity in ODDITIES:
            spiced_operation = spiced(CORE, text, seed + oddity)
            assert not validate(CORE, spiced_operation.document)
            await both_ways(spiced_operation, seed, oddity)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # odd values include coroutines that are not awaited
        run(all_ways())


@pytest.mark.timeout(600)
@MANY
@given(queries(CORE, custom_scalars=CENTS), SEEDS)
def test_generated_queries(text: str, seed: int):
    check(text, seed)


@pytest.mark.timeout(600)
@MANY
@given(mutations(CORE, custom_scalars=CENTS), SEEDS)
def test_generated_mutations(text: str, seed: int):
    check(text, seed)


@pytest.mark.parametrize("text", [EVERYTHING, MUTATION, WITH_VARIABLES])
@pytest.mark.parametrize("oddity", [0, 3, 15, 40])
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_many_worlds_of_all_kinds_of_values(text: str, oddity: int):
    document, variables = parse(text), {"s": True, "w": {"text": "q", "counts": [1]}}
    assert not validate(CORE, document)

    async def all_worlds() -> list[bool]:
        return [await both_ways(Spiced(document, variables | {"s": s % 2 == 0}), s, oddity) for s in range(60)]

    finished = run(all_worlds())
    assert all(finished) or oddity > 0
