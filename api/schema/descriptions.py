"""What the built schema tells: who may ask, what it costs, which refusals it can answer; and `isOneOf`."""

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
    """Completes a schema that was just built, so that introspection and the printed one say it too."""
    prices = Prices(schema)
    for type_ in schema.type_map.values():
        if isinstance(type_, GraphQLInputObjectType) and _is_one_of(type_):
            type_.is_one_of = True  # the library prints @oneOf, and does not tell graphql-core
        if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType) and not type_.name.startswith("__"):
            for name, told in type_.fields.items():
                told.description = "\n\n".join(_parts(told, prices.of(type_.name, name)))


def _is_one_of(type_: GraphQLInputObjectType) -> bool:
    definition = type_.extensions.get("strawberry-definition")
    return isinstance(definition, StrawberryObjectDefinition) and definition.is_one_of


def _parts(told: GraphQLField, price: Price) -> Iterator[str]:
    facts = declared(told)
    permission = facts.get(PERMISSION)
    yield f"{permission.words}: {told.description}" if permission else told.description or ""
    yield from _cost(price)
    if refusals := refusals_of(told):
        yield f"Refusals: {', '.join(refusals)}."
    if example := facts.get(EXAMPLE):
        yield f"```graphql\n{example}\n```"


def _cost(price: Price) -> Iterator[str]:
    """What asking for a field costs; nothing is said where it is nothing, or told by the page it is in."""
    if price.is_page:
        yield f"Costs {price.each}, and 1 with what is asked of it for each of `first` or `last` ({DEFAULT_PAGE})."
    elif price.holds == LIST:
        yield f"Costs {LIST * price.each}, and {LIST} times what is asked of each."
    elif price.holds == 1 and price.each:
        yield f"Costs {price.each}, and what is asked of it."


def refusals_of(told: GraphQLField) -> list[str]:
    """The refusals among what a field can answer, by name."""
    union = get_named_type(told.type)
    if not isinstance(union, GraphQLUnionType):
        return []
    return [each.name for each in union.types if any(face.name == _REFUSAL for face in each.interfaces)]
