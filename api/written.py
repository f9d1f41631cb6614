"""Answers as they are sent: JSON, of which a plan may have written the most already."""

from json import JSONEncoder
from typing import Any

_dumps = JSONEncoder(separators=(",", ":"), ensure_ascii=False).encode


class Json(str):
    """A text that is JSON already."""

    __slots__ = ()


def written(body: Any) -> str:
    """An answer, several, or a message around one, without blanks."""
    if isinstance(body, list):
        return "[" + ",".join([written(each) for each in body]) + "]"
    if isinstance(body, dict):
        return "{" + ",".join([f"{_dumps(key)}:{_member(key, value)}" for key, value in body.items()]) + "}"
    return _dumps(body)


def _member(key: str, value: Any) -> str:
    if type(value) is Json:
        return value
    return written(value) if key == "payload" and isinstance(value, dict) else _dumps(value)


def sent(body: Any) -> bytes:
    """The same as UTF-8; half a character becomes a question mark."""
    return written(body).encode("utf-8", "replace")
