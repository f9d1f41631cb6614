"""A new member with an empty ledger."""

from datetime import datetime
from uuid import UUID

from db.pool import Queryable
from db.queries import query


async def join_member(
    db: Queryable, mi_id: str, member_id: UUID, market: str, time_zone: str, joined_at: datetime
) -> bool:
    """Makes a Mi account a member; False if it is one already. `time_zone` is an IANA name, `joined_at` in UTC."""
    joined = await db.fetchval(query("join_member"), mi_id, member_id, market, time_zone, joined_at)
    return joined is not None
