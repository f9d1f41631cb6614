"""The text of one delivery for a terminal: its facts, its headers, its body, and the events that we read in it."""

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import datetime
from typing import Any

from db.webhooks.deliveries import DeliveryRow
from db.webhooks.inbox import Delivery
from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.events import Ignored, ProducerEvent, Sent
from mipoints.console import plain

_INDENT = "    "


def delivery_text(row: DeliveryRow, delivery: Delivery) -> Iterator[str]:
    """Returns the text of a delivery, line by line."""
    yield f"{row.producer} {plain(row.event_id)}"
    for name, value in _facts(row):
        yield f"{name + ':':<14}{plain(value)}"
    yield "headers:"
    for name, value in delivery.headers.items():
        yield f"{_INDENT}{name}: {plain(value)}"
    yield f"body, {len(delivery.body)} bytes:"
    for line in _body(delivery.body):
        yield _INDENT + line
    yield "read as:"
    for line in _read(delivery):
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
    """Returns JSON indented, and anything else as Python writes bytes."""
    try:
        text = json.dumps(json.loads(body), indent=2, ensure_ascii=False)
    except (ValueError, RecursionError):
        return [repr(body)]
    return [plain(line) for line in text.splitlines()]


def _read(delivery: Delivery) -> list[str]:
    """Returns the events that a worker of this release reads in the delivery. If it cannot read it, returns the error
    as the worker would log it."""
    adapter = PRODUCERS.get(delivery.producer)
    if adapter is None:
        return [f"This release does not know the producer {delivery.producer}."]
    try:
        return list(_event(adapter.read(Sent(delivery.headers, delivery.body), delivery.received_at)))
    except Exception as error:
        return [f"It cannot be read: {type(error).__name__}: {plain(str(error))}"]


def _event(event: ProducerEvent) -> Iterator[str]:
    if isinstance(event, Ignored):
        yield f"ignored: {plain(event.reason)}"
    else:
        yield from _named(event)


def _named(part: Any, indent: str = "") -> Iterator[str]:
    """Returns the fields of an event or of a fact in it, without the empty ones."""
    for each in fields(part):
        value = getattr(part, each.name)
        inner = [item for item in (value if isinstance(value, tuple) else (value,)) if is_dataclass(item)]
        for item in inner:
            yield f"{indent}{each.name}: {type(item).__name__}"
            yield from _named(item, indent + "  ")
        if not inner and value not in (None, False, ()):
            shown = value.isoformat() if isinstance(value, datetime) else str(value)
            yield f"{indent}{each.name}: {plain(shown)}"
