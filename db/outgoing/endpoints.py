"""The endpoints that receive our outgoing webhooks."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The address of an endpoint, the types of its events, and the secrets that sign them, newest first."""

    endpoint_id: UUID
    url: str
    types: Sequence[str]
    state: str
    secrets: Sequence[str] = field(repr=False)


async def add_endpoint(db: Queryable, endpoint_id: UUID, url: str, secret: str, types: Sequence[str]) -> None:
    """Adds an endpoint; events from now on are written for it."""
    await db.execute(query("add_endpoint"), endpoint_id, url, secret, list(types))


async def lock_endpoint(db: Queryable, endpoint_id: UUID) -> Endpoint | None:
    """One endpoint, locked until the transaction ends; None for an unknown id."""
    row = await db.fetchrow(query("lock_endpoint"), endpoint_id)
    return Endpoint(**dict(row.items())) if row is not None else None


async def all_endpoints(db: Queryable) -> list[dict[str, Any]]:
    """Every endpoint that was not removed, with its health; `secrets` is the number of active ones."""
    return [dict(row.items()) for row in await db.fetch(query("all_endpoints"))]


async def set_endpoint_state(db: Queryable, endpoint_id: UUID, state: str) -> None:
    """Sets the state: ACTIVE, PAUSED, GONE, or REMOVED, which is final."""
    await db.execute(query("set_endpoint_state"), endpoint_id, state)


async def set_endpoint_secrets(db: Queryable, endpoint_id: UUID, secrets: Sequence[str]) -> None:
    """Sets the secrets that sign from now on, newest first."""
    await db.execute(query("set_endpoint_secrets"), endpoint_id, list(secrets))


async def endpoint_recovered(db: Queryable, endpoint_id: UUID) -> None:
    """Resets its failures; waiting events are due now and get the full time of attempts."""
    await db.execute(query("endpoint_recovered"), endpoint_id)
