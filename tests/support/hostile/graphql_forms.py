"""Ways to send an operation: as it is, about real things, with variables, and spoilt."""

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
    """One value somewhere inside becomes odd."""
    if isinstance(value, dict) and value and random.random() < 0.8:
        name = random.choice(list(value))
        return value | {name: _spoilt_value(random, value[name])}
    if isinstance(value, list) and value and random.random() < 0.7:
        at = random.randrange(len(value))
        return [*value[:at], _spoilt_value(random, value[at]), *value[at + 1 :]]
    return random.choice(_ODD_VALUES)


def _spoilt_text(random: Random, text: str) -> str:
    """A few characters are lost, doubled, swapped or put in."""
    for _ in range(random.randint(1, 3)):
        at, to = sorted(random.sample(range(len(text) + 1), 2)) if text else (0, 0)
        piece = text[at : min(to, at + random.choice((1, 5, 40)))]
        kinds = (text[:at] + text[at + len(piece) :], text[:at] + piece + text[at:])
        text = random.choice((*kinds, text[:at] + random.choice(_PIECES) + text[at:], text[:at]))
    return text


def as_is(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """As it was made."""
    return _sent({"query": text})


def about_real_things(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Values that name real things."""
    return _sent({"query": aimed(random, text, schema, known)})


def in_variables(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """The same in variables."""
    return _sent(with_variables(random, text, schema, known))


def odd_variables(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Variables of which one is not what it should be."""
    told = with_variables(random, text, schema, known)
    return _sent(told | {"variables": _spoilt_value(random, told["variables"])})


def spoilt(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """A document that something happened to."""
    return _sent({"query": _spoilt_text(random, aimed(random, text, schema, known))})


def in_a_batch(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """Several times in one request, each about other things."""
    return _sent([{"query": aimed(random, text, schema, known)} for _ in range(random.randint(1, 6))])


def odd_request(random: Random, text: str, schema: GraphQLSchema, known: Known) -> bytes:
    """A request with something else than what belongs there, or bytes that are no JSON."""
    told: dict[str, Any] = with_variables(random, text, schema, known)
    name = random.choice(("query", "variables", "operationName", "extensions", "documentId", "other"))
    body = _sent(told | {name: random.choice(_ODD_VALUES)})
    return body if random.random() < 0.7 else body[: random.randrange(len(body))] + random.choice((b"", b"\xff", b"}"))


_USUAL: tuple[Form, ...] = (about_real_things, in_variables)
FORMS: tuple[Form, ...] = (*_USUAL, *_USUAL, in_a_batch, odd_variables, spoilt, odd_request, as_is)
"""The first are the simplest and most frequent."""


def _sent(body: Body) -> bytes:
    return json.dumps(body).encode()
