"""The cost of an operation is known before it runs, and a variable, an alias or a fragment cannot hide it."""

import pytest
from graphql import OperationDefinitionNode, parse

from api.cost import Cost, TooEntangled, cost_of
from api.prices import INTROSPECTION, MUTATION, Prices
from api.schema import schema

PRICES = Prices(schema._schema)


def cost(text: str, variables: dict[str, object] | None = None) -> Cost:
    document = parse(text)
    (operation,) = (node for node in document.definitions if isinstance(node, OperationDefinitionNode))
    return cost_of(PRICES, document, operation, variables)


def points(text: str, variables: dict[str, object] | None = None) -> int:
    return cost(text, {} if variables is None else variables).points


def history(page: str, inside: str = "nodes { kind }") -> str:
    return f"{{ me {{ pointsHistory{page} {{ {inside} }} }} }}"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ __typename }", 1),
        ("{ me { id miId state } }", 1),
        ("{ me { balance { available worth { amountMinor } } } }", 3),
        ("{ a: me { id } b: me { id } }", 2),
        ("{ me { waysToEarn { points } } }", 11),
        ("{ me { waysToEarn { cap { left } } } }", 21),
        (history(""), 22),
        (history("(first: 100)"), 102),
        (history("(last: 3)"), 5),
        (history("(first: null)"), 22),
        (history("(first: 0)"), 2),
        (history("(first: -5)"), 2),
        (history("(first: 2147483647)"), 102),
        (history("(first: 10)", "edges { cursor node { kind } } pageInfo { hasNextPage }"), 12),
        (history("(first: 10)", "nodes { kind } edges { node { kind } }"), 22),
        (history("(first: 10)", "nodes { verdict { campaigns { id } } }"), 122),
        (history("(first: 10)", "nodes { verdict { entries { verdict { id } } } }"), 222),
    ],
)
def test_an_object_costs_one_and_counts_as_often_as_its_page_can_hold_it(text: str, expected: int):
    assert points(text) == expected


def test_a_page_counts_the_same_whether_its_size_is_written_or_a_variable():
    text = "query($n: Int = 7) { me { pointsHistory(first: $n) { nodes { kind } } } }"
    assert points(text, {"n": 100}) == points(history("(first: 100)"))
    assert points(text, {"n": None}) == points(history(""))
    assert cost(text, None).points == points(history("(first: 100)")), "without variables, the highest possible cost"


def test_a_mutation_counts_each_time_it_is_selected():
    one = 'earnPoints(input: {activity: {fuel: {}}}, idempotencyKey: "k") { __typename }'
    assert points(f"mutation {{ {one} }}") == MUTATION + 1
    aliases = " ".join(f"a{n}: {one}" for n in range(1000))
    assert points(f"mutation {{ {aliases} }}") == 1000 * (MUTATION + 1)


def test_an_expensive_field_costs_more_than_its_objects():
    assert points("{ liability { outstanding } }") > 50
    assert points("{ exportMember }") > 50


def test_a_fragment_counts_each_time_it_is_spread_and_is_walked_once():
    parts = [f"fragment F{n} on Member {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60)]
    text = " ".join(["{ me { ...F0 } }", *parts, "fragment F60 on Member { balance { available } }"])
    assert points(text) == 1 + 2**60


def test_a_fragment_in_pages_of_several_sizes_counts_for_each():
    fragment = "fragment F on PointsEntryConnection { nodes { kind } }"
    text = "{ me { a: pointsHistory(first: 5) { ...F } b: pointsHistory(first: 50) { ...F } } }"
    assert points(f"{text} {fragment}") == 1 + 6 + 51


def test_a_field_that_is_certainly_left_out_costs_nothing():
    text = "query($b: Boolean!) { me { balance @include(if: $b) { debt } fuel @skip(if: $b) { streakDays } } }"
    assert points(text, {"b": True}) == points(text, {"b": False}) == 2
    assert cost(text, None).points == 3
    assert points("{ me { fuel @skip(if: true) { streakDays } } }") == 1


def test_introspection_is_noticed_and_has_its_price():
    assert cost("{ __schema { types { name } } }", {}) == Cost(INTROSPECTION, reads_schema=True)
    assert cost('{ ...F } fragment F on Query { t: __type(name: "Member") { name } }', {}).reads_schema
    assert not cost("{ __typename }", {}).reads_schema


def test_fragments_that_lead_further_than_can_be_followed_are_refused():
    chain = [f"fragment F{n} on Member {{ ...F{n + 1} }}" for n in range(2000)]
    with pytest.raises(TooEntangled):
        points(" ".join(["{ me { ...F0 } }", *chain, "fragment F2000 on Member { id }"]))
