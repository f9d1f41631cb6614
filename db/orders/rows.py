"""Orders with the facts about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.orders.recorded import RecordedOrder, recorded_values
from db.pages import MemberAnd, columns_of
from db.pool import Queryable
from db.queries import query
from db.reading_together import by_key


@dataclass(frozen=True, slots=True)
class OrderRow(RecordedOrder):
    """An order with the facts about it, as (kind, content, occurred at, producer), and its points, credited and
    pending."""

    member_id: UUID
    market: str
    facts: tuple[tuple[str, dict[str, Any], datetime, str], ...]
    points_credited: int
    points_pending: int


@by_key("member_id", "number")
async def orders_by_number(db: Queryable, keys: Sequence[MemberAnd[str]]) -> list[OrderRow]:
    """Orders by member and number."""
    return [_order(row) for row in await db.fetch(query("orders_by_number"), *columns_of(keys))]


def _order(row: asyncpg.Record) -> OrderRow:
    return OrderRow(
        **recorded_values(row),
        member_id=row["member_id"],
        market=row["market"],
        facts=tuple((kind, content, datetime.fromisoformat(at), by) for kind, content, at, by in row["facts"]),
        points_credited=row["points_credited"],
        points_pending=row["points_pending"],
    )
