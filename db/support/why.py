"""What was decided about one member, and why, for support (R62)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class WhyRow:
    """One thing that is known: its source, such as VERDICT or DELIVERY, its moment and its facts."""

    source: str
    at: datetime
    facts: Mapping[str, Any]


async def why_rows(
    db: Queryable, member_id: UUID | None, person_hash: str, number: str | None, code: str | None, most: int
) -> list[WhyRow]:
    """All that is known of a member, or of one of its orders or coupons, newest first; `most` rows of each source."""
    rows = await db.fetch(query("why"), member_id, number, code, person_hash, most)
    return [WhyRow(**dict(row.items())) for row in rows]
