"""Which order a number means, and whose it is."""

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
    """Whose order this number is, and the hash of what was told of it."""
    row = await db.fetchrow(query("order_known"), number)
    if row is None:
        return None
    content_hash = row["content_hash"].hex() if row["content_hash"] is not None else None
    return KnownOrder(row["member_id"], content_hash, row["verdict_id"])


async def order_owner(db: Queryable, number: str) -> UUID | None:
    """The member an order number belongs to, or None for an unknown order."""
    owner: UUID | None = await db.fetchval(query("order_owner"), number)
    return owner


async def order_named(db: Queryable, numbers: Sequence[str], tracking_numbers: Sequence[str]) -> str | None:
    """The order that one of these numbers is known as, or else that recorded one of these parcels; None for none."""
    number: str | None = await db.fetchval(query("order_named"), list(numbers), list(tracking_numbers))
    return number


async def orders_of_parcel(db: Queryable, tracking_number: str, received_at: datetime) -> list[OrderOfParcel]:
    """The orders that news of a parcel can mean: those with its number and recent news (PARCEL_NEWS_DAYS)."""
    rows = await db.fetch(query("order_of_parcel"), tracking_number, received_at)
    return [OrderOfParcel(row["number"], row["member_id"], row["carriers"]) for row in rows]
