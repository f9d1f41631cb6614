"""The programme as data: terms, campaigns and rewards."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import asyncpg

from db.ledger.record import NewLogEntry
from db.pool import Database, Queryable
from db.queries import query


async def programme_version(db: Queryable) -> int:
    """A number that grows with every change to terms, campaigns or rewards."""
    if isinstance(db, Database):
        return await db.shared("programme_version", _versions, None)
    (version,) = await _versions(db, [None])
    return version


async def _versions(db: Queryable, wanted: Sequence[None]) -> list[int]:
    version: int = await db.fetchval(query("programme_version"))
    return [version] * len(wanted)


async def all_terms(db: Queryable) -> list[asyncpg.Record]:
    """Every market's versions of its terms, oldest first."""
    return await db.fetch(query("all_terms"))


async def all_campaigns(db: Queryable) -> list[asyncpg.Record]:
    """Every campaign, past ones included."""
    return await db.fetch(query("all_campaigns"))


async def all_rewards(db: Queryable) -> list[asyncpg.Record]:
    """Every reward of every market, cheapest first."""
    return await db.fetch(query("all_rewards"))


async def save_terms(db: Queryable, market: str, version: str, effective_from: date, document: dict[str, Any]) -> bool:
    """Adds a version of terms; False if it exists already."""
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
    """Adds a reward of the shipped catalogue; False if it exists already. Cost in points."""
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


async def save_reward(
    db: Queryable,
    reward_id: str,
    market: str,
    name: str,
    value_minor: int,
    currency: str,
    cost: int,
    valid_days: int,
    minimum_minor: int | None,
    available_from: datetime | None,
    available_until: datetime | None,
    stock_left: int | None,
    per_member: int | None,
    conditions: str,
    *,
    waits: bool,
    asked_by: str,
) -> None:
    """Adds a reward. Value and minimum in minor units, cost in points. If it `waits`, it is for an operator other than
    `asked_by`."""
    await db.execute(
        query("save_reward"),
        reward_id,
        market,
        name,
        value_minor,
        currency,
        cost,
        valid_days,
        minimum_minor,
        available_from,
        available_until,
        stock_left,
        per_member,
        conditions,
        waits,
        asked_by,
    )


@dataclass(frozen=True, slots=True)
class RewardToDecide:
    """A reward's state: whether it waits for an operator other than `asked_by`, and when it ended."""

    waits: bool
    ended_at: datetime | None
    asked_by: str | None


async def reward_to_decide(db: Queryable, reward_id: str) -> RewardToDecide | None:
    """A reward's state; None for an unknown one."""
    row = await db.fetchrow(query("reward_to_decide"), reward_id)
    return RewardToDecide(**dict(row.items())) if row is not None else None


async def change_reward(db: Queryable, reward_id: str, ended_at: datetime | None) -> None:
    """Offers a reward that waits, or ends it."""
    await db.execute(query("change_reward"), reward_id, ended_at)


async def end_exclusions(db: Queryable, market: str, product_ids: Sequence[str], at: datetime) -> list[str]:
    """Ends the exclusions of products that hold at a moment or later; gives the products, each once."""
    rows = await db.fetch(query("end_exclusions"), market, list(product_ids), at)
    return sorted({row["product_id"] for row in rows})


async def save_exclusions(
    db: Queryable, market: str, product_ids: Sequence[str], since: datetime, until: datetime | None, reason: str
) -> None:
    """Excludes products, so that coupons cannot buy them. Of two exclusions from one moment the longer stays."""
    await db.execute(query("save_exclusions"), market, list(product_ids), since, until, reason)


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
    names: dict[str, str],
) -> bool:
    """Adds a campaign; False if it exists already. `names` are by language."""
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
        names,
    )
    return saved is not None


async def set_campaign_end(db: Queryable, campaign_id: UUID, moment: datetime) -> bool:
    """Ends a campaign at a moment; False if it is over by then or was ended before."""
    return await db.fetchval(query("set_campaign_end"), campaign_id, moment) is not None


async def programme_changed(db: Queryable) -> None:
    """Raises the programme's version, so that every process reads the programme again."""
    await db.execute(query("programme_changed"))


async def lock_programme(db: Queryable) -> None:
    """Locks the programme until the transaction ends, so that the next read of it cannot be stale."""
    await db.fetchrow(query("lock_programme"))


async def log_action(db: Queryable, entry: NewLogEntry) -> None:
    """Adds an operator's action that involves no member to the operators' log."""
    await db.execute(query("log_action"), entry.actor, entry.action, entry.reason, entry.before, entry.after)
