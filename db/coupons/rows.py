"""Coupons with their state, and the stock of rewards."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.pages import MemberAnd, Window, columns_of
from db.pool import Database, Queryable
from db.queries import query
from db.reading_together import by_key, first_pages


class CouponRow(NamedTuple):
    """A coupon with its state as of now. Values in minor units, cost in points."""

    member_id: UUID
    coupon_id: UUID
    code: str
    reward_id: str
    value_minor: int
    currency: str
    minimum_minor: int | None
    cost: int
    state: str
    issued_at: datetime
    expires_at: datetime
    reserved_until: datetime | None
    order_number: str | None


async def coupons_page(
    db: Queryable, member_id: UUID, window: Window[tuple[datetime, UUID]], states: Sequence[str] | None
) -> list[CouponRow]:
    """A part of a member's coupons, newest first, and one row more if there are more."""
    if isinstance(db, Database) and window.is_first and states is None:
        return await db.shared("coupons_first_pages", _FIRST_PAGES, (member_id, window.most + 1))
    rows = await db.fetch(
        query("coupons_backwards" if window.from_end else "coupons_forwards"),
        member_id,
        *(window.after or (None, None)),
        *(window.before or (None, None)),
        list(states) if states is not None else None,
        window.most + 1,
    )
    return [_coupon(row) for row in rows]


_FIRST_PAGES = first_pages("coupons_first_pages", CouponRow._make)


@by_key("member_id", "coupon_id")
async def coupons_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[CouponRow]:
    """Coupons by member and id."""
    return [_coupon(row) for row in await db.fetch(query("coupons_by_id"), *columns_of(keys))]


def _coupon(row: asyncpg.Record) -> CouponRow:
    return CouponRow._make(row)


class StockRow(NamedTuple):
    """The stock left of a reward; None if its stock is unlimited."""

    reward_id: str
    stock_left: int | None


@by_key("reward_id")
async def stock_of_rewards(db: Queryable, reward_ids: Sequence[str]) -> list[StockRow]:
    """The stock left of each reward."""
    return [StockRow._make(row) for row in await db.fetch(query("stock_of_rewards"), list(reward_ids))]


async def had_of_rewards(db: Queryable, member_id: UUID, reward_ids: Sequence[str]) -> dict[str, int]:
    """How many coupons of each of these rewards a member has had; those without any are left out."""
    rows = await db.fetch(query("had_of_rewards"), member_id, list(reward_ids))
    return {row["reward_id"]: row["had"] for row in rows}
