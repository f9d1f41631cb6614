"""Orders with what is known of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pages import MemberAnd, columns_of, texts_of
from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class OrderRow:
    """An order as told, what is known of it as (kind, content, occurred at), and its points so far."""

    member_id: UUID
    number: str
    verdict_id: UUID
    placed_at: datetime
    currency: str
    lines: list[dict[str, Any]]
    parcels: list[dict[str, Any]]
    shipping_minor: int
    discount_minor: int
    terms_version: str
    campaign_ids: tuple[str, ...]
    market: str
    facts: tuple[tuple[str, dict[str, Any], datetime], ...]
    points_credited: int
    points_pending: int


async def orders_by_number(db: Queryable, keys: Sequence[MemberAnd[str]]) -> list[OrderRow]:
    """Orders by member and number."""
    return [_order(row) for row in await db.fetch(query("orders_by_number"), *columns_of(keys))]


def _order(row: asyncpg.Record) -> OrderRow:
    values = dict(row.items())
    facts = tuple((kind, content, datetime.fromisoformat(at)) for kind, content, at in values["facts"])
    return OrderRow(**(values | {"facts": facts, "campaign_ids": texts_of(values["campaign_ids"])}))


async def owner_of_order(db: Queryable, number: str) -> UUID | None:
    """The member an order belongs to, or None for an unknown one."""
    owner: UUID | None = await db.fetchval(query("owner_of_order"), number)
    return owner
