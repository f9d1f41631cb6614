"""The rows that the settlement of an order reads: all facts about it, and how its points moved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.orders.recorded import RecordedOrder, recorded_values
from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class PromiseOfOrder:
    promise_id: UUID
    part: str
    state: str
    points: int


@dataclass(frozen=True, slots=True)
class OrderToSettle(RecordedOrder):
    """An order with everything that its settlement depends on.

    `facts` are (key, kind, content, occurred at, producer); `has_kept_facts`: some of them were stored and moved no
    points yet. `taken` are points taken back by part. `origins` are the lots its points went to and `lapsed` what
    lapsed of each of the member's lots, both as (lapses on, points). `first_entry` is the first line of
    history it made.
    """

    is_waiting: bool
    has_kept_facts: bool
    facts: list[tuple[str, str, dict[str, Any], datetime, str]]
    promises: list[PromiseOfOrder]
    taken: Mapping[str, int]
    origins: list[tuple[date, int]]
    lapsed: list[tuple[date, int]]
    first_entry: int | None


async def order_to_settle(db: Queryable, member_id: UUID, number: str) -> OrderToSettle | None:
    """A member's order with everything its settlement depends on; None if there is none."""
    return (await orders_to_settle(db, [(member_id, number)])).get((member_id, number))


async def orders_to_settle(db: Queryable, orders: Sequence[tuple[UUID, str]]) -> dict[tuple[UUID, str], OrderToSettle]:
    """Orders, as (member, number), with everything their settlements depend on; those that do not exist are left
    out."""
    if not orders:
        return {}
    members, numbers = [each[0] for each in orders], [each[1] for each in orders]
    rows = await db.fetch(query("orders_to_settle"), members, numbers)
    return {(row["member_id"], row["number"]): _order(row) for row in rows}


def _order(row: asyncpg.Record) -> OrderToSettle:
    return OrderToSettle(
        **recorded_values(row),
        is_waiting=row["is_waiting"],
        has_kept_facts=row["has_kept_facts"],
        facts=[(key, kind, content, datetime.fromisoformat(at), by) for key, kind, content, at, by in row["facts"]],
        promises=[PromiseOfOrder(UUID(id_), part, state, points) for id_, part, state, points in row["promises"]],
        taken=_summed(row["taken"]),
        origins=sorted((date.fromisoformat(day), points) for day, points in row["origins"]),
        lapsed=sorted((date.fromisoformat(day), points) for day, points in row["lapsed"]),
        first_entry=row["first_entry"],
    )


def _summed(taken: list[dict[str, int] | None]) -> dict[str, int]:
    total: dict[str, int] = {}
    for parts in taken:
        for part, points in (parts or {}).items():
            total[part] = total.get(part, 0) + points
    return total
