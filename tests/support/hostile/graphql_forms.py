"""Forms of a request for an operation: unchanged, with values of existing things, with variables, and damaged."""

import json
from collections.abc import Callable
from random import Random
from typing import Any

from graphql import GraphQLSchema

from tests.support.hostile.graphql_aiming import aimed, with_variables
from tests.support.hostile.graphql_world import Known

Body = dict[str, Any] | list[Any]
Form = Callable[[Random, str, GraphQLSchema, Known], bytes]
_ODD_VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1.5, 2**31, 2**63, 10**400, "", "x", "\0", "\ud800", [], [[]], {}, {"a": 1}, [None], "1", [{}],
)  # fmt: skip
_PIECES = (
    "{",
    "}",
    "(",
    ")",
    "@skip(if: true) ",
    "@a ",
    "...F ",
    "$x ",
    '"""',
    '"',
    "#",
    "\\u0000",
    "1e999 ",
    "\ufeff",
    "…",
    ":",
)


def _spoilt_value(random: Random, value: Any) -> Any:
    """Replaces one value somewhere inside by an odd one."""
    if isinstance(value, dict) and value and random.random() < 0.8:
        name = random.choice(list(value))
        return value | {name: _spoilt_value(random, value[name])}
    if isinstance(value, list) and value and random.random() < 0.7:
        at = random.randrange(len(value))
        return [*value[:at], _spoilt_value(random, value[at]), *value[at + 1 :]]
    return random.choice(_ODD_VALUES)


def _spoilt_text(random: Random, text: str) -> str:
    """Removes, doubles, swaps or inserts a few characters."""
    for _ in range(random.randint(1, 3)):
        at, to = sorted(random.sample(range(len(text) + 1), 2)) if text else (0, 0)
        piece = text[at : min(to, at + random.choice((1, 5, 40)))]
        kinds = (text[:at] + text[at + len(piece) :], text[:at] + piece + text[at:])
        text = random.choice((*kinds, text[:at] + random.choice(_PIECES) + text[at:], text[:at]))
    return text


def as_is(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Sends the operation unchanged."""
    return _sent({"query": text})


def about_real_things(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Gives the operation values that name existing things."""
    return _sent({"query": aimed(random, text, schema, known)})


def in_variables(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Gives the operation such values as variables."""
    return _sent(with_variables(random, text, schema, known))


def odd_variables(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Gives the operation variables, one of which has an odd value."""
    body = with_variables(random, text, schema, known)
    return _sent(body | {"variables": _spoilt_value(random, body["variables"])})


def spoilt(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Damages the document."""
    return _sent({"query": _spoilt_text(random, aimed(random, text, schema, known))})


def in_a_batch(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Sends the operation several times in one batch, each time with other values."""
    return _sent([{"query": aimed(random, text, schema, known)} for _ in range(random.randint(1, 6))])


def odd_request(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Replaces a part of the request by an odd value, or sends bytes that are not JSON."""
    parts: dict[str, Any] = with_variables(random, text, schema, known)
    name = random.choice(("query", "variables", "operationName", "extensions", "documentId", "other"))
    body = _sent(parts | {name: random.choice(_ODD_VALUES)})
    return body if random.random() < 0.7 else body[: random.randrange(len(body))] + random.choice((b"", b"\xff", b"}"))


_USUAL: tuple[Form, ...] = (about_real_things, in_variables)
FORMS: tuple[Form, ...] = (*_USUAL, *_USUAL, in_a_batch, odd_variables, spoilt, odd_request, as_is)
"""The first are the simplest and most frequent."""


def _sent(body: Body) -> bytes:
    return json.dumps(body).encode()
