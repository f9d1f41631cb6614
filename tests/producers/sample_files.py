"""The published webhooks in samples/, byte for byte, with the headers that prove them."""

import json
from pathlib import Path
from typing import Any

from loyalty.producers.events import Sent

FOLDER = Path(__file__).parent / "samples"
TOLD = {each["file"]: each for each in json.loads((FOLDER / "INDEX.json").read_text("utf-8"))["samples"]}


def sample_sent(name: str) -> Sent:
    """One sample as it reaches us."""
    headers = {key.lower(): value for key, value in TOLD[f"{name}.json"]["headers"].items() if key != "_query"}
    return Sent(headers, (FOLDER / f"{name}.json").read_bytes())


def sample_event(name: str) -> dict[str, Any]:
    """One sample's document, to be changed."""
    event: dict[str, Any] = json.loads(sample_sent(name).body)
    return event
