"""How one delivery is told on a terminal: its facts, its headers, its body, and what it is read as."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from db.webhooks.deliveries import DeliveryRow
from db.webhooks.inbox import Delivery
from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.events import Ignored, ProducerEvent, Sent

_INDENT = "    "


def delivery_text(row: DeliveryRow, kept: Delivery) -> Iterator[str]:
    """The lines."""
    yield f"{row.producer} {_plain(row.event_id)}"
    for name, value in _facts(row):
        yield f"{name + ':':<14}{_plain(value)}"
    yield "headers:"
    for name, value in kept.headers.items():
        yield f"{_INDENT}{name}: {_plain(value)}"
    yield f"body, {len(kept.body)} bytes:"
    for line in _body(kept.body):
        yield _INDENT + line
    yield "read as:"
    for line in _read(kept):
        yield _INDENT + line


def _facts(row: DeliveryRow) -> Iterator[tuple[str, str]]:
    yield "type", row.type
    yield "state", row.state
    yield "attempts", str(row.attempts)
    yield "received", row.received_at.isoformat()
    optional = {
        "applied": row.applied_at.isoformat() if row.applied_at else None,
        "next attempt": row.not_before.isoformat() if row.not_before and row.state == "RECEIVED" else None,
        "order": row.order_number,
        "parcel": row.tracking_number,
        "why": row.error,
    }
    yield from ((name, value) for name, value in optional.items() if value is not None)


def _body(body: bytes) -> list[str]:
    """JSON indented; anything else as Python writes bytes."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return [repr(body)]
    return [_plain(line) for line in text.splitlines()]


def _read(kept: Delivery) -> list[str]:
    """What a worker of this release makes of it; what it stumbles over is told, as a worker would log it."""
    adapter = PRODUCERS.get(kept.producer)
    if adapter is None:
        return [f"This release does not know the producer {kept.producer}."]
    try:
        return list(_happening(adapter.read(Sent(kept.headers, kept.body), kept.received_at)))
    except Exception as error:
        return [f"It cannot be read: {type(error).__name__}: {_plain(str(error))}"]


def _happening(happening: ProducerEvent) -> Iterator[str]:
    if isinstance(happening, Ignored):
        yield f"ignored: {_plain(happening.reason)}"
    else:
        yield from _named(happening)


def _named(delivery_text: Any, indent: str = "") -> Iterator[str]:
    """A happening or a fact in it, without what is not said."""
    for each in fields(delivery_text):
        value = getattr(delivery_text, each.name)
        inner = [part for part in (value if isinstance(value, tuple) else (value,)) if is_dataclass(part)]
        for part in inner:
            yield f"{indent}{each.name}: {type(part).__name__}"
            yield from _named(part, indent + "  ")
        if not inner and value not in (None, False, ()):
            shown = value.isoformat() if isinstance(value, datetime) else str(value)
            yield f"{indent}{each.name}: {_plain(shown)}"


def _plain(text: str) -> str:
    """Nothing that a stranger sent moves the terminal's cursor."""
    return "".join(character if character.isprintable() else repr(character)[1:-1] for character in text)
