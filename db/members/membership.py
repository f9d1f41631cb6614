"""The end of a membership: the points and coupons that a member would forfeit, and the once-only points that an erased
person already had."""

from dataclasses import dataclass
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class OpenPromise:
    promise_id: UUID
    verdict_id: UUID
    points: int
    source: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class UnspentCoupon:
    """A coupon that is available or reserved; amounts in minor units."""

    coupon_id: UUID
    order_number: str | None
    discount_minor: int | None
    value_minor: int
    currency: str


@dataclass(frozen=True, slots=True)
class WaitingVerdict:
    """A verdict that waits, and the points already credited under it."""

    verdict_id: UUID
    credited: int


@dataclass(frozen=True, slots=True)
class Belongings:
    """Everything a member has besides available points."""

    promises: tuple[OpenPromise, ...]
    coupons: tuple[UnspentCoupon, ...]
    waiting: tuple[WaitingVerdict, ...]


async def belongings(db: Queryable, member_id: UUID) -> Belongings:
    """Everything besides available points that a member would forfeit by leaving."""
    row = await db.fetchrow(query("belongings"), member_id)
    assert row is not None
    return Belongings(
        promises=tuple(OpenPromise(UUID(id_), UUID(verdict_id), *rest) for id_, verdict_id, *rest in row["promises"]),
        coupons=tuple(UnspentCoupon(UUID(id_), *rest) for id_, *rest in row["coupons"]),
        waiting=tuple(WaitingVerdict(UUID(id_), credited) for id_, credited in row["waiting"]),
    )


@dataclass(frozen=True, slots=True)
class EndedHold:
    """A promise whose hold has ended, and the version of the terms that it was judged by."""

    promise_id: UUID
    points: int
    terms_version: str


async def ended_holds(db: Queryable, member_id: UUID) -> list[EndedHold]:
    """The holds of a member that have ended and are not credited yet, the longest ended first."""
    return [EndedHold(**dict(row.items())) for row in await db.fetch(query("ended_holds"), member_id)]


async def person_salt(db: Queryable) -> bytes:
    """The salt of this database for the hashes of persons."""
    salt: bytes = await db.fetchval(query("person_salt"))
    return salt


async def given_once(db: Queryable, person_hash: bytes) -> list[str]:
    """The kinds of once-only points that an erased person already had (R71)."""
    return [row["kind"] for row in await db.fetch(query("given_once"), person_hash)]
