"""Everything that is held about one member."""

from typing import Any

from db.pool import Queryable
from db.queries import query


async def export_member(db: Queryable, mi_id: str) -> dict[str, Any] | None:
    """Plain JSON values by what they are; None for an unknown Mi account."""
    row = await db.fetchrow(query("export_member"), mi_id)
    return dict(row.items()) if row is not None else None
