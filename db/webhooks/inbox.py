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
    """A stored delivery of a producer, with its raw body and the headers that matter.

    `is_emptied`: it was about an order of an erased member, and body and headers were deleted (R71).
    """

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
    """Stores a delivery; False if this event was stored before."""
    new_id = await db.fetchval(query("keep_delivery"), producer, event_id, type_, body, dict(headers))
    return new_id is not None


async def kept_body_hash(db: Queryable, producer: str, event_id: str) -> bytes | None:
    """SHA-256 of the body that is stored under an event's id; None for an unknown id."""
    body_hash: bytes | None = await db.fetchval(query("kept_body_hash"), producer, event_id)
    return body_hash


async def deliveries_to_apply(db: Queryable, most: int) -> list[tuple[str, str]]:
    """Up to `most` waiting deliveries as (producer, event id), oldest first."""
    rows = await db.fetch(query("deliveries_to_apply"), most)
    return [(row["producer"], row["event_id"]) for row in rows]


async def lock_delivery(db: Queryable, producer: str, event_id: str) -> Delivery | None:
    """Locks a delivery until the transaction ends; None if another worker has it or it is done."""
    row = await db.fetchrow(query("lock_delivery"), producer, event_id)
    return Delivery(**dict(row.items())) if row is not None else None


async def finish_delivery(
    db: Queryable,
    delivery: Delivery,
    state: str,
    *,
    error: str | None = None,
    order_number: str | None = None,
    other_order_numbers: Sequence[str] = (),
    tracking_number: str | None = None,
) -> None:
    """Marks a delivery APPLIED, PARKED or IGNORED. If its order is an erased member's, its body is emptied (R71).

    `other_order_numbers`: a parked delivery waits for one of them, too.
    """
    of_order = (order_number, tracking_number, list(other_order_numbers))
    values = (delivery.producer, delivery.event_id, state, error, *of_order)
    if await db.fetchval(query("finish_delivery"), *values):
        await empty_deliveries_of_order(db, order_number)


async def postpone_delivery(
    db: Queryable, producer: str, event_id: str, error: str, order_number: str | None = None
) -> None:
    """Counts a failed attempt: the next one waits longer, the tenth is the last.

    Stores the number of the order, if it was found. If that order is an erased member's, the body is emptied (R71).
    """
    if await db.fetchval(query("postpone_delivery"), producer, event_id, error, order_number):
        await empty_deliveries_of_order(db, order_number)


async def empty_deliveries_of_order(db: Queryable, order_number: str | None) -> None:
    """Empties the deliveries about this order if its member was erased; otherwise it changes nothing."""
    await db.execute(query("empty_deliveries_of_order"), order_number)


async def empty_deliveries_of_member(db: Queryable, member_id: UUID) -> None:
    """Empties the deliveries about all orders of an erased member."""
    await db.execute(query("empty_deliveries_of_member"), member_id)


async def pause_delivery(db: Queryable, producer: str, event_id: str) -> None:
    """Postpones a delivery by one second, without counting an attempt."""
    await db.execute(query("pause_delivery"), producer, event_id)


async def link_parcels_to_order(
    db: Queryable, number: str, member_id: UUID, parcels: Sequence[tuple[str, str | None]]
) -> None:
    """Links parcels, as (tracking number, carrier), to an order, so that carriers' deliveries about them find it."""
    numbers, carriers = [each[0] for each in parcels], [each[1] for each in parcels]
    await db.execute(query("link_parcels_to_order"), number, member_id, numbers, carriers)


async def unpark_deliveries(db: Queryable, order_numbers: Sequence[str], tracking_numbers: Sequence[str]) -> int:
    """Frees the deliveries that are parked for one of these orders or parcels; returns their number."""
    rows: list[Any] = await db.fetch(query("unpark_deliveries"), list(order_numbers), list(tracking_numbers))
    return len(rows)


async def retry_deliveries(db: Queryable, order_number: str) -> None:
    """Has an order's deliveries that could not be applied tried again at once."""
    await db.execute(query("retry_deliveries"), order_number)


async def unpark_known(db: Queryable) -> int:
    """Frees all parked deliveries whose order is known by now; returns their number."""
    return len(await db.fetch(query("unpark_known")))


async def mark_parked_dead(db: Queryable) -> int:
    """Marks deliveries dead that have been parked for PARKED_DAYS; returns their number."""
    return len(await db.fetch(query("mark_parked_dead")))
