"""Frequent ways in which a body is changed between signing and sending, so that a wrong signature can be explained.

Frameworks read JSON and write it again: other numbers (136.0 becomes 136), another order of keys, other escapes,
another encoding. Each form here is a guess at the body that was signed, made from the body that was received.
"""

import json
import re
import unicodedata
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

_MOST_NUMBERS = 12
_TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?')


def other_bodies(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Frequent changes to a body before it is signed, each in words with the changed body; none without effect."""
    seen = {body}
    for words, other in (*_trimmed(body), *_written_anew(body), *_other_numbers(body), *_encoded(body)):
        if other not in seen:
            seen.add(other)
            yield words, other


def _trimmed(body: bytes) -> Iterator[tuple[str, bytes]]:
    yield "without the line break at its end", body.rstrip(b"\r\n")
    yield "with a line break at its end", body + b"\n"
    yield "without the white space around it", body.strip()
    yield "with Windows' line breaks", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "with Unix' line breaks", body.replace(b"\r\n", b"\n")


def _written_anew(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The JSON, parsed and serialized again, as frameworks do it."""
    again = "after reading its JSON and writing it again"
    with suppress(ValueError, RecursionError):
        read = json.loads(body)
        for order, is_sorted in (("", False), (", with its keys in alphabetical order", True)):
            plain, ascii_ = _json(read, is_sorted, ascii_only=False), _json(read, is_sorted, ascii_only=True)
            yield f"{again} without spaces{order}", plain
            yield f"{again} in ASCII{order}", ascii_
            yield f"{again} with spaces{order}", _json(read, is_sorted, ascii_only=True, separators=(", ", ": "))
            yield f"{again} on many lines{order}", json.dumps(read, indent=2, sort_keys=is_sorted).encode()
            yield f"{again} with escaped slashes{order}", ascii_.replace(b"/", b"\\/")
            yield f"{again} with escaped slashes, not in ASCII{order}", plain.replace(b"/", b"\\/")
            yield f"{again} with escapes for HTML{order}", _for_html(plain)


def _json(read: Any, is_sorted: bool, *, ascii_only: bool, separators: tuple[str, str] = (",", ":")) -> bytes:
    return json.dumps(read, separators=separators, ensure_ascii=ascii_only, sort_keys=is_sorted).encode()


def _for_html(body: bytes) -> bytes:
    for sign, escape in ((b"<", b"\\u003c"), (b">", b"\\u003e"), (b"&", b"\\u0026")):
        body = body.replace(sign, escape)
    return body


def _other_numbers(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Whole numbers with `.0` and without: one at a time, and all of them; as it was sent, and without spaces."""
    with suppress(ValueError, RecursionError):
        for text in dict.fromkeys((body.decode(), _json(json.loads(body), is_sorted=False, ascii_only=False).decode())):
            yield "with .0 behind its whole numbers (136.0 became 136)", _numbers(text, _with_zero)
            yield "without .0 behind its whole numbers (136 became 136.0)", _numbers(text, _without_zero)
            yield "without needless zeros in its numbers", _numbers(text, _shortest)
            for place in range(_MOST_NUMBERS):
                one = _numbers(text, _with_zero, only=place)
                yield f"with .0 behind its whole number {place + 1} (136.0 became 136)", one


def _numbers(text: str, change: Callable[[str], str], *, only: int | None = None) -> bytes:
    """The text with its numbers changed; numbers in strings stay. `only`: the place of the one number to change."""
    place = -1

    def changed(match: re.Match[str]) -> str:
        nonlocal place
        if match[0].startswith('"'):
            return match[0]
        place += 1
        return change(match[0]) if only in {None, place} else match[0]

    return _TOKEN.sub(changed, text).encode()


def _with_zero(number: str) -> str:
    return number + ".0" if number.lstrip("-").isdecimal() else number


def _without_zero(number: str) -> str:
    return re.sub(r"\.0+$", "", number)


def _shortest(number: str) -> str:
    return re.sub(r"(\.[0-9]*?)0+$", r"\1", number).removesuffix(".") if "." in number and "e" not in number else number


def _encoded(body: bytes) -> Iterator[tuple[str, bytes]]:
    """The text in other encodings, and in other forms of Unicode."""
    with suppress(UnicodeError):
        text = body.decode()
        for form in ("NFC", "NFD"):
            yield f"in Unicode's form {form}", unicodedata.normalize(form, text).encode()
        yield "in UTF-8 with a mark at its start (BOM)", text.encode("utf-8-sig")
        yield "in UTF-8 without a mark at its start (BOM)", text.removeprefix("\ufeff").encode()
        yield "in UTF-16", text.encode("utf-16")
        yield "in UTF-8, encoded once more", body.decode("latin-1").encode()
    for encoding in ("latin-1", "cp1252"):
        with suppress(UnicodeError):
            yield f"in {encoding}", body.decode().encode(encoding)
