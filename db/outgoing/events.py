"""What others are told: claiming what is due, writing down what became of it, looking at it, sending it again."""

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

    `mi_id` is None when the person was erased. `previous` is the sequence of the event before it for this member and
    endpoint. Points as in the member's history, signed; what a type has nothing to do with is None.
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
    """What became of one attempt: DELIVERED, DROPPED, DEAD, or FAILED with seconds until the next (None: no next)."""

    event: Event
    outcome: str
    status: int | None = None
    error: str | None = None
    pause: float | None = None


@dataclass(frozen=True, slots=True)
class Patience:
    """For how many seconds an event is tried; after how many rounds in vain an endpoint rests, and how long at most."""

    give_up_after: float
    rounds: int
    longest_rest: float


async def claim_outgoing(db: Queryable, busy: Sequence[UUID], rounds: int, lease_seconds: float) -> list[Event]:
    """Leases up to EVENTS_AT_ONCE due events of each endpoint but the busy ones; one if `rounds` came to nothing."""
    rows = await db.fetch(query("claim_outgoing"), list(busy), rounds, lease_seconds)
    return [Event(**dict(row.items())) for row in rows]


async def write_attempts(
    db: Queryable, endpoint_id: UUID, answers: Sequence[AttemptResult], patience: Patience
) -> None:
    """Writes down what became of a round of attempts at one endpoint."""
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
    """Gives up on what waits for an endpoint and was tried for so many seconds; gives how many, a thousand at most."""
    return len(await db.fetch(query("mark_outgoing_dead"), endpoint_id, why, tried_for))


async def endpoints_with_leftovers(db: Queryable) -> list[UUID]:
    """Endpoints that take nothing any more and for which something waits."""
    return [row["endpoint_id"] for row in await db.fetch(query("endpoints_with_leftovers"))]


async def replay_event(db: Queryable, event_id: UUID, endpoint_id: UUID | None) -> int:
    """Has one event sent again, to one endpoint or to all that had it; gives to how many."""
    return len(await db.fetch(query("replay_event"), event_id, endpoint_id))


async def replay_dead(db: Queryable, endpoint_id: UUID) -> int:
    """Has everything sent again that was given up on for an endpoint; gives how many events."""
    return len(await db.fetch(query("replay_dead"), endpoint_id))


async def outgoing_newest_first(
    db: Queryable, state: str | None, endpoint_id: UUID | None, most: int
) -> list[dict[str, Any]]:
    """Up to `most` deliveries as an operator looks at them."""
    rows = await db.fetch(query("outgoing_newest_first"), state, endpoint_id, most)
    return [dict(row.items()) for row in rows]


async def outgoing_backlog(db: Queryable) -> list[dict[str, Any]]:
    """What waits and what is dead for each endpoint."""
    return [dict(row.items()) for row in await db.fetch(query("outgoing_backlog"))]
