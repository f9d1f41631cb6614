"""Coerces values of variables as graphql-core does; all that depends on the type alone is done once."""

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLInputType,
    GraphQLLeafType,
    GraphQLList,
    GraphQLNonNull,
    Undefined,
    is_required_input_field,
)
from graphql.pyutils import is_iterable
from graphql.utilities.coerce_input_value import coerce_default_value

Coerce = Callable[[Any], Any]
"""Raises any error for a value that is not valid."""


class ContainsItself(Exception):
    """An input type whose values can be nested without end."""


def coercer_of(type_: GraphQLInputType, outer: frozenset[str] = frozenset()) -> Coerce:
    """The coercion of values of a type; `outer` are the input types around it. Raises ContainsItself."""
    if isinstance(type_, GraphQLNonNull):
        return _not_null(_coercer_of_nullable(type_.of_type, outer))
    return _or_null(_coercer_of_nullable(type_, outer))


def _coercer_of_nullable(type_: Any, outer: frozenset[str]) -> Coerce:
    """The coercion of values that are not null."""
    if isinstance(type_, GraphQLList):
        return _list(coercer_of(type_.of_type, outer))
    if not isinstance(type_, GraphQLInputObjectType):
        return _leaf(type_)
    if type_.name in outer:
        raise ContainsItself
    inside = outer | {type_.name}
    return _object(type_, {name: coercer_of(field.type, inside) for name, field in type_.fields.items()})


def _not_null(coerce: Coerce) -> Coerce:
    def coerce_value(value: Any) -> Any:
        if value is None or value is Undefined:
            raise ValueError
        return coerce(value)

    return coerce_value


def _or_null(coerce: Coerce) -> Coerce:
    def coerce_value(value: Any) -> Any:
        return None if value is None or value is Undefined else coerce(value)

    return coerce_value


def _leaf(type_: GraphQLLeafType) -> Coerce:
    coerce = type_.coerce_input_value

    def coerce_leaf(value: Any) -> Any:
        coerced = coerce(value)
        if coerced is Undefined:
            raise ValueError
        return coerced

    return coerce_leaf


def _list(item: Coerce) -> Coerce:
    def coerce_list(value: Any) -> Any:
        return [item(each) for each in value] if is_iterable(value) else [item(value)]

    return coerce_list


def _object(type_: GraphQLInputObjectType, coercers: Mapping[str, Coerce]) -> Coerce:
    members = [(name, field.out_name or name, field, coercers[name]) for name, field in type_.fields.items()]
    is_made = type_.out_type is not GraphQLInputObjectType.out_type

    def coerce_object(value: Any) -> Any:
        if not isinstance(value, dict) or not value.keys() <= coercers.keys():
            raise ValueError
        coerced: dict[str, Any] = {}
        for name, out_name, field, coerce in members:
            each = value.get(name, Undefined)
            each = _default(field) if each is Undefined else coerce(each)
            if each is not Undefined:
                coerced[out_name] = each
        if type_.is_one_of and (len(value) != 1 or None in coerced.values()):
            raise ValueError
        return type_.out_type(coerced) if is_made else coerced

    return coerce_object


def _default(field: GraphQLInputField) -> Any:
    """Undefined if the field has no default and may be left out."""
    if is_required_input_field(field):
        raise ValueError
    return coerce_default_value(field)
