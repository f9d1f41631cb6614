"""An operation for any root field of the schema, with the fewest arguments that are valid."""

from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLEnumType,
    GraphQLField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLList,
    GraphQLNonNull,
    get_named_type,
    is_composite_type,
)

from api.schema import schema

OURS = schema._schema
SCALARS = {"Int": "1", "Float": "1.5", "Boolean": "true", "Market": '"ES"', "Date": '"2026-01-01"',
           "DateTime": '"2026-01-01T00:00:00Z"', "URL": '"https://mi.com"'}  # fmt: skip


def root_fields() -> list[tuple[str, str, GraphQLField]]:
    """All root fields: the kind of operation, the field's name, and the field."""
    roots = {"query": OURS.query_type, "mutation": OURS.mutation_type, "subscription": OURS.subscription_type}
    return [(kind, name, field) for kind, root in roots.items() if root for name, field in root.fields.items()]


def operation(kind: str, name: str, field: GraphQLField, mi_id: str | None = None) -> str:
    """The text of an operation; `mi_id` is sent if the field takes one."""
    arguments = ", ".join(
        f"{key}: {text}"
        for key, argument in field.args.items()
        if (text := value(key, argument, argument.type, mi_id)) is not None
    )
    inside = "{ __typename }" if is_composite_type(get_named_type(field.type)) else ""
    return f"{kind} {{ {name}{f'({arguments})' if arguments else ''} {inside} }}"


def value(key: str, argument: GraphQLArgument | Any, type_: GraphQLInputType, mi_id: str | None) -> str | None:
    """A literal, or None for a value that may be left out."""
    if key == "miId" and mi_id is not None:
        return f'"{mi_id}"'
    if isinstance(type_, GraphQLNonNull):
        return literal(type_.of_type, mi_id)
    if isinstance(type_, GraphQLInputObjectType):
        return literal(type_, mi_id)
    return None


def literal(type_: GraphQLInputType, mi_id: str | None) -> str:
    """The smallest literal of a type."""
    if isinstance(type_, GraphQLList):
        return "[]"
    if isinstance(type_, GraphQLEnumType):
        return next(iter(type_.values))
    if not isinstance(type_, GraphQLInputObjectType):
        return SCALARS.get(type_.name, '"x"')
    members = {key: value(key, each, each.type, mi_id) for key, each in type_.fields.items()}
    if type_.is_one_of:
        members = {next(iter(members)): next(iter(members.values()))}
    return "{" + ", ".join(f"{key}: {text}" for key, text in members.items() if text is not None) + "}"
