"""docs/errors.md: every code that a client can receive, its sentence, and what to do about it."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources import files
from typing import Any

from api.schema import refusals
from api.streams import messages
from loyalty.messages.catalogue import CATALOGUES, DEFAULT

_HEAD = """# Errors, by code

Made by `make errors` from the code and `api/errors.toml`; a test keeps it current.

There are two kinds of errors. A **refusal** is data, a member of a mutation's union that implements `Refusal`: `code`
is for the program, `message` for the person, in the language of Accept-Language. A **fault** is a top-level error with
`extensions.code` and `extensions.requestId`; its `message` is for developers. Where there is no union, as in a
subscription, a refusal is sent as a fault with the refusal's code. Codes are stable. New ones may be added, so handle
unknown codes too.
"""
_FAULTS = """## Faults: `errors[].extensions.code`

With `application/graphql-response+json` the status of an answer without `data` is 400, and 403 for FORBIDDEN, 429 with
Retry-After for a budget that is used up, 503 for UNAVAILABLE; with `application/json` it is 200, as the specification
has it. An answer with `data` is 200 in both.
"""


def documented_codes() -> dict[str, Any]:
    """Returns the content of api/errors.toml: the advice for each code."""
    return tomllib.loads(files("api").joinpath("errors.toml").read_text("utf-8"))


def errors_document() -> str:
    """Returns the text of the whole document."""
    facts = documented_codes()
    parts = [
        _HEAD,
        _FAULTS,
        _table(("code", "means", "what to do"), _faults(facts["faults"])),
        "## Refusals: `Refusal.code`\n",
        _table(("type", "code", "says", "what to do"), _refusals(facts["refusals"])),
        "## Verdicts: `Verdict.code`\n\nThe answer to an event that was taken; not an error.\n",
        _table(("code", "says", "what to do"), _sentences("verdicts", facts["verdicts"])),
        "## Outside GraphQL: `error.code` of webhooks, reports and unknown paths\n",
        _table(("code", "what it is"), facts["webhooks"].items()),
        "## WebSocket: close codes of graphql-transport-ws\n",
        _table(("code", "what it is"), _sockets(facts["sockets"])),
    ]
    return "\n".join(parts)


def _faults(faults: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    return ((code, each["means"], each["do"]) for code, each in faults.items())


def _refusals(types: Mapping[str, Mapping[str, str]]) -> Iterator[tuple[str, ...]]:
    for name, codes in types.items():
        assert hasattr(refusals, name), name
        for code, sentence, advice in _sentences("refusals", codes):
            yield f"`{name}`", code, sentence, advice


def _sentences(section: str, codes: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Yields each code with its longest English sentence and its advice. Facts in a sentence stand as {names}."""
    texts = CATALOGUES[DEFAULT].texts[section]
    return ((code, texts[code][0].text, do) for code, do in codes.items())


def _sockets(codes: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((str(getattr(messages, name)), do) for name, do in codes.items())


def _table(head: tuple[str, ...], rows: Any) -> str:
    lines = [head, ("---",) * len(head), *(tuple(row) for row in rows)]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)
