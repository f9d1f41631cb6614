"""An order as the shop recorded it: the columns that every reader and writer of orders shares."""

from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pages import texts_of


@dataclass(frozen=True, slots=True)
class RecordedOrder:
    """The columns of `orders` that never change. Amounts in minor units; `lines` and `parcels` as stored JSON; the
    terms and campaigns are those that applied to it when it was judged (R21)."""

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


def recorded_values(row: asyncpg.Record) -> dict[str, Any]:
    """A row's values of those columns, by name."""
    values = {each.name: row[each.name] for each in fields(RecordedOrder)}
    return values | {"campaign_ids": texts_of(row["campaign_ids"])}
