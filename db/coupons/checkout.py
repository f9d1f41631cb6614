"""Coupons at checkout: the rows a decision reads, the coupons a cart may use, and coupons that the clock has ended."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.coupons.rows import CouponRow
from db.pool import Queryable
from db.queries import query

ExclusionRow = tuple[str, datetime, datetime | None]
"""A product, from when coupons may not buy it, and until when (None: for good)."""


@dataclass(frozen=True, slots=True)
class CouponToJudge:
    """A coupon's state by the clock, and the reservation of it that one order has or had (None: never).

    `reservation_id` is that of the order's last reservation, None for one of an older release; `earlier_ids` are those
    that it superseded. Values in minor units of `currency`.
    """

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
    state_since: datetime
    reserved_minor: int | None
    reserved_at: datetime | None
    released_at: datetime | None
    reservation_id: UUID | None
    earlier_ids: tuple[UUID, ...]
    order_has_another: bool
    exclusions: tuple[ExclusionRow, ...]

    @property
    def row(self) -> CouponRow:
        """The coupon as the API shows it."""
        return CouponRow(**{name: getattr(self, name) for name in CouponRow._fields})


@dataclass(frozen=True, slots=True)
class CartToJudge:
    """The programme's moment, the member's state, the coupon reserved for the order or used on it, and the exclusions
    of its products."""

    now: datetime
    state: str
    held_by: UUID | None
    exclusions: tuple[ExclusionRow, ...]


@dataclass(frozen=True, slots=True)
class CouponAtCheckout:
    """A coupon as the API shows it, and the moment its state began."""

    row: CouponRow
    state_since: datetime


@dataclass(frozen=True, slots=True)
class RewardLimits:
    """A reward's stock (None: unlimited), and how many a member has already had."""

    stock_left: int | None
    had: int


async def coupon_owner(db: Queryable, code: str) -> UUID | None:
    """The member whose coupon has this code; None for an unknown code."""
    owner: UUID | None = await db.fetchval(query("coupon_owner"), code)
    return owner


async def coupon_to_judge(
    db: Queryable, member_id: UUID, code: str, order_number: str, product_ids: Sequence[str] = ()
) -> CouponToJudge | None:
    """A member's coupon by its code; None if the member has no such coupon."""
    row = await db.fetchrow(query("coupon_to_judge"), member_id, code, order_number, list(product_ids))
    if row is None:
        return None
    parsed = {"exclusions": _exclusions(row["exclusions"]), "earlier_ids": tuple(row["earlier_ids"])}
    return CouponToJudge(**(dict(row.items()) | parsed))


async def cart_to_judge(
    db: Queryable, member_id: UUID, order_number: str, product_ids: Sequence[str]
) -> CartToJudge | None:
    """The facts by which a cart's coupons are judged; None if there is no such member."""
    row = await db.fetchrow(query("cart_to_judge"), member_id, order_number, list(product_ids))
    if row is None:
        return None
    return CartToJudge(row["now"], row["state"], row["held_by"], _exclusions(row["exclusions"]))


def _exclusions(rows: list[list[Any]]) -> tuple[ExclusionRow, ...]:
    return tuple(
        (product_id, datetime.fromisoformat(since), datetime.fromisoformat(until) if until is not None else None)
        for product_id, since, until in rows
    )


async def coupons_at_checkout(db: Queryable, member_id: UUID) -> list[CouponAtCheckout]:
    """Every unspent coupon of a member and those of the last ENDED_COUPONS_DAYS, newest first."""
    coupons = []
    for row in await db.fetch(query("coupons_at_checkout"), member_id):
        values = dict(row.items())
        state_since = values.pop("state_since")
        coupons.append(CouponAtCheckout(CouponRow(**values), state_since))
    return coupons


async def reward_limits(db: Queryable, member_id: UUID, reward_id: str) -> RewardLimits:
    """The limits on how often a member can still redeem a reward, as of now."""
    row = await db.fetchrow(query("reward_limits"), member_id, reward_id)
    assert row is not None
    return RewardLimits(row["stock_left"], row["had"])


async def end_due_coupons(db: Queryable, most: int) -> int:
    """Frees coupons whose reservation ended and expires those past their last day, up to `most` of each kind; returns
    how many."""
    ended: int = await db.fetchval(query("end_due_coupons"), most)
    return ended
