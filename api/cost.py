"""The cost of an operation, known before it runs: an object counts as often as the lists around it can hold it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import (
    BooleanValueNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    SelectionNode,
    SelectionSetNode,
    ValueNode,
    VariableDefinitionNode,
    VariableNode,
)
from graphql.execution.values import VariableValues, get_variable_values

from api.cursors import DEFAULT_PAGE, LARGEST_PAGE
from api.prices import INTROSPECTION, Prices

Variables = Mapping[str, Any] | None
"""The coerced variables; None if they are not known yet: then the highest possible cost is computed."""


_COUNTED = {"Int", "Boolean"}  # types of the variables that a cost depends on: page sizes, @skip and @include


class TooEntangled(Exception):
    """Fragments lead into one another more deeply than Python can follow."""


@dataclass(frozen=True, slots=True)
class Cost:
    """The cost of an operation, and whether it uses introspection."""

    points: int
    reads_schema: bool


Costs = dict[str | None, Cost]
"""The costs of a document's operations by name, of those that cost the same with any variables."""


def cost_of(
    prices: Prices, document: DocumentNode, operation: OperationDefinitionNode, variables: Variables = None
) -> Cost:
    """The cost of a validated operation, at least 1; without variables, the highest possible. Raises TooEntangled."""
    fragments = {node.name.value: node for node in document.definitions if isinstance(node, FragmentDefinitionNode)}
    root = prices.schema.get_root_type(operation.operation)
    assert root is not None
    walk = _Walk(prices, fragments, variables)
    try:
        return Cost(max(1, walk.of(operation.selection_set, root.name, 1)), walk.reads_schema)
    except RecursionError:
        raise TooEntangled from None


@dataclass(slots=True)
class _Walk:
    """Walks one operation. A fragment is walked once for each page size, however often it is spread."""

    prices: Prices
    fragments: Mapping[str, FragmentDefinitionNode]
    variables: Variables
    reads_schema: bool = False
    _known: dict[tuple[str, int], int] = field(default_factory=dict)

    def of(self, selections: SelectionSetNode | None, parent: str, page: int) -> int:
        """The cost of a selection; `page` is the number of objects that the page around it can hold."""
        cost = 0
        for node in selections.selections if selections else ():
            if not self._is_left_out(node):
                cost += self._of_one(node, parent, page)
        return cost

    def _of_one(self, node: SelectionNode, parent: str, page: int) -> int:
        if isinstance(node, FieldNode):
            return self._of_field(node, parent, page)
        if isinstance(node, InlineFragmentNode):
            return self.of(node.selection_set, node.type_condition.name.value if node.type_condition else parent, page)
        assert isinstance(node, FragmentSpreadNode)
        place = (node.name.value, page)
        if place not in self._known:
            fragment = self.fragments[node.name.value]
            self._known[place] = self.of(fragment.selection_set, fragment.type_condition.name.value, page)
        return self._known[place]

    def _of_field(self, node: FieldNode, parent: str, page: int) -> int:
        name = node.name.value
        if name == "__typename":
            return 0
        if name.startswith("__"):
            self.reads_schema = True
            return INTROSPECTION
        price = self.prices.of(parent, name)
        within = self.of(node.selection_set, price.type, self._page(node) if price.is_page else 1)
        return (page if price.holds is None else price.holds) * (price.each + within)

    def _page(self, node: FieldNode) -> int:
        """The size of a page: `first` or `last`, 20 without both, 100 at most. The resolver refuses larger ones."""
        given = [self._number(each.value) for each in node.arguments or () if each.name.value in {"first", "last"}]
        sizes = [size for size in given if size is not None]
        return min(max(0, *sizes), LARGEST_PAGE) if sizes else DEFAULT_PAGE

    def _number(self, value: ValueNode) -> int | None:
        if isinstance(value, VariableNode):
            return LARGEST_PAGE if self.variables is None else self.variables.get(value.name.value)
        return int(value.value) if isinstance(value, IntValueNode) else None

    def _is_left_out(self, node: SelectionNode) -> bool:
        """Whether @skip or @include certainly leaves a node out."""
        conditions = [each for each in node.directives or () if each.name.value in {"skip", "include"}]
        return any(
            self._truth(argument.value) is (each.name.value == "skip")
            for each in conditions
            for argument in each.arguments or ()
        )

    def _truth(self, value: ValueNode) -> bool | None:
        if isinstance(value, VariableNode):
            return None if self.variables is None else self.variables.get(value.name.value)
        return value.value if isinstance(value, BooleanValueNode) else None


def counted_in(operation: OperationDefinitionNode) -> list[VariableDefinitionNode]:
    """The variables that a cost depends on."""
    return [each for each in operation.variable_definitions or () if _type_name(each) in _COUNTED]


def counted_variables(
    schema: GraphQLSchema, counted: Sequence[VariableDefinitionNode], variables: Mapping[str, Any] | None
) -> Mapping[str, Any]:
    """The coerced variables that a cost depends on; none if one is invalid: execution then answers with the error."""
    values = get_variable_values(schema, list(counted), dict(variables or {}))
    return values.coerced if isinstance(values, VariableValues) else {}


def _type_name(definition: VariableDefinitionNode) -> str | None:
    nullable = definition.type.type if isinstance(definition.type, NonNullTypeNode) else definition.type
    return getattr(getattr(nullable, "name", None), "value", None)
