"""What is held about a member, for the member (R71)."""

import json

from db import exporting
from db.pool import Queryable


async def export_member(db: Queryable, mi_id: str) -> str | None:
    """Everything held about a member as JSON text; None for an unknown one, and so for one that was erased."""
    held = await exporting.export_member(db, mi_id)
    return None if held is None else json.dumps(held, ensure_ascii=False, indent=1)
