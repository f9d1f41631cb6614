"""Where each producer marks events of its test mode: they never credit in production."""

from collections.abc import Iterable, Mapping
from typing import Any

_NOT_A_TEST = (None, False, "", "false", "False", "production", "live")
"""An unknown mark counts as a test: what is no production never credits."""


def is_marked(places: Iterable[Mapping[str, Any]], *names: str) -> bool:
    """Whether one of these objects has a mark of test mode in one of these fields, such as `test` or `mode`."""
    return any(place.get(name) not in _NOT_A_TEST for place in places for name in names)
