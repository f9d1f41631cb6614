"""Request bodies: reading up to a limit and no further, and strict JSON (RFC 8259)."""

import asyncio
import json
from collections.abc import Mapping
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


def read_json(body: bytes) -> Any:
    """The value of a JSON text. Raises NotJson, also for deep nesting, NaN and numbers of thousands of digits."""
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
    if is_deeper(value, _DEEPEST):
        raise NotJson("The body is nested too deeply.")
    return value


def _refuse_constant(_: str) -> NoReturn:
    raise ValueError


_decode = json.JSONDecoder(parse_constant=_refuse_constant).decode


def is_deeper(value: object, levels: int) -> bool:
    """Whether lists and objects are nested deeper than `levels`."""
    if not isinstance(value, dict | list):
        return False
    if levels == 0:
        return True
    return any(is_deeper(each, levels - 1) for each in (value.values() if isinstance(value, dict) else value))


def is_wider(value: object, members: int) -> bool:
    """Whether any object inside a value has more members than `members`."""
    if isinstance(value, list):
        return any(is_wider(each, members) for each in value)
    return isinstance(value, dict) and (len(value) > members or any(is_wider(each, members) for each in value.values()))


def has_unkeepable_text(value: object) -> bool:
    """Whether any text inside a value holds NUL or half of a surrogate pair, which Postgres cannot store."""
    if isinstance(value, str):
        return "\0" in value or not _encodes(value)
    if isinstance(value, Mapping):
        return any(has_unkeepable_text(key) or has_unkeepable_text(each) for key, each in value.items())
    return isinstance(value, list) and any(map(has_unkeepable_text, value))


def _encodes(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
