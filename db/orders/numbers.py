"""Orders by order number and by tracking number, with their members."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class KnownOrder:
    member_id: UUID
    content_hash: str | None
    verdict_id: UUID | None


@dataclass(frozen=True, slots=True)
class OrderOfParcel:
    number: str
    member_id: UUID
    carriers: Sequence[str | None]


async def order_known(db: Queryable, number: str) -> KnownOrder | None:
    """The member who has an order of this number, and the hash (hex) of its content; None for an unknown number."""
    row = await db.fetchrow(query("order_known"), number)
    if row is None:
        return None
    content_hash = row["content_hash"].hex() if row["content_hash"] is not None else None
    return KnownOrder(row["member_id"], content_hash, row["verdict_id"])


async def order_owner(db: Queryable, number: str) -> UUID | None:
    """The member who has an order of this number; None for an unknown number."""
    owner: UUID | None = await db.fetchval(query("order_owner"), number)
    return owner


async def order_currency(db: Queryable, member_id: UUID, number: str) -> str:
    """The currency of a recorded order, ISO 4217."""
    currency: str = await db.fetchval(query("order_currency"), member_id, number)
    return currency


async def order_named(db: Queryable, numbers: Sequence[str], tracking_numbers: Sequence[str]) -> str | None:
    """The order that has one of these numbers, or else one that was recorded with one of these parcels; None for
    none."""
    number: str | None = await db.fetchval(query("order_named"), list(numbers), list(tracking_numbers))
    return number


async def orders_of_parcel(db: Queryable, tracking_number: str, received_at: datetime) -> list[OrderOfParcel]:
    """The orders to which news of a parcel can belong: those with its number and with news within PARCEL_NEWS_DAYS."""
    rows = await db.fetch(query("order_of_parcel"), tracking_number, received_at)
    return [OrderOfParcel(row["number"], row["member_id"], row["carriers"]) for row in rows]
