"""What each field of the schema costs: read from its type, and from what is declared beside it.

An object costs 1, a text or a number nothing. What is asked inside a page counts `first` or `last` times, inside a list
without a page ten times. A mutation costs 10 more each time it is asked for, whatever it is called.
"""

from dataclasses import dataclass, field

from graphql import GraphQLField, GraphQLList, GraphQLNonNull, GraphQLSchema, get_named_type, is_composite_type
from strawberry.types.field import StrawberryField

MUTATION = 10
INTROSPECTION = 100
EXPENSIVE = 100
LIST = 10
"""What a list without a page is taken to hold."""

COST = "cost"
"""The key in a field's metadata: what answering it costs, beside what is asked inside it."""


@dataclass(frozen=True, slots=True)
class Price:
    """What a field costs for each thing it answers; how many those are (None: as many as the page it is in)."""

    each: int
    holds: int | None
    is_page: bool
    type: str


def price_of(parent: str, told: GraphQLField, *, is_mutation: bool) -> Price:
    """The price of a field of the type `parent`."""
    named = get_named_type(told.type)
    is_object = is_composite_type(named)
    is_list = is_object and isinstance(_bare(told), GraphQLList)
    each = 1 if is_object and not _is_of_a_page(named.name) else 0
    return Price(
        each=each + declared_cost(told) + (MUTATION if is_mutation else 0),
        holds=None if is_list and parent.endswith("Connection") else LIST if is_list else 1,
        is_page="first" in told.args,
        type=named.name,
    )


def declared_cost(told: GraphQLField) -> int:
    """What is declared beside a field; 0 where nothing is."""
    definition = told.extensions.get("strawberry-definition")
    return int(definition.metadata.get(COST, 0)) if isinstance(definition, StrawberryField) else 0


def _bare(told: GraphQLField) -> object:
    return told.type.of_type if isinstance(told.type, GraphQLNonNull) else told.type


def _is_of_a_page(name: str) -> bool:
    """Whether a type is a page's own: its places are counted by what is found there."""
    return name.endswith("Edge") or name == "PageInfo"


@dataclass(slots=True)
class Prices:
    """The prices of one schema's fields, each found out once."""

    schema: GraphQLSchema
    _known: dict[tuple[str, str], Price] = field(default_factory=dict)

    def of(self, parent: str, name: str) -> Price:
        """The price of a field that the schema has."""
        known = self._known.get((parent, name))
        if known is None:
            told = self.schema.type_map[parent].fields[name]  # type: ignore[attr-defined]
            mutation = self.schema.mutation_type
            known = price_of(parent, told, is_mutation=mutation is not None and parent == mutation.name)
            self._known[parent, name] = known
        return known
