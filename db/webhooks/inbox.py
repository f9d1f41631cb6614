"""The webhook inbox (design §5)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class Delivery:
    """One kept delivery of a producer: its raw bytes and the headers that matter. `is_emptied`: it was about an order
    of a member that has been erased, and holds neither any more (R71)."""

    producer: str
    event_id: str
    type: str
    body: bytes
    headers: Mapping[str, str]
    received_at: datetime
    attempts: int
    is_emptied: bool = False


async def keep_delivery(
    db: Queryable, producer: str, event_id: str, type_: str, body: bytes, headers: Mapping[str, str]
) -> bool:
    """Keeps a delivery; False when this event was kept before."""
    kept = await db.fetchval(query("keep_delivery"), producer, event_id, type_, body, dict(headers))
    return kept is not None


async def kept_body_hash(db: Queryable, producer: str, event_id: str) -> bytes | None:
    """SHA-256 of the body that was kept under an event's id."""
    found: bytes | None = await db.fetchval(query("kept_body_hash"), producer, event_id)
    return found


async def deliveries_to_apply(db: Queryable, most: int) -> list[tuple[str, str]]:
    """Up to `most` deliveries that wait, as (producer, event id), oldest first."""
    rows = await db.fetch(query("deliveries_to_apply"), most)
    return [(row["producer"], row["event_id"]) for row in rows]


async def lock_delivery(db: Queryable, producer: str, event_id: str) -> Delivery | None:
    """Takes a delivery until the transaction ends, or None when it is taken or done."""
    row = await db.fetchrow(query("lock_delivery"), producer, event_id)
    return Delivery(**dict(row.items())) if row is not None else None


async def finish_delivery(
    db: Queryable,
    delivery: Delivery,
    state: str,
    *,
    error: str | None = None,
    order_number: str | None = None,
    tracking_number: str | None = None,
) -> None:
    """Marks a delivery APPLIED, PARKED or IGNORED; of an erased member's order, its body is emptied (R71)."""
    values = (delivery.producer, delivery.event_id, state, error, order_number, tracking_number)
    if await db.fetchval(query("finish_delivery"), *values):
        await empty_deliveries_of_order(db, order_number)


async def postpone_delivery(
    db: Queryable, producer: str, event_id: str, error: str, order_number: str | None = None
) -> None:
    """Counts a failed attempt; the next one waits longer, the tenth is the last. Keeps its order, if it was found; an
    erased member's body is emptied (R71)."""
    if await db.fetchval(query("postpone_delivery"), producer, event_id, error, order_number):
        await empty_deliveries_of_order(db, order_number)


async def empty_deliveries_of_order(db: Queryable, order_number: str | None) -> None:
    """Empties what was sent about an erased member's order; of anybody else's it leaves everything."""
    await db.execute(query("empty_deliveries_of_order"), order_number)


async def empty_deliveries_of_member(db: Queryable, member_id: UUID) -> None:
    """Empties what was sent about all orders of a member that was erased."""
    await db.execute(query("empty_deliveries_of_member"), member_id)


async def pause_delivery(db: Queryable, producer: str, event_id: str) -> None:
    """Leaves a delivery alone for a second, without counting an attempt."""
    await db.execute(query("pause_delivery"), producer, event_id)


async def link_parcels_to_order(
    db: Queryable, number: str, member_id: UUID, parcels: Sequence[tuple[str, str | None]]
) -> None:
    """Lets carriers' news of these parcels, as (tracking number, carrier), find an order."""
    numbers, carriers = [each[0] for each in parcels], [each[1] for each in parcels]
    await db.execute(query("link_parcels_to_order"), number, member_id, numbers, carriers)


async def unpark_deliveries(db: Queryable, order_number: str, tracking_numbers: Sequence[str]) -> int:
    """Frees what waited for an order; gives how many."""
    rows: list[Any] = await db.fetch(query("unpark_deliveries"), order_number, list(tracking_numbers))
    return len(rows)


async def unpark_known(db: Queryable) -> int:
    """Frees whatever waits for an order that is known by now; gives how many."""
    return len(await db.fetch(query("unpark_known")))


async def mark_parked_dead(db: Queryable) -> int:
    """Gives up on deliveries parked for PARKED_DAYS; gives how many."""
    return len(await db.fetch(query("mark_parked_dead")))
