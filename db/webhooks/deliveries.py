"""The inbox for operators: pages of deliveries, one delivery with its body, and replays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from db.pages import Window
from db.pool import Queryable
from db.queries import query
from db.webhooks.inbox import Delivery

DeliveryKey = tuple[str, str]
"""A producer and the id of one of its events."""
DeliveryPlace = tuple[datetime, str, str]
"""When a delivery was received, its producer and its event's id: its place in the list."""


@dataclass(frozen=True, slots=True)
class DeliveryRow:
    """A stored delivery without its body. Before `not_before` it is not tried again; None if nothing delays it."""

    producer: str
    event_id: str
    type: str
    state: str
    attempts: int
    received_at: datetime
    not_before: datetime | None
    applied_at: datetime | None
    error: str | None
    order_number: str | None
    tracking_number: str | None

    @property
    def place(self) -> DeliveryPlace:
        """Its place in the list."""
        return self.received_at, self.producer, self.event_id


@dataclass(frozen=True, slots=True)
class DeliveryBefore:
    """A delivery before its replay."""

    state: str
    attempts: int
    error: str | None


async def deliveries_page(
    db: Queryable,
    window: Window[DeliveryPlace],
    *,
    producers: Sequence[str] | None = None,
    states: Sequence[str] | None = None,
) -> list[DeliveryRow]:
    """A page of the inbox, newest first, and one row more, of these producers and states, or of all."""
    place = window.after or (None, None, None)
    rows = await db.fetch(query("deliveries_page"), producers, states, *place, window.most + 1)
    return [DeliveryRow(**dict(row.items())) for row in rows]


async def deliveries_by_id(db: Queryable, keys: Sequence[DeliveryKey]) -> list[DeliveryRow]:
    """Deliveries by producer and event id."""
    producers, event_ids = [key[0] for key in keys], [key[1] for key in keys]
    rows = await db.fetch(query("deliveries_by_id"), producers, event_ids)
    return [DeliveryRow(**dict(row.items())) for row in rows]


async def kept_delivery(db: Queryable, producer: str, event_id: str) -> Delivery | None:
    """A delivery with its body and headers; None for an unknown id."""
    row = await db.fetchrow(query("kept_delivery"), producer, event_id)
    return Delivery(**dict(row.items())) if row is not None else None


async def replay_delivery(db: Queryable, producer: str, event_id: str) -> DeliveryBefore | None:
    """Has a delivery in any state applied again, and returns its state before; None for an unknown id."""
    row = await db.fetchrow(query("replay_delivery"), producer, event_id)
    return DeliveryBefore(**dict(row.items())) if row is not None else None


async def replay_dead_deliveries(db: Queryable, producer: str) -> list[str]:
    """Has every dead delivery of a producer applied again; returns the ids of their events."""
    rows = await db.fetch(query("replay_dead_deliveries"), producer)
    return [row["event_id"] for row in rows]
