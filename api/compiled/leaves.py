"""Scalars and enums as JSON: a fast way for the usual Python types, and graphql-core's own coercion for all others."""

import json
import math
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from json.encoder import encode_basestring
from typing import Any
from uuid import UUID

from graphql import (
    GraphQLBoolean,
    GraphQLEnumType,
    GraphQLFloat,
    GraphQLID,
    GraphQLInt,
    GraphQLLeafType,
    GraphQLString,
    Undefined,
)
from strawberry.schema.schema_converter import CustomGraphQLEnumType

from api.compiled.words import Contained, Leaf, NotExpressible, is_awaitable

NULL = "null"
PLAIN = frozenset({str, int, float, bool, datetime, date, time, UUID, Decimal, dict, list, tuple})
"""Types whose values are not null, not errors and not awaitables."""

_LEAST_INT, _MOST_INT = -(2**31), 2**31 - 1
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class LeafWriter:
    """`fast` raises for any value of an unusual type; `exact` then writes it as graphql-core does, or raises the error
    that graphql-core raises."""

    fast: Leaf
    exact: Leaf


def leaf_writer(type_: GraphQLLeafType, *, is_nullable: bool) -> LeafWriter:
    """The writer of a scalar or enum type; with `is_nullable`, it writes null, too."""
    exact = _exact(type_, is_nullable=is_nullable)
    exact = containing(exact) if is_nullable else exact
    if isinstance(type_, GraphQLEnumType):
        return LeafWriter(_by_table(_enum_table(type_), is_nullable=is_nullable), exact)
    if type_ is GraphQLBoolean:
        return LeafWriter(_by_table({True: "true", False: "false"}, is_nullable=is_nullable), exact)
    known = {GraphQLString: encode_basestring, GraphQLID: encode_basestring, GraphQLInt: _int, GraphQLFloat: _float}
    fast = known.get(type_) or _custom(type_.coerce_output_value)
    return LeafWriter(nullable(fast) if is_nullable else fast, exact)


def nullable(write: Leaf) -> Leaf:
    """The same writer for a nullable value."""

    def write_or_null(value: Any) -> str:
        return NULL if value is None else write(value)

    return write_or_null


def containing(write: Leaf) -> Leaf:
    """The same writer for a nullable value: it raises Contained in place of any error."""

    def write_contained(value: Any) -> str:
        try:
            return write(value)
        except Contained:
            raise
        except Exception as error:
            raise Contained(error) from error

    return write_contained


def json_of(value: Any) -> str:
    """Any JSON value as JSON."""
    return encode_basestring(value) if type(value) is str else _encode(value)


def _int(value: Any) -> str:
    if type(value) is int and _LEAST_INT <= value <= _MOST_INT:
        return str(value)
    raise TypeError


def _float(value: Any) -> str:
    if type(value) is float and math.isfinite(value):
        return float.__repr__(value)
    raise TypeError


def _by_table(table: dict[Any, str], *, is_nullable: bool) -> Leaf:
    return {**table, **({None: NULL} if is_nullable else {})}.__getitem__


def _enum_table(type_: GraphQLEnumType) -> dict[Any, str]:
    """The text of each member; other values that the enum accepts are left to `exact`."""
    members: Any = type_.wrapped_cls if isinstance(type_, CustomGraphQLEnumType) else ()
    return {member: f'"{type_.coerce_output_value(member)}"' for member in members}


def _custom(coerce: Callable[[Any], Any]) -> Leaf:
    def write(value: Any) -> str:
        if type(value) not in PLAIN:
            raise TypeError
        coerced = coerce(value)
        if coerced is None or coerced is Undefined:
            raise TypeError
        return json_of(coerced)

    return write


def _exact(type_: GraphQLLeafType, *, is_nullable: bool) -> Leaf:
    def write(value: Any) -> str:
        check_value(value)
        if value is None or value is Undefined:
            return null(is_nullable=is_nullable)
        coerced = type_.coerce_output_value(value)
        if coerced is None or coerced is Undefined:
            raise TypeError(f"{type_} cannot represent {value!r}.")
        return json_of(coerced)

    return write


def null(*, is_nullable: bool) -> str:
    """Null if the position is nullable. Raises TypeError otherwise."""
    if not is_nullable:
        raise TypeError("Null in a position that is not nullable.")
    return NULL


def check_value(value: Any) -> None:
    """Raises the value if it is an exception, and NotExpressible if it is awaitable."""
    if isinstance(value, Exception):
        raise value
    if is_awaitable(value):
        raise NotExpressible
