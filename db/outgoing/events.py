"""Outgoing events: claim the due ones, write the results of attempts, list them, send them again."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class Event:
    """One event for one endpoint, claimed for an attempt (`attempts`, from 1).

    `mi_id` is None if the person was erased. `previous` is the sequence of the event before it for this member and
    endpoint. Points are signed, as in the member's history. Fields that a type does not use are None.
    """

    member_id: UUID
    sequence: int
    endpoint_id: UUID
    event_id: UUID
    type: str
    attempts: int
    created_at: datetime
    url: str
    secrets: Sequence[str] = field(repr=False)
    market: str
    mi_id: str | None
    previous: int | None
    entry_seq: int | None
    kind: str | None
    points: int | None
    balance_after: int | None
    reference: str | None
    occurred_at: datetime | None
    coupon_id: UUID | None
    code: str | None
    reward_id: str | None
    value_minor: int | None
    currency: str | None
    minimum_minor: int | None
    cost: int | None
    expires_at: datetime | None
    lapses_on: date | None


@dataclass(frozen=True, slots=True)
class AttemptResult:
    """The result of one attempt: DELIVERED, DROPPED, DEAD, or FAILED with seconds until the next (None: no next)."""

    event: Event
    outcome: str
    status: int | None = None
    error: str | None = None
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """How many seconds an event is tried; after how many failed rounds an endpoint rests, and for how many at most."""

    give_up_after: float
    rounds: int
    longest_rest: float


async def claim_outgoing(db: Queryable, busy: Sequence[UUID], rounds: int, lease_seconds: float) -> list[Event]:
    """Leases up to EVENTS_AT_ONCE due events of each endpoint that is not busy; one after `rounds` failed rounds."""
    rows = await db.fetch(query("claim_outgoing"), list(busy), rounds, lease_seconds)
    return [Event(**dict(row.items())) for row in rows]


async def write_attempts(
    db: Queryable, endpoint_id: UUID, answers: Sequence[AttemptResult], patience: Patience
) -> None:
    """Writes the results of a round of attempts at one endpoint."""
    await db.execute(
        query("write_attempts"),
        endpoint_id,
        [answer.event.member_id for answer in answers],
        [answer.event.sequence for answer in answers],
        [answer.event.attempts for answer in answers],
        [answer.outcome for answer in answers],
        [answer.status for answer in answers],
        [answer.error for answer in answers],
        [answer.pause for answer in answers],
        patience.give_up_after,
        patience.rounds,
        patience.longest_rest,
    )


async def mark_outgoing_dead(db: Queryable, endpoint_id: UUID, why: str, tried_for: float = 0) -> int:
    """Marks up to 1,000 waiting events of an endpoint dead that were tried for so many seconds; returns how many."""
    return len(await db.fetch(query("mark_outgoing_dead"), endpoint_id, why, tried_for))


async def endpoints_with_leftovers(db: Queryable) -> list[UUID]:
    """Endpoints that are gone or removed, but still have waiting events."""
    return [row["endpoint_id"] for row in await db.fetch(query("endpoints_with_leftovers"))]


async def replay_event(db: Queryable, event_id: UUID, endpoint_id: UUID | None) -> int:
    """Has one event sent again, to one endpoint or to all that had it; returns the number of endpoints."""
    return len(await db.fetch(query("replay_event"), event_id, endpoint_id))


async def replay_dead_events(db: Queryable, endpoint_id: UUID) -> int:
    """Has all dead events of an endpoint sent again; returns their number."""
    return len(await db.fetch(query("replay_dead"), endpoint_id))


async def outgoing_newest_first(
    db: Queryable, state: str | None, endpoint_id: UUID | None, most: int
) -> list[dict[str, Any]]:
    """Up to `most` events for the operators' list, newest first."""
    rows = await db.fetch(query("outgoing_newest_first"), state, endpoint_id, most)
    return [dict(row.items()) for row in rows]


async def outgoing_backlog(db: Queryable) -> list[dict[str, Any]]:
    """The numbers of waiting and dead events of each endpoint, and its health."""
    return [dict(row.items()) for row in await db.fetch(query("outgoing_backlog"))]
