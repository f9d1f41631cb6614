"""Everything that is stored about one member."""

from typing import Any

from db.pool import Queryable
from db.queries import query


async def export_member(db: Queryable, mi_id: str, person_hash: str) -> dict[str, Any] | None:
    """Every table's rows about a member as plain JSON values, by table; None for an unknown Mi account."""
    row = await db.fetchrow(query("export_member"), mi_id, person_hash)
    return dict(row.items()) if row is not None else None
