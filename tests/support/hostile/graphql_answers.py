"""Checks an answer of the API to any request: it must be well-formed, with known codes and without internals."""

import json
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from api.errors import INTERNAL, UNAVAILABLE
from mipoints.errors_document import documented_codes

INTERNALS = re.compile(
    r"Traceback|asyncpg|strawberry|postgres|site-packages|starlette|graphql-core|\.py\b|File \"|object at 0x|<class|"
    r"NoneType|\b[A-Z]\w*(?:Error|Exception)\b|programme_now|violates|duplicate key|\b(?:select|delete)\s.*\sfrom\s|"
    r"insert into|update \w+ set|Cannot return null for non-nullable|whsec_|/(?:home|work|tmp|usr)/",
    re.IGNORECASE | re.DOTALL,
)
"""Texts of Python, SQL, a library or this machine. No request contains them."""

_KNOWN = {*documented_codes()["faults"], *(code for codes in documented_codes()["refusals"].values() for code in codes)}
_REFUSALS = documented_codes()["refusals"].keys()
_LONGEST = 300_000


def wrong_with(status: int, body: bytes, media: str) -> str | None:
    """Returns the problem of an answer, or None."""
    if status >= 500 or status == 0:
        return f"answered {status}"
    if not media.startswith(("application/json", "application/graphql-response+json")):
        return f"media type {media}"
    if len(body) > _LONGEST:
        return f"{len(body)} bytes"
    try:
        answer = json.loads(body)
    except ValueError:
        return "not JSON"
    if found := INTERNALS.search(body.decode("utf-8", "replace")):
        return f"internals: {found[0]!r}"
    return next(filter(None, map(_wrong_with_one, answer if isinstance(answer, list) else [answer])), None)


def _wrong_with_one(answer: Any) -> str | None:
    if not isinstance(answer, dict) or not answer.keys() & {"data", "errors"}:
        return "neither data nor errors"
    if answer.keys() - {"data", "errors", "extensions"}:
        return f"other members: {sorted(answer)}"
    errors = answer.get("errors", [{}])
    if not isinstance(errors, list) or not errors:
        return "errors that are no list, or empty"
    return next(filter(None, map(_wrong_with_error, answer.get("errors", []))), None)


def _wrong_with_error(error: Any) -> str | None:
    code = error.get("extensions", {}).get("code")
    if code in {INTERNAL, UNAVAILABLE}:
        return f"{code} at {error.get('path')}"
    if code not in _KNOWN:
        return f"code {code!r}"
    return None if error.get("message") and error["extensions"].get("requestId") else "no message, or no request id"


def outcomes(body: bytes) -> Iterator[str]:
    """Yields the outcome of each operation of an answer: it ran, it was refused as data, or the first error's code."""
    read = json.loads(body)
    for answer in read if isinstance(read, list) else [read]:
        if errors := answer.get("errors"):
            yield str(errors[0]["extensions"]["code"])
        else:
            yield from map(_outcome, answer["data"].values())


def _outcome(value: Any) -> str:
    if value is None:
        return "ran, null"
    return "refused as data" if isinstance(value, dict) and value.get("__typename") in _REFUSALS else "ran"


@dataclass(slots=True)
class Seen:
    """The figures of the answers so far, and the first request and answer for each kind of problem."""

    requests: int = 0
    labels: set[str] = field(default_factory=set)
    outcomes: Counter[str] = field(default_factory=Counter)
    statuses: Counter[int] = field(default_factory=Counter)
    slowest: float = 0.0
    wrong: dict[str, str] = field(default_factory=dict)

    def add(self, label: str, request: str, status: int, body: bytes, media: str, seconds: float) -> None:
        """Adds an answer to a request of the root field `label`."""
        self.requests += 1
        self.labels.add(label)
        self.statuses[status] += 1
        self.slowest = max(self.slowest, seconds)
        problem = wrong_with(status, body, media)
        if problem is None:
            self.outcomes.update(outcomes(body))
        else:
            self.outcomes["WRONG"] += 1
            self.wrong.setdefault(problem, f"{label}, {request[:3000]}\n  -> {status} {body[:1000]!r}")
