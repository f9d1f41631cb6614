"""Types and errors that all modules of a plan share."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from types import CoroutineType, MappingProxyType
from typing import Any

Text = str | Awaitable[str]
"""JSON text, or an awaitable of it."""
PathPlace = tuple[Any, str | int, str | None] | None
"""A place in the answer: the place above (None: the root), the key or index, and the type that has the field."""
Leaf = Callable[[Any], str]
"""Writes a value from the value alone, without awaiting anything."""
Many = Callable[[Sequence[Any]], Sequence[str]]
"""Writes many values at once; raises for any unusual one (columns.py)."""


class NotExpressible(Exception):
    """A plan cannot express an operation or a value; graphql-core has to handle it."""


class Contained(Exception):
    """An error in a nullable position: it is noted, null is written, and the rest continues."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(error)


NOTHING: Mapping[str, Any] = MappingProxyType({})


def is_awaitable(value: object) -> bool:
    """Whether a value is awaitable."""
    return isinstance(value, CoroutineType) or hasattr(type(value), "__await__")
