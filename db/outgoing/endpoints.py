"""Endpoints: who is told what happens to members' points."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where events go, which types, and with which secrets they are signed, newest first."""

    endpoint_id: UUID
    url: str
    types: Sequence[str]
    state: str
    secrets: Sequence[str] = field(repr=False)


async def add_endpoint(db: Queryable, endpoint_id: UUID, url: str, secret: str, types: Sequence[str]) -> None:
    """Adds an endpoint; what happens from now on is written for it."""
    await db.execute(query("add_endpoint"), endpoint_id, url, secret, list(types))


async def lock_endpoint(db: Queryable, endpoint_id: UUID) -> Endpoint | None:
    """One endpoint, held until the transaction ends; None for an unknown id."""
    row = await db.fetchrow(query("lock_endpoint"), endpoint_id)
    return Endpoint(**dict(row.items())) if row is not None else None


async def all_endpoints(db: Queryable) -> list[dict[str, Any]]:
    """Every endpoint that was not removed, with how it answers; `secrets` is how many are active."""
    return [dict(row.items()) for row in await db.fetch(query("all_endpoints"))]


async def set_endpoint_state(db: Queryable, endpoint_id: UUID, state: str) -> None:
    """ACTIVE, PAUSED, GONE or REMOVED, which is final."""
    await db.execute(query("set_endpoint_state"), endpoint_id, state)


async def set_endpoint_secrets(db: Queryable, endpoint_id: UUID, secrets: Sequence[str]) -> None:
    """The secrets that sign from now on, newest first."""
    await db.execute(query("set_endpoint_secrets"), endpoint_id, list(secrets))


async def endpoint_recovered(db: Queryable, endpoint_id: UUID) -> None:
    """Forgets its failures, and tries what waits for as long as anything else."""
    await db.execute(query("endpoint_recovered"), endpoint_id)
