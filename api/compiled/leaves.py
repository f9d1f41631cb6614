"""Scalars and enums as JSON: a fast way for the usual Python types, and graphql-core's own coercion for all others."""

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from json.encoder import encode_basestring
from typing import TYPE_CHECKING, Any
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

from api.compiled import columns
from api.compiled.words import Contained, Leaf, Many, NotExpressible, is_awaitable

if TYPE_CHECKING:
    from api.compiled.flat import FlatObject

NULL = "null"
PLAIN = frozenset({str, int, float, bool, datetime, date, time, UUID, Decimal, dict, list, tuple})
"""Types whose values are not null, not errors and not awaitables."""

_LEAST_INT, _MOST_INT = -(2**31), 2**31 - 1
_encode = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


@dataclass(frozen=True, slots=True)
class LeafWriter:
    """`fast` raises for any value of an unusual type; `exact` then writes it as graphql-core does, or raises the error
    that graphql-core raises. `many` writes several values as `fast` does. `flat` writes the values if they are objects,
    `items` their items if they are lists."""

    fast: Leaf
    exact: Leaf
    many: Many
    flat: "FlatObject | None" = None
    items: "LeafWriter | None" = None


def leaf_writer(type_: GraphQLLeafType, *, is_nullable: bool) -> LeafWriter:
    """The writer of a scalar or enum type; with `is_nullable`, it writes null, too."""
    exact = _exact(type_, is_nullable=is_nullable)
    fast, many = _usual(type_)
    if is_nullable:
        return LeafWriter(nullable(fast), containing(exact), columns.or_nulls(many, NULL))
    return LeafWriter(fast, exact, many)


def _usual(type_: GraphQLLeafType) -> tuple[Leaf, Many]:
    """The writers of values of the usual types."""
    if isinstance(type_, GraphQLEnumType) or type_ is GraphQLBoolean:
        return _looked_up(_BOOLEANS if type_ is GraphQLBoolean else _enum_texts(type_))
    known = _KNOWN.get(type_)
    if known is not None:
        return known
    coerce = type_.coerce_output_value
    one = _custom(coerce)
    return one, columns.coerced(coerce, PLAIN, one)


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


def _looked_up(texts: Sequence[tuple[Any, str]]) -> tuple[Leaf, Many]:
    """Values of a closed set, found by their identity: an enum's own hash is slow. Others are left to `exact`."""
    by_id, values = {id(value): text for value, text in texts}, [value for value, _ in texts]

    def write(value: Any, _held: Any = values) -> str:
        return by_id[id(value)]  # `values` are held, so that no other value can get the same id

    return write, columns.looked_up(by_id)


def _enum_texts(type_: Any) -> list[tuple[Any, str]]:
    """The text of each member."""
    members: Any = type_.wrapped_cls if isinstance(type_, CustomGraphQLEnumType) else ()
    return [(member, f'"{type_.coerce_output_value(member)}"') for member in members]


_BOOLEANS = [(True, "true"), (False, "false")]
_KNOWN: dict[Any, tuple[Leaf, Many]] = {
    GraphQLString: (encode_basestring, columns.texts),
    GraphQLID: (encode_basestring, columns.texts),
    GraphQLInt: (_int, columns.ints),
    GraphQLFloat: (_float, columns.one_by_one(_float)),
}


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


CONSTANT = LeafWriter(lambda _: "", lambda _: "", lambda values: [""] * len(values))
"""Writes nothing: the head of `__typename` contains its value already."""
