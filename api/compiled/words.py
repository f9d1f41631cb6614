"""What the parts of a plan have in common: the words in which they speak of values, places and texts."""

from collections.abc import Awaitable, Callable, Mapping
from types import CoroutineType, MappingProxyType
from typing import Any

Text = str | Awaitable[str]
"""JSON, or what will give it once it was awaited."""
Place = tuple[Any, str | int, str | None] | None
"""Where in the answer something is: the place above, the key or index, and the type that has the field."""
Leaf = Callable[[Any], str]
"""Writes a value that waits for nothing and asks nothing of the operation it is in."""


class NotExpressible(Exception):
    """An operation, or a value met on the way, that is left to graphql-core."""


class Contained(Exception):
    """An error of something that may be null: it is noted, and ends nothing around it."""

    def __init__(self, error: Exception) -> None:
        self.error = error
        super().__init__(error)


NOTHING: Mapping[str, Any] = MappingProxyType({})


def is_awaitable(value: object) -> bool:
    """Whether a value has to be awaited."""
    return isinstance(value, CoroutineType) or hasattr(type(value), "__await__")
