"""Orders by order number and by tracking number, with their members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import asyncpg

from db.orders.recorded import RecordedOrder, recorded_values
from db.pool import Database, Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """The member who has an order, and the order as it was recorded."""

    member_id: UUID
    order: RecordedOrder | None


@dataclass(frozen=True, slots=True)
class OrderOfParcel:
    number: str
    member_id: UUID
    carriers: Sequence[str | None]


async def order_known(db: Queryable, number: str) -> KnownOrder | None:
    """The order of this number; None for an unknown number.

    Outside a transaction, calls that wait at the same time leave as one statement.
    """
    if isinstance(db, Database):
        return await db.shared("orders_known", _orders_known, number)
    (known,) = await _orders_known(db, [number])
    return known


async def _orders_known(db: Queryable, numbers: Sequence[str]) -> list[KnownOrder | None]:
    rows = await db.fetch(query("orders_known"), list(numbers))
    known = {row["number"]: _known(row) for row in rows}
    return [known.get(number) for number in numbers]


def _known(row: asyncpg.Record) -> KnownOrder:
    order = RecordedOrder(**recorded_values(row)) if row["verdict_id"] is not None else None
    return KnownOrder(row["member_id"], order)


async def order_owner(db: Queryable, number: str) -> UUID | None:
    """The member who has an order of this number; None for an unknown number."""
    return (await order_owners(db, [number])).get(number)


async def order_owners(db: Queryable, numbers: Sequence[str]) -> dict[str, UUID]:
    """The members who have orders of these numbers, by number; unknown numbers are left out."""
    if not numbers:
        return {}
    return {row["number"]: row["member_id"] for row in await db.fetch(query("order_owners"), list(numbers))}


async def order_currencies(db: Queryable, orders: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], str]:
    """The currencies (ISO 4217) of recorded orders, by member and number."""
    if not orders:
        return {}
    columns = [each[0] for each in orders], [each[1] for each in orders]
    rows = await db.fetch(query("order_currencies"), *columns)
    return {(row["member_id"], row["number"]): row["currency"] for row in rows}


async def order_named(db: Queryable, numbers: Sequence[str], tracking_numbers: Sequence[str]) -> str | None:
    """The order that has one of these numbers, or else one that was recorded with one of these parcels; None for
    none."""
    number: str | None = await db.fetchval(query("order_named"), list(numbers), list(tracking_numbers))
    return number


async def orders_of_parcels(db: Queryable, news: Sequence[tuple[str, datetime]]) -> list[list[OrderOfParcel]]:
    """For each parcel, as (tracking number, moment of its news), the orders to which the news can belong: those with
    its number and with news within PARCEL_NEWS_DAYS."""
    if not news:
        return []
    found: list[list[OrderOfParcel]] = [[] for _ in news]
    for row in await db.fetch(query("orders_of_parcels"), [each[0] for each in news], [each[1] for each in news]):
        found[row["place"] - 1].append(OrderOfParcel(row["number"], row["member_id"], row["carriers"]))
    return found
