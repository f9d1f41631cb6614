"""Request bodies: reading up to a limit and no further, and strict JSON (RFC 8259)."""

import asyncio
import json
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, NoReturn

from starlette.requests import ClientDisconnect, Request

_SECONDS = 30.0
_DEEPEST = 100


class BodyTooLarge(Exception):
    """The body is over the limit; the bytes after the limit were not read."""


class BodyNotRead(Exception):
    """The client disconnected, or did not send its body within 30 seconds."""


class NotJson(Exception):
    """The text is not JSON; the message names the line and column where it can."""


class TooManyValues(NotJson):
    """The text holds more values than any request needs."""


async def read_body(request: Request, limit: int) -> bytes:
    """The raw body. Raises BodyTooLarge, before reading if Content-Length is over the limit, and BodyNotRead."""
    announced = request.headers.get("content-length", "")
    if announced.isdecimal() and int(announced[:20]) > limit:
        raise BodyTooLarge
    try:
        async with asyncio.timeout(_SECONDS):
            return await _read(request, limit)
    except (ClientDisconnect, TimeoutError):
        raise BodyNotRead from None


async def _read(request: Request, limit: int) -> bytes:
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise BodyTooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def read_json(body: bytes, most_values: int | None = None) -> Any:
    """The value of a JSON text. Raises NotJson, also for deep nesting, NaN and numbers of thousands of digits; and
    TooManyValues, at the price of counting."""
    if most_values is not None and holds_more_values(body, most_values):
        raise TooManyValues(f"The body holds more than {most_values} values.")
    try:
        value = _decode(body.decode("utf-8"))
    except UnicodeDecodeError:
        raise NotJson("The body is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise NotJson(f"The body is not JSON: {error.msg}, line {error.lineno}, column {error.colno}.") from None
    except RecursionError:
        raise NotJson("The body is nested too deeply.") from None
    except ValueError:
        raise NotJson("The body holds a number that is not JSON's, or too long.") from None
    if body.count(b"{") + body.count(b"[") > _DEEPEST and is_deeper(value, _DEEPEST):
        raise NotJson("The body is nested too deeply.")
    return value


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def holds_more_values(body: bytes, most: int) -> bool:
    """Whether a JSON text has more than about `most` values. It is found out before any of them is made.

    Each value, but for the first, follows `,` or begins after `{` or `[`. Where these are many, those inside texts are
    left out.
    """
    if _separators(body) <= most:
        return False
    texts = (body.count(b'"') - body.count(b'\\"')) // 2
    return texts > 2 * most or _separators(_TEXT.sub(b"", body)) > most


def _separators(text: bytes) -> int:
    return text.count(b",") + text.count(b"{") + text.count(b"[")


_TEXT = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"', re.DOTALL)


def _layers(value: object) -> Iterator[list[Any]]:
    """The value, then all values directly inside it, then all inside those, and so on."""
    layer: list[Any] = [value]
    while layer:
        yield layer
        layer = [inner for each in layer if isinstance(each, dict | list) for inner in _inside(each)]


def _inside(value: dict[Any, Any] | list[Any]) -> Iterable[Any]:
    return value.values() if isinstance(value, dict) else value


def is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects are nested deeper than `levels`."""
    below = next(islice(_layers(value), levels, None), [])
    return any(isinstance(each, dict | list) for each in below)


def is_wider(value: object, members: int) -> bool:
    """Whether any object inside a value has more members than `members`."""
    return any(isinstance(each, dict) and len(each) > members for layer in _layers(value) for each in layer)


def has_unkeepable_text(value: object) -> bool:
    """Whether any text inside a value holds NUL or half of a surrogate pair, which Postgres cannot store."""
    if isinstance(value, str):
        return _is_unkeepable(value)
    return any(_is_unkeepable("".join(_texts(layer))) for layer in _layers(value))


def _texts(layer: list[Any]) -> Iterator[str]:
    for each in layer:
        if isinstance(each, str):
            yield each
        elif isinstance(each, dict):
            yield from each


def _is_unkeepable(text: str) -> bool:
    if text.isascii():
        return "\0" in text
    try:
        return b"\0" in text.encode()
    except UnicodeEncodeError:
        return True
