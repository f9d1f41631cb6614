"""Columns: the values of one field of many objects, written together by functions that loop in C.

A column writer raises for any value of an unusual type; the values are then written one by one. It is never called
without values."""

from collections.abc import Callable, Mapping, Sequence
from json.encoder import encode_basestring
from typing import Any

from api.compiled.words import Leaf, Many

_LEAST_INT, _MOST_INT = -(2**31), 2**31 - 1
_INT, _STR, _NONE = {int}, {str}, type(None)


def one_by_one(fast: Leaf) -> Many:
    """Writes each value by itself."""
    return lambda values: list(map(fast, values))


def ints(values: Sequence[Any]) -> list[str]:
    """Ints of 32 bits."""
    if set(map(type, values)) != _INT or min(values) < _LEAST_INT or max(values) > _MOST_INT:
        raise TypeError
    return list(map(str, values))


def texts(values: Sequence[Any]) -> list[str]:
    """Texts, escaped."""
    if set(map(type, values)) != _STR:
        raise TypeError
    return list(map(encode_basestring, values))


def looked_up(texts_by_id: Mapping[int, str]) -> Many:
    """Values of a closed set, by their identity."""
    find = texts_by_id.__getitem__
    return lambda values: list(map(find, map(id, values)))


def coerced(coerce: Callable[[Any], Any], plain: frozenset[type], one: Leaf) -> Many:
    """Values of a custom scalar that coerces values of a plain type to text; others one by one."""

    def write(values: Sequence[Any]) -> list[str]:
        if set(map(type, values)) <= plain:
            made = list(map(coerce, values))
            if set(map(type, made)) == _STR:
                return list(map(encode_basestring, made))
        return list(map(one, values))

    return write


def or_nulls(write: Many, null: str) -> Many:
    """The same writer for nullable values."""

    def write_or_null(values: Sequence[Any]) -> Sequence[str]:
        if _NONE not in set(map(type, values)):
            return write(values)
        there = [value for value in values if value is not None]
        written = iter(write(there) if there else ())
        return [null if value is None else next(written) for value in values]

    return write_or_null
