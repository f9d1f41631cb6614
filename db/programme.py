"""The programme as data: terms, campaigns and rewards."""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Queryable
from db.queries import query


async def programme_version(db: Queryable) -> int:
    """A number that grows with every change to terms, campaigns or rewards."""
    version: int = await db.fetchval(query("programme_version"))
    return version


async def all_terms(db: Queryable) -> list[asyncpg.Record]:
    """Every market's versions, oldest first."""
    return await db.fetch(query("all_terms"))


async def all_campaigns(db: Queryable) -> list[asyncpg.Record]:
    """Every campaign, past ones included."""
    return await db.fetch(query("all_campaigns"))


async def all_rewards(db: Queryable) -> list[asyncpg.Record]:
    """Every reward of every market, cheapest first."""
    return await db.fetch(query("all_rewards"))


async def save_terms(db: Queryable, market: str, version: str, effective_from: date, document: dict[str, Any]) -> bool:
    """Adds a version of terms; False when it is there already."""
    saved = await db.fetchval(query("save_terms"), market, version, effective_from, document)
    return saved is not None


async def save_catalogue_reward(
    db: Queryable,
    reward_id: str,
    market: str,
    name: str,
    value_minor: int,
    currency: str,
    cost: int,
    valid_days: int,
    conditions: str,
) -> bool:
    """Adds a reward of the shipped catalogue; False when it is there already."""
    saved = await db.fetchval(
        query("save_catalogue_reward"),
        reward_id,
        market,
        name,
        value_minor,
        currency,
        cost,
        valid_days,
        conditions,
    )
    return saved is not None


async def save_campaign(
    db: Queryable,
    campaign_id: UUID,
    name: str,
    markets: Sequence[str],
    starts_at: datetime,
    ends_at: datetime,
    effect: str,
    kinds: Sequence[str],
    factor: Decimal | None,
    bonus: int | None,
    product_ids: Sequence[str],
) -> bool:
    """Adds a campaign and tells every process; False when it is there already."""
    saved = await db.fetchval(
        query("save_campaign"),
        campaign_id,
        name,
        list(markets),
        starts_at,
        ends_at,
        effect,
        list(kinds),
        factor,
        bonus,
        list(product_ids),
    )
    return saved is not None


async def programme_changed(db: Queryable) -> None:
    """Tells every process to read the programme anew."""
    await db.execute(query("programme_changed"))
