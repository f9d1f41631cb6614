"""How a producer's API is asked about a parcel, and how its answer becomes the webhooks that did not come.

Each producer's file has its own QUESTIONS. Their hosts are the whole list of addresses that are ever requested; no
address comes out of a payload (SSRF).
"""

import base64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """A GET request: the path at the producer's own host, and the headers that authenticate us."""

    path: str
    headers: Mapping[str, str] = field(repr=False)


@dataclass(frozen=True, slots=True)
class ProducerQuestions:
    """How one producer is asked.

    `question` builds the request from a tracking number, a carrier (if known) and the API key. `events` turns the
    answer's JSON object into bodies of the producer's own webhooks.
    """

    host: str
    question: Callable[[str, str | None, str], Question]
    events: Callable[[Mapping[str, Any]], list[dict[str, Any]]]


def basic_credentials(credentials: str) -> dict[str, str]:
    """The header of HTTP Basic authentication (RFC 7617) for `user:password`."""
    return {"authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}
