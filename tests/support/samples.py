"""The producers' own webhooks, byte for byte, with the headers that prove them and what they are to mean."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

from loyalty.webhooks.producers.events import Sent

FOLDER = Path(__file__).parent / "samples"
ADAPTERS = {"aftership-returns": "aftership", "standardwebhooks": "native"}


@dataclass(frozen=True, slots=True)
class Sample:
    """One published webhook. `kind` is what it means, `told` everything the index says of it."""

    name: str
    producer: str
    secret: str
    sent: Sent
    kind: str
    told: Mapping[str, Any]

    @property
    def event(self) -> dict[str, Any]:
        """Its document, to be changed."""
        told: dict[str, Any] = json.loads(self.sent.body)
        return told

    @property
    def signed_at(self) -> datetime:
        """When it was signed, where a moment is signed; else any."""
        stamp = self.sent.headers.get("webhook-timestamp")
        parts = dict(part.partition("=")[::2] for part in self.sent.headers.get("shippo-auth-signature", "").split(","))
        return datetime.fromtimestamp(int(stamp or parts.get("t", 0)), UTC)


def samples(producer: str | None = None) -> list[Sample]:
    """All samples, or those of one adapter."""
    told = json.loads((FOLDER / "INDEX.json").read_text("utf-8"))["samples"]
    found = [_sample(each) for each in told]
    return [each for each in found if producer in (None, each.producer)]


def sample(name: str) -> Sample:
    """The sample in the file of that name, without `.json`."""
    return next(each for each in samples() if each.name == name)


def _sample(told: Mapping[str, Any]) -> Sample:
    body = (FOLDER / told["file"]).read_bytes()
    assert hashlib.sha256(body).hexdigest() == told["sha256"], told["file"]
    headers = {name.lower(): value for name, value in told["headers"].items() if name != "_query"}
    query = dict(parse_qsl(told["headers"].get("_query", "").removeprefix("?")))
    return Sample(
        name=told["file"].removesuffix(".json"),
        producer=ADAPTERS.get(told["producer"], told["producer"]),
        secret=told["secret"].partition(" (")[0],
        sent=Sent(headers, body, query),
        kind=told["kind"],
        told=told,
    )
