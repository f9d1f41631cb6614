"""Crediting promises that are due, in sets (R30)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.ledger.record_statement import credit_statement
from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class DuePromise:
    """A due promise. `is_behind`: a lot of its member has to lapse, or its notice to be written, as well (R50)."""

    member_id: UUID
    promise_id: UUID
    due_at: datetime
    is_behind: bool = False


async def due_promises(db: Queryable, most: int) -> list[DuePromise]:
    """Up to `most` promises that are due by the programme's clock, soonest first."""
    rows = await db.fetch(query("due_promises"), most)
    return [DuePromise(**dict(row.items())) for row in rows]


async def post_due(db: Queryable, promises: Sequence[DuePromise]) -> int:
    """Credits these promises, each once beside any other sweeper; gives how many were credited here."""
    rows = await db.fetch(
        credit_statement(),
        [promise.member_id for promise in promises],
        [promise.promise_id for promise in promises],
    )
    return len(rows)


async def postpone_promise(db: Queryable, promise: DuePromise, error: str) -> None:
    """Counts a failed attempt; the next one waits longer, the tenth is the last."""
    await db.execute(query("postpone_promise"), promise.member_id, promise.promise_id, error)


async def seconds_to_next_due(db: Queryable) -> float | None:
    """How long until the next promise is due; None when none waits, zero or less when one is due already."""
    seconds: float | None = await db.fetchval(query("next_due"))
    return seconds
