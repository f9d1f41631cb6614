"""The producers' own webhooks, byte for byte, with the headers of their signatures and their expected meaning."""

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
    """One published webhook. `kind` is its meaning, `entry` its entry in the index."""

    name: str
    producer: str
    secret: str
    sent: Sent
    kind: str
    entry: Mapping[str, Any]

    @property
    def event(self) -> dict[str, Any]:
        """Returns the body as a document that the caller may change."""
        document: dict[str, Any] = json.loads(self.sent.body)
        return document

    @property
    def signed_at(self) -> datetime:
        """The time of the signature if the signature covers a time; otherwise any time."""
        stamp = self.sent.headers.get("webhook-timestamp")
        parts = dict(part.partition("=")[::2] for part in self.sent.headers.get("shippo-auth-signature", "").split(","))
        return datetime.fromtimestamp(int(stamp or parts.get("t", 0)), UTC)


def samples(producer: str | None = None) -> list[Sample]:
    """Returns all samples, or those of one adapter."""
    entries = json.loads((FOLDER / "INDEX.json").read_text("utf-8"))["samples"]
    all_samples = [_sample(each) for each in entries]
    return [each for each in all_samples if producer in (None, each.producer)]


def sample(name: str) -> Sample:
    """Returns the sample in the file of this name, which is without `.json`."""
    return next(each for each in samples() if each.name == name)


def _sample(entry: Mapping[str, Any]) -> Sample:
    body = (FOLDER / entry["file"]).read_bytes()
    assert hashlib.sha256(body).hexdigest() == entry["sha256"], entry["file"]
    headers = {name.lower(): value for name, value in entry["headers"].items() if name != "_query"}
    query = dict(parse_qsl(entry["headers"].get("_query", "").removeprefix("?")))
    return Sample(
        name=entry["file"].removesuffix(".json"),
        producer=ADAPTERS.get(entry["producer"], entry["producer"]),
        secret=entry["secret"].partition(" (")[0],
        sent=Sent(headers, body, query),
        kind=entry["kind"],
        entry=entry,
    )
