"""Orders without news for longer than their terms wait (R31a)."""

from datetime import datetime
from uuid import UUID

from db.pool import Queryable
from db.queries import query


async def orders_to_give_up(db: Queryable, most: int) -> list[tuple[UUID, str]]:
    """Up to `most` such orders with pending points, as (member, number), the longest silent first."""
    return [(row["member_id"], row["number"]) for row in await db.fetch(query("orders_to_give_up"), most)]


async def order_waited_until(db: Queryable, member_id: UUID, number: str) -> datetime | None:
    """Until when an order was waited for; None while it still is."""
    moment: datetime | None = await db.fetchval(query("order_waited_until"), member_id, number)
    return moment
