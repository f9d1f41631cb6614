"""Many members at once, for sandboxes and measurements: one planned history, written for thousands (design §8)."""

import dataclasses
import json
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pool import Database, Queryable
from db.queries import query

NUMBER = "~N~"
"""Stands for the member's number in the plan's texts."""


@dataclass(frozen=True, slots=True)
class SeedMember:
    """A member that gets the plan: Mi account `seed-<n>`, with a code for each coupon of the plan."""

    n: int
    member_id: UUID
    codes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class PlannedTransfer:
    """A row of the ledger; `promise`, `verdict` and `coupon` are numbers within the plan."""

    seq: int
    entry_seq: int
    kind: str
    debit: str
    credit: str
    amount: int
    verdict: int
    source: str | None
    reference: str | None
    occurred_at: datetime
    recorded_at: datetime
    points: int | None = None
    balance_after: int | None = None
    lapses_on: date | None = None
    promise: int | None = None
    coupon: int | None = None


@dataclass(frozen=True, slots=True)
class PlannedVerdict:
    verdict: int
    kind: str
    code: str
    points: int
    occurred_at: datetime
    decided_at: datetime
    terms_version: str
    key: str
    business_key: str | None = None
    reference: str | None = None
    coupon: int | None = None
    cap: dict[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class PlannedPromise:
    """A promise that was posted; `due_at` is None if it waited for a delivery."""

    promise: int
    verdict: int
    kind: str
    points: int
    source: str
    reference: str | None
    awaiting: str
    promised_at: datetime
    due_at: datetime | None
    lapses_on: date | None


@dataclass(frozen=True, slots=True)
class PlannedSlot:
    kind: str
    period: str
    n: int
    verdict: int


@dataclass(frozen=True, slots=True)
class PlannedOrder:
    """An order; its content hash covers the text `content`."""

    number: str
    verdict: int
    placed_at: datetime
    currency: str
    lines: list[dict[str, Any]]
    parcels: list[dict[str, Any]]
    shipping_minor: int
    terms_version: str
    content: str


@dataclass(frozen=True, slots=True)
class PlannedFact:
    number: str
    fact_key: str
    kind: str
    content: dict[str, Any]
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedCoupon:
    coupon: int
    reward_id: str
    value_minor: int
    currency: str
    minimum_minor: int | None
    cost: int
    issued_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class PlannedLot:
    lapses_on: date
    remaining: int


@dataclass(slots=True)
class SeedPlan:
    """One member's whole history. `balance` has available, lifetime and the last seq; `member` the market and zone."""

    member: dict[str, Any]
    balance: dict[str, int] = field(default_factory=dict)
    transfers: list[PlannedTransfer] = field(default_factory=list)
    verdicts: list[PlannedVerdict] = field(default_factory=list)
    promises: list[PlannedPromise] = field(default_factory=list)
    slots: list[PlannedSlot] = field(default_factory=list)
    orders: list[PlannedOrder] = field(default_factory=list)
    facts: list[PlannedFact] = field(default_factory=list)
    coupons: list[PlannedCoupon] = field(default_factory=list)
    lots: list[PlannedLot] = field(default_factory=list)
    _rows: dict[str, Any] | None = None

    def as_rows(self) -> dict[str, Any]:
        """Plain values for the statement's jsonb parameter; made once, because a plan is used many times."""
        if self._rows is None:
            self._rows = _plain(dataclasses.asdict(self))
        return self._rows


async def seed_missing(db: Queryable, first: int, last: int) -> list[int]:
    """The numbers, from `first` to `last`, whose seed member has not joined yet."""
    return [row["n"] for row in await db.fetch(query("seed_missing"), first, last)]


async def seed_members(db: Database, members: Sequence[SeedMember], plan: SeedPlan) -> int:
    """Writes the plan for these members, all of it or nothing; returns how many were written. Needs the owner's
    rights."""
    rows = _plain([dataclasses.asdict(member) for member in members])

    async def write(connection: Any) -> int:
        await _set_for_bulk(connection)
        written: int = await connection.fetchval(query("seed_members"), rows, plan.as_rows())
        return written

    return await db.with_connection(write)


async def _set_for_bulk(connection: Any) -> None:
    """Settings for bulk writes. For a superuser, foreign keys are not checked either: the plan satisfies them."""
    await connection.execute("set synchronous_commit = off; set work_mem = '64MB'")
    with suppress(asyncpg.InsufficientPrivilegeError):
        await connection.execute("set session_replication_role = replica")


async def analyze(db: Database) -> None:
    """Updates the statistics of Postgres' planner for tables that have rows."""
    await db.execute(await db.fetchval(query("analysis_of_filled_tables")))


def _plain(value: Any) -> Any:
    return json.loads(json.dumps(value, default=_text))


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)
