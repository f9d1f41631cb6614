"""Texts of inputs: an id or a name has 1 to 200 visible characters."""

from api.schema.arguments import given
from loyalty.refusals import InvalidInput
from loyalty.texts import problem_of_text

LONGEST_INPUT = 200
"""The most characters of an id or a name."""


def valid_text(value: str, *path: str) -> str:
    """A text of 1 to 200 visible characters. Raises InvalidInput with the path to it."""
    if problem := problem_of_text(value, LONGEST_INPUT):
        raise InvalidInput(problem, *path)
    return value


def optional_text(value: str | None, *path: str) -> str | None:
    """The same for a text that may be left out; None without it."""
    text = given(value)
    return None if text is None else valid_text(text, *path)
