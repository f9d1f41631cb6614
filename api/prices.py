"""The price of each field of the schema, from its type and from the cost declared beside it.

An object costs 1, a text or a number nothing. The selection inside a page counts `first` or `last` times, inside a list
without pages ten times. A mutation costs 10 more each time it is selected, under whatever alias.
"""

from dataclasses import dataclass, field

from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLSchema, get_named_type, is_composite_type
from strawberry.types.field import StrawberryField

MUTATION = 10
INTROSPECTION = 100
EXPENSIVE = 100
LIST = 10
"""The number of objects that a list without pages is assumed to hold."""

COST = "cost"
"""The key in a field's metadata: its own cost, without the selection inside it."""


@dataclass(frozen=True, slots=True)
class Price:
    """The price of a field: `each` for every object it answers, and how many objects it `holds`.

    `holds` is None if the page around the field gives that number. `type` is the name of the objects' type.
    """

    each: int
    holds: int | None
    is_page: bool
    type: str


def price_of(parent: str, graphql_field: GraphQLField, *, is_mutation: bool) -> Price:
    """The price of a field of the type `parent`."""
    named = get_named_type(graphql_field.type)
    is_object = is_composite_type(named)
    is_list = is_object and isinstance(_nullable_type(graphql_field), GraphQLList)
    each = 1 if is_object and not _is_of_a_page(named.name) else 0
    return Price(
        each=each + declared_cost(graphql_field) + (MUTATION if is_mutation else 0),
        holds=None if is_list and parent.endswith("Connection") else LIST if is_list else 1,
        is_page="first" in graphql_field.args,
        type=named.name,
    )


def declared_cost(graphql_field: GraphQLField) -> int:
    """The cost declared beside a field; 0 if there is none."""
    definition = graphql_field.extensions.get("strawberry-definition")
    return int(definition.metadata.get(COST, 0)) if isinstance(definition, StrawberryField) else 0


def _nullable_type(graphql_field: GraphQLField) -> object:
    return graphql_field.type.of_type if isinstance(graphql_field.type, GraphQLNonNull) else graphql_field.type


def _is_of_a_page(name: str) -> bool:
    """Whether a type is part of a page. Such a type costs nothing itself: the page's objects are counted instead."""
    return name.endswith("Edge") or name == "PageInfo"


@dataclass(slots=True)
class Prices:
    """The prices of one schema's fields, each computed once."""

    schema: GraphQLSchema
    _known: dict[tuple[str, str], Price] = field(default_factory=dict)

    def of(self, parent: str, name: str) -> Price:
        """The price of the field `name` of the type `parent`, which the schema must have."""
        known = self._known.get((parent, name))
        if known is None:
            graphql_field = self.schema.type_map[parent].fields[name]  # type: ignore[attr-defined]
            mutation = self.schema.mutation_type
            known = price_of(parent, graphql_field, is_mutation=mutation is not None and parent == mutation.name)
            self._known[parent, name] = known
        return known
