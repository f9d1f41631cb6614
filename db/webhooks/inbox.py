"""The webhook inbox (design §5)."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, dataclass
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.pool import Database, Queryable
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


class NewDelivery(NamedTuple):
    """A verified delivery as it is stored."""

    producer: str
    event_id: str
    type: str
    body: bytes
    headers: Mapping[str, str]


async def keep_delivery(db: Queryable, delivery: NewDelivery) -> bool:
    """Stores a delivery; False if this event was stored before.

    Outside a transaction, deliveries that wait at the same time are stored by one statement and one commit.
    """
    if isinstance(db, Database):
        return await db.shared("keep_deliveries", _keep_deliveries, delivery)
    (is_new,) = await _keep_deliveries(db, [delivery])
    return is_new


async def _keep_deliveries(db: Queryable, deliveries: Sequence[NewDelivery]) -> list[bool]:
    """Whether each was new. Of two deliveries of one event the first is stored."""
    first = {(each.producer, each.event_id): each for each in reversed(deliveries)}
    rows = await db.fetch(query("keep_deliveries"), *map(list, zip(*first.values(), strict=True)))
    new = {(row["producer"], row["event_id"]) for row in rows}
    return [(key := (each.producer, each.event_id)) in new and first[key] is each for each in deliveries]


async def kept_body_hash(db: Queryable, producer: str, event_id: str) -> bytes | None:
    """SHA-256 of the body that is stored under an event's id; None for an unknown id."""
    body_hash: bytes | None = await db.fetchval(query("kept_body_hash"), producer, event_id)
    return body_hash


async def deliveries_to_apply(db: Queryable, most: int) -> list[tuple[str, str]]:
    """Up to `most` waiting deliveries as (producer, event id), oldest first."""
    rows = await db.fetch(query("deliveries_to_apply"), most)
    return [(row["producer"], row["event_id"]) for row in rows]


async def delivery_waits(db: Queryable) -> bool:
    """Whether any delivery waits for a worker or is being applied."""
    return await db.fetchval(query("delivery_waits")) is not None


async def lock_deliveries(db: Queryable, keys: Sequence[tuple[str, str]]) -> list[Delivery]:
    """Locks deliveries, as (producer, event id), until the transaction ends; those that another worker has or that are
    done are left out."""
    rows = await db.fetch(query("lock_deliveries"), [each[0] for each in keys], [each[1] for each in keys])
    return [Delivery(**dict(row.items())) for row in rows]


@dataclass(frozen=True, slots=True)
class FinishedDelivery:
    """The result of a delivery: its state APPLIED, PARKED or IGNORED, the reason, and the numbers of the order and the
    parcel that it is about, if they are known. A parked one waits for one of `other_order_numbers`, too."""

    producer: str
    event_id: str
    state: str
    error: str | None = None
    order_number: str | None = None
    tracking_number: str | None = None
    other_order_numbers: tuple[str, ...] = ()


async def finish_deliveries(db: Queryable, finished: Sequence[FinishedDelivery]) -> None:
    """Marks deliveries. If the order of one is an erased member's, its deliveries are emptied (R71)."""
    if not finished:
        return
    columns = zip(*(astuple(each) for each in finished), strict=True)
    for row in await db.fetch(query("finish_deliveries"), *map(list, columns)):
        if row["holds_an_erased_person"]:
            await empty_deliveries_of_order(db, row["order_number"])


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


async def link_parcels(db: Queryable, parcels: Sequence[tuple[str, UUID, str, str | None]]) -> None:
    """Links parcels, as (order number, member, tracking number, carrier), to orders, so that carriers' deliveries about
    them find the order."""
    if parcels:
        await db.execute(query("link_parcels"), *map(list, zip(*parcels, strict=True)))


async def unpark_deliveries(db: Database, order_numbers: Sequence[str], tracking_numbers: Sequence[str]) -> None:
    """Frees the deliveries that are parked for one of these orders or parcels. Calls that wait leave as one
    statement."""
    await db.shared("unpark_deliveries", _unpark, (order_numbers, tracking_numbers))


async def _unpark(db: Queryable, parked: Sequence[tuple[Sequence[str], Sequence[str]]]) -> list[None]:
    order_numbers = [each for orders, _ in parked for each in orders]
    tracking_numbers = [each for _, parcels in parked for each in parcels]
    await db.execute(query("unpark_deliveries"), order_numbers, tracking_numbers)
    return [None for _ in parked]


async def retry_deliveries(db: Queryable, order_number: str) -> None:
    """Has an order's deliveries that could not be applied tried again at once."""
    await db.execute(query("retry_deliveries"), order_number)


async def unpark_known(db: Queryable) -> int:
    """Frees all parked deliveries whose order is known by now; returns their number."""
    return len(await db.fetch(query("unpark_known")))


async def mark_parked_dead(db: Queryable) -> int:
    """Marks deliveries dead that have been parked for PARKED_DAYS; returns their number."""
    return len(await db.fetch(query("mark_parked_dead")))
