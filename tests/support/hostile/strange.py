"""Real events with strange content, such as a producer could send by mistake."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

Place = tuple[Any, ...]

_NUMBERS = (0, -1, 1.5, 2**31, 2**53 + 1, 2**63, 10**29, 10**40, 1e308, -0.0, 11, 93, 62992)
_WORDS = (
    "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", "\u202e", "\U0001f600" * 200, "\u00e9" * 200, "x" * 201,
    "x" * 5000, "null", "NaN", "1e999", "-1", "delivered", "DELIVERED", "Delivered", "RETURNED", "return_to_sender",
    "refund", "success", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59+23:59", "2026-02-30T00:00:00Z",
    "2026-W01-1T00:00:00Z", "24:00",
    "2024-08-05T17:31:00", "Infinity", "'; drop table inbox; --", "../../etc/passwd",
    "http://169.254.169.254/", "{}", "${7*7}",
)  # fmt: skip
_RAW = (
    "NaN", "Infinity", "-Infinity", "1e999999999", "-1e-999999999", "1" + "0" * 5000, "0.1" + "0" * 3000 + "1",
    "9" * 4300, "[" * 900 + "]" * 900, '{"a":' * 400 + "1" + "}" * 400, "[" * 200_000, '"\\ud800"', '"\\u0000"', "tru",
    "01", '"\t"', "[" + "{}," * 20_000 + "{}]", '"' + "\\u00e9" * 3000 + '"',
)  # fmt: skip
_MOST_PLACES = 20_000
_MARK = "\u2603here"


def strange(random: Random, body: bytes) -> bytes:
    """Returns the event with one to four changes; sometimes it is no JSON any more."""
    try:
        document = json.loads(body)
    except ValueError:
        return body
    for _ in range(random.choice((1, 1, 2, 4))):
        if len(places(document)) < _MOST_PLACES:
            document = random.choice(_CHANGES)(random, document)
    text = json.dumps(document, ensure_ascii=random.random() < 0.7).replace(json.dumps(_MARK), f'"{_MARK}"')
    return _as_it_comes(random, text.replace(f'"{_MARK}"', random.choice(_RAW), 1).replace(f'"{_MARK}"', "1"))


def _as_it_comes(random: Random, text: str) -> bytes:
    body = text.encode("utf-8", "surrogatepass")
    if random.random() < 0.95:
        return body
    cut = random.randint(0, len(body))
    return random.choice(
        (body[:cut], b"\xef\xbb\xbf" + body, body + body, b"[" + body + b"]", text.encode("utf-16", "replace"))
    )


def places(value: Any, here: Place = ()) -> list[Place]:
    """Returns the path to every value in a document, the document itself first."""
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(place for key, inner in pairs for place in places(inner, (*here, key)))]


def changed(value: Any, place: Place, change: Callable[[Any], Any]) -> Any:
    """Returns the document with the value at one place changed."""
    if not place:
        return change(value)
    copy = value.copy()
    copy[place[0]] = changed(value[place[0]], place[1:], change)
    return copy


def _another_value(random: Random, document: Any) -> Any:
    return changed(document, random.choice(places(document)), lambda _: _value(random))


def _value(random: Random) -> Any:
    simple = random.choice((None, True, False, random.choice(_NUMBERS), random.choice(_WORDS), random.choice(_WORDS)))
    return random.choice((simple, simple, simple, [], {}, [simple] * random.choice((1, 3)), {"id": simple}, _MARK))


def _left_out(random: Random, document: Any) -> Any:
    place = random.choice(places(document))
    if not place:
        return document
    return changed(document, place[:-1], lambda inner: _without(inner, place[-1]))


def _without(value: Any, key: Any) -> Any:
    pairs = value.items() if isinstance(value, dict) else enumerate(value)
    rest = [(each, inner) for each, inner in pairs if each != key]
    return dict(rest) if isinstance(value, dict) else [inner for _, inner in rest]


def _from_elsewhere(random: Random, document: Any) -> Any:
    """Copies the value of one place to another."""
    all_places = places(document)
    source = document
    for key in random.choice(all_places):
        source = source[key]
    return changed(document, random.choice(all_places), lambda _: source)


def _more_of_it(random: Random, document: Any) -> Any:
    lists = [place for place in places(document) if isinstance(_at(document, place), list) and _at(document, place)]
    if not lists:
        return _another_value(random, document)
    return changed(document, random.choice(lists), lambda inner: _repeated(inner, random.choice((2, 50, 3000))))


def _repeated(inner: list[Any], length: int) -> list[Any]:
    """Repeats the items up to this length, but not so often that the body becomes too large to be sent."""
    fitting = _MOST_PLACES * len(inner) // len(places(inner))
    return (inner * length)[: min(length, max(2, fitting))]


def _at(document: Any, place: Place) -> Any:
    for key in place:
        document = document[key]
    return document


_CHANGES = (_another_value, _another_value, _another_value, _left_out, _from_elsewhere, _more_of_it)
