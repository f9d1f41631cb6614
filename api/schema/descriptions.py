"""Completing the descriptions of a built schema: permission, cost, refusals and example; and setting `isOneOf`."""

from collections.abc import Iterator

from graphql import (
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInterfaceType,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    get_named_type,
)
from strawberry.types.base import StrawberryObjectDefinition

from api.cursors import DEFAULT_PAGE
from api.prices import LIST, Price, Prices
from api.schema.root_fields import EXAMPLE, PERMISSION, declared

_REFUSAL = "Refusal"


def complete_descriptions(schema: GraphQLSchema) -> None:
    """Completes a schema that was just built, for introspection and for the printed schema."""
    prices = Prices(schema)
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType) and _is_one_of(type_):
            type_.is_one_of = True  # the library prints @oneOf, but does not set this in graphql-core
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not type_.name.startswith("__"):
            for name, field in type_.fields.items():
                field.description = "\n\n".join(_parts(field, prices.of(type_.name, name)))


def _is_one_of(type_: GraphQLInputObjectType) -> bool:
    definition = type_.extensions.get("strawberry-definition")
    return isinstance(definition, StrawberryObjectDefinition) and definition.is_one_of


def _parts(field: GraphQLField, price: Price) -> Iterator[str]:
    facts = declared(field)
    permission = facts.get(PERMISSION)
    yield f"{permission.words}: {field.description}" if permission else field.description or ""
    yield from _cost(price)
    if refusals := refusals_of(field):
        yield f"Refusals: {', '.join(refusals)}."
    if example := facts.get(EXAMPLE):
        yield f"```graphql\n{example}\n```"


def _cost(price: Price) -> Iterator[str]:
    """The sentence about a field's cost. There is none if it costs nothing, or if its page states the cost."""
    if price.is_page:
        yield f"Costs {price.each}, and for each of `first` or `last` ({DEFAULT_PAGE}) 1 and the cost of its selection."
    elif price.holds == LIST:
        yield f"Costs {LIST * price.each}, and {LIST} times the cost of its selection."
    elif price.holds == 1 and price.each:
        yield f"Costs {price.each}, and the cost of its selection."


def refusals_of(field: GraphQLField) -> list[str]:
    """The names of the refusals that a field can answer."""
    union = get_named_type(field.type)
    if not isinstance(union, GraphQLUnionType):
        return []
    return [each.name for each in union.types if any(face.name == _REFUSAL for face in each.interfaces)]
