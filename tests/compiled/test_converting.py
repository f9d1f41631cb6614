"""Input values reach a resolver as Strawberry hands them over: nested, listed, omitted, null, and of odd types."""

from datetime import date
from enum import Enum
from typing import Any

import pytest
import strawberry
from graphql import parse
from strawberry.relay import GlobalID

from api.compiled.plan import compile_operation
from api.compiled.replaying import ReplayingExecutor
from tests.compiled.ways import interpreted, planned


@strawberry.input
class Line:
    sku: str
    count: int = 1
    note: str | None = None
    tags: list[str] = strawberry.field(default_factory=lambda: ["none"])


@strawberry.input
class Tree:
    name: str
    branches: list["Tree"] | None = None


@strawberry.input
class Order:
    lines: list[Line]
    rows: list[list[Line | None]] | None = None
    first: Line | None = None
    node: GlobalID | None = None
    maybe: strawberry.Maybe[int]
    tree: Tree | None = None


@strawberry.enum
class Size(Enum):
    SMALL = "s"
    LARGE = "l"


@strawberry.input(one_of=True)
class Either:
    number: int | None = strawberry.UNSET
    text: str | None = strawberry.UNSET


@strawberry.type
class Query:
    @strawberry.field
    def either(self, either: Either, size: Size = Size.SMALL, day: date | None = None) -> str:
        return f"{either!r} {size!r} {day!r}"

    @strawberry.field
    def line(self, line: Line | None = None, lines: list[Line] | None = strawberry.UNSET) -> str:
        return f"{line!r} {lines!r}"

    @strawberry.field
    def order(self, order: Order, size: int = 3) -> str:
        return f"{order!r} {size}"

    @strawberry.field
    def tagged(self, line: Line) -> str:
        line.tags.append("more")
        return ",".join(line.tags)

    @strawberry.field
    def tree(self, tree: Tree) -> str:
        return repr(tree)


SCHEMA = strawberry.Schema(Query, execution_context_class=ReplayingExecutor)
LINE = "query Q($line: Line, $lines: [Line!]) { line(line: $line, lines: $lines) }"
ORDER = "query Q($order: Order!, $size: Int! = 5) { order(order: $order, size: $size) }"
EITHER = "query Q($either: Either!, $size: Size!, $day: Date) { either(either: $either, size: $size, day: $day) }"
TREE = "query Q($tree: Tree!) { tree(tree: $tree) }"

CASES: dict[str, tuple[str, dict[str, Any]]] = {
    "nothing is given": (LINE, {}),
    "null": (LINE, {"line": None, "lines": None}),
    "what has a default is omitted": (LINE, {"line": {"sku": "a"}}),
    "what has a default is null": (LINE, {"line": {"sku": "a", "note": None}}),
    "everything is given": (LINE, {"line": {"sku": "é\n", "count": 2, "note": "n", "tags": []}, "lines": []}),
    "one value stands for a list": (LINE, {"lines": {"sku": "a", "tags": "b"}}),
    "a list": (LINE, {"lines": [{"sku": "a"}, {"sku": "b", "tags": ["x", "y"]}]}),
    "a name that is not declared": (LINE, {"line": {"sku": "a"}, "other": 1}),
    "a value of another type": (LINE, {"line": {"sku": 1}}),
    "a field that the input does not have": (LINE, {"line": {"sku": "a", "x": 1}}),
    "lists of lists": (ORDER, {"order": {"lines": [], "rows": [[{"sku": "a"}, None], []]}}),
    "an id": (ORDER, {"order": {"lines": [], "node": str(GlobalID("Line", "1"))}}),
    "no id": (ORDER, {"order": {"lines": [], "node": "%"}}),
    "a value that may be absent": (ORDER, {"order": {"lines": [], "maybe": 4}, "size": 1}),
    "the same as null": (ORDER, {"order": {"lines": [], "maybe": None}}),
    "null for a number that has a default": (ORDER, {"order": {"lines": []}, "size": None}),
    "a required value is missing": (ORDER, {"size": 1}),
    "one of two": (EITHER, {"either": {"number": 1}, "size": "LARGE", "day": "2026-11-28"}),
    "both of two": (EITHER, {"either": {"number": 1, "text": "x"}, "size": "LARGE"}),
    "none of two": (EITHER, {"either": {}, "size": "SMALL"}),
    "one of two is null": (EITHER, {"either": {"text": None}, "size": "SMALL"}),
    "an enum's value that does not exist": (EITHER, {"either": {"number": 1}, "size": "s"}),
    "a day that does not exist": (EITHER, {"either": {"number": 1}, "size": "SMALL", "day": "2026-13-01"}),
    "a list instead of an object": (LINE, {"line": [], "lines": [[]]}),
    "a number that is too large": (LINE, {"line": {"sku": "a", "count": 2**31}}),
    "a number as 1.0": (LINE, {"line": {"sku": "a", "count": 1.0}}),
    "true for a number": (LINE, {"line": {"sku": "a", "count": True}}),
    "an input inside itself": (TREE, {"tree": {"name": "a", "branches": [{"name": "b", "branches": []}]}}),
    "too deep": (TREE, {"tree": {"name": "a"}}),
}
deep: dict[str, Any] = CASES["too deep"][1]["tree"]
for _ in range(3_000):
    deep = deep.setdefault("branches", [{"name": "a"}])[0]


@pytest.mark.parametrize(("text", "variables"), CASES.values(), ids=CASES)
async def test_an_input_value_is_the_same_by_a_plan(text: str, variables: dict[str, Any]):
    document = parse(text)
    plan = compile_operation(SCHEMA, document, document.definitions[0])  # type: ignore[arg-type]
    assert plan is not None
    expected = await interpreted(SCHEMA, document, None, variables)
    answer, _ = await planned(SCHEMA, plan, document, None, variables)
    assert answer == expected


async def test_a_resolver_that_changes_a_default_changes_it_for_no_other_call():
    document = parse("query Q($line: Line!) { tagged(line: $line) }")
    plan = compile_operation(SCHEMA, document, document.definitions[0])  # type: ignore[arg-type]
    assert plan is not None
    answers = [await plan.execute(None, {"line": {"sku": "a"}}) for _ in range(3)]
    assert answers == ['{"tagged":"none,more"}'] * 3
