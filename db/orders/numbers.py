"""Orders by order number and by tracking number, with their members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.orders.recorded import RecordedOrder, recorded_values
from db.pool import Queryable
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
    """The order of this number; None for an unknown number."""
    row = await db.fetchrow(query("order_known"), number)
    if row is None:
        return None
    return KnownOrder(
        row["member_id"], RecordedOrder(**recorded_values(row)) if row["verdict_id"] is not None else None
    )


async def order_owner(db: Queryable, number: str) -> UUID | None:
    """The member who has an order of this number; None for an unknown number."""
    owner: UUID | None = await db.fetchval(query("order_owner"), number)
    return owner


async def orders_numbered(db: Queryable, numbers: Sequence[str]) -> dict[str, UUID]:
    """The known ones of these order numbers, each with its member."""
    return {row["number"]: row["member_id"] for row in await db.fetch(query("orders_numbered"), list(numbers))}


async def order_named(db: Queryable, numbers: Sequence[str], tracking_numbers: Sequence[str]) -> str | None:
    """The order that has one of these numbers, or else one that was recorded with one of these parcels; None for
    none."""
    number: str | None = await db.fetchval(query("order_named"), list(numbers), list(tracking_numbers))
    return number


async def orders_of_parcel(db: Queryable, tracking_number: str, received_at: datetime) -> list[OrderOfParcel]:
    """The orders to which news of a parcel can belong: those with its number and with news within PARCEL_NEWS_DAYS."""
    rows = await db.fetch(query("order_of_parcel"), tracking_number, received_at)
    return [OrderOfParcel(row["number"], row["member_id"], row["carriers"]) for row in rows]
