"""A plan's answer is graphql-core's, byte for byte, whatever is asked and whatever goes wrong."""

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
ALL = """{ branch {
    either { ... on Leaf { name nick key whole real flag colour hue cents spare texts grid }
      ... on Twig { leaf { name } } }
    twigs { name nick leaf { whole } here selected atOnce later maybeLater guarded loud(wish: {text: "a"})
      branch { echo } }
    maybeTwigs { name leaves { whole name } later } named { __typename name }
    several { __typename ... on Named { name } } anything { ... on Named { nick } __typename } }
  twig { name later maybeLater } leaves { whole } whole }"""
DONE = """mutation {
  grow(wish: {text: "a", counts: [1, 2]}) { twigs { later name } }
  cut { __typename ... on Leaf { whole } ... on Twig { later } }
  count b: count(by: 3) c: grow(wish: {}) { echo(wish: {counts: [1]}) } }"""
ASKED = """query($a: Int = 2, $s: Boolean!, $w: Wish) { branch {
  twigs(first: $a) { name @skip(if: $s) loud(wish: $w) later @include(if: $s) }
  echo(counts: [$a, 2], wish: {inner: $w}) } }"""


async def both_ways(asked: Spiced, seed: int, oddity: int) -> bool:
    """Whether the plan needed nobody; the answers are the same, and a mutation's fields were asked once."""
    plan = plan_of(SCHEMA, asked.document)
    assert plan is not None
    worlds = World(seed, oddity), World(seed, oddity)
    expected = await interpreted(SCHEMA, asked.document, worlds[0], asked.variables)
    answer, is_alone = await planned(SCHEMA, plan, asked.document, worlds[1], asked.variables)
    assert answer == expected
    first, second = ([call for call in each.calls if call.startswith("root")] for each in worlds)
    assert first == second or is_query(asked.document)  # of a query, what was cancelled may be asked again
    return is_alone


def is_query(document: DocumentNode) -> bool:
    """Whether a document's operation changes nothing."""
    operation = next(each for each in document.definitions if isinstance(each, OperationDefinitionNode))
    return operation.operation is OperationType.QUERY


def check(text: str, seed: int) -> None:
    """One generated operation, spiced in several ways, each in a world of its own."""

    async def all_ways() -> None:
        for oddity in ODDITIES:
            asked = spiced(CORE, text, seed + oddity)
            assert not validate(CORE, asked.document)
            await both_ways(asked, seed, oddity)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # what nobody awaits is part of the odd values
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


@pytest.mark.parametrize("text", [ALL, DONE, ASKED])
@pytest.mark.parametrize("oddity", [0, 3, 15, 40])
@pytest.mark.filterwarnings("ignore:coroutine:RuntimeWarning")
def test_many_worlds_of_everything_at_once(text: str, oddity: int):
    document, variables = parse(text), {"s": True, "w": {"text": "q", "counts": [1]}}
    assert not validate(CORE, document)

    async def all_worlds() -> list[bool]:
        return [await both_ways(Spiced(document, variables | {"s": s % 2 == 0}), s, oddity) for s in range(60)]

    alone = run(all_worlds())
    assert all(alone) or oddity > 0
