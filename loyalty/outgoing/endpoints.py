"""Operators manage the endpoints of outgoing webhooks: add, pause, resume, remove, rotate secrets, replay."""

import base64
import secrets
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any, TypeVar
from uuid import UUID, uuid4

from db.ledger.record import NewLogEntry
from db.outgoing import endpoints as rows
from db.outgoing import events as outgoing
from db.outgoing.endpoints import Endpoint
from db.pool import Database, Queryable
from db.programme import log_action
from loyalty.outgoing.events import TYPES
from loyalty.outgoing.sender import Sender

T = TypeVar("T")

MOST_SECRETS = 3
_NO_REASON = ""
_GONE = "Its endpoint answered 410: it wants nothing any more."
_REMOVED = "Its endpoint was removed."


class EndpointProblem(Exception):
    """An operation that this endpoint does not allow; the sentence gives the reason."""


def new_secret() -> str:
    """A new secret in the form of Standard Webhooks, with 256 random bits."""
    return "whsec_" + base64.b64encode(secrets.token_bytes(32)).decode()


async def add_endpoint(db: Database, sender: Sender, url: str, types: Sequence[str], actor: str) -> tuple[UUID, str]:
    """Adds an endpoint, which receives events from now on; returns its id and its secret, which is shown only once.

    Raises ForbiddenAddress for an address that nothing is sent to, EndpointProblem for no type or an unknown one.
    """
    wanted = [type_ for type_ in TYPES if type_ in types]
    if not types or set(types) - set(TYPES):
        raise EndpointProblem(f"There are these types of events: {', '.join(TYPES)}.")
    checked, endpoint_id, secret = await sender.check(url), uuid4(), new_secret()

    async def add(transaction: Queryable) -> None:
        await rows.add_endpoint(transaction, endpoint_id, checked, secret, wanted)
        added = Endpoint(endpoint_id, checked, wanted, "ACTIVE", [secret])
        await _log(transaction, actor, "addEndpoint", None, _described(added))

    await db.in_transaction(add)
    return endpoint_id, secret


async def pause_endpoint(db: Database, endpoint_id: UUID, actor: str) -> None:
    """Sends nothing until it is resumed; events of that time wait for it. Raises EndpointProblem."""
    await _set_state(db, endpoint_id, "PAUSED", ("ACTIVE",), actor, "pauseEndpoint")


async def resume_endpoint(db: Database, endpoint_id: UUID, actor: str) -> None:
    """Sends again, waiting events first, and resets the count of failures. Raises EndpointProblem."""
    await _set_state(db, endpoint_id, "ACTIVE", ("PAUSED", "GONE"), actor, "resumeEndpoint", rows.endpoint_recovered)


async def remove_endpoint(db: Database, endpoint_id: UUID, actor: str) -> None:
    """Ends an endpoint for good: its waiting events are dead, its secrets deleted. Raises EndpointProblem."""
    await _set_state(db, endpoint_id, "REMOVED", ("ACTIVE", "PAUSED", "GONE"), actor, "removeEndpoint")
    await _mark_all_dead(db, endpoint_id, _REMOVED)


async def end_of_gone(db: Database, endpoint_id: UUID) -> None:
    """Ends an endpoint that answered 410: its waiting events are dead until an operator resumes it and replays them."""
    with suppress(EndpointProblem):  # An operator removed it meanwhile.
        await _set_state(db, endpoint_id, "GONE", ("ACTIVE", "PAUSED"), "worker", "endpointGone")
    await _mark_all_dead(db, endpoint_id, _GONE)


async def rotate_secret(db: Database, endpoint_id: UUID, actor: str) -> str:
    """Adds a new secret and returns it. All active secrets sign until `drop_old_secrets`.

    Raises EndpointProblem, also if three secrets are active already.
    """
    secret = new_secret()

    async def rotate(transaction: Queryable, endpoint: Endpoint) -> None:
        if len(endpoint.secrets) >= MOST_SECRETS:
            raise EndpointProblem(f"{MOST_SECRETS} secrets are active already: drop the old ones first.")
        await rows.set_endpoint_secrets(transaction, endpoint_id, [secret, *endpoint.secrets])
        await _log(transaction, actor, "rotateEndpointSecret", _described(endpoint), _described(endpoint))

    await _with_endpoint(db, endpoint_id, rotate)
    return secret


async def drop_old_secrets(db: Database, endpoint_id: UUID, actor: str) -> int:
    """Keeps only the newest secret; returns the number of dropped ones. Raises EndpointProblem."""

    async def drop(transaction: Queryable, endpoint: Endpoint) -> int:
        await rows.set_endpoint_secrets(transaction, endpoint_id, endpoint.secrets[:1])
        await _log(transaction, actor, "dropOldEndpointSecrets", _described(endpoint), _described(endpoint))
        return len(endpoint.secrets) - 1

    return await _with_endpoint(db, endpoint_id, drop)


async def replay(db: Database, actor: str, *, event_id: UUID | None = None, endpoint_id: UUID | None = None) -> int:
    """Sends an event again, to one endpoint or to all that had it, or all dead events of an endpoint; returns how many.

    They have their old ids, so that a receiver recognises a repeated event. Endpoints that are gone or removed are
    skipped.
    """

    async def again(transaction: Queryable) -> int:
        if event_id is not None:
            count = await outgoing.replay_event(transaction, event_id, endpoint_id)
        else:
            assert endpoint_id is not None
            count = await outgoing.replay_dead_events(transaction, endpoint_id)
        selected = {"event": str(event_id) if event_id else None, "endpoint": str(endpoint_id) if endpoint_id else None}
        if count:
            await _log(transaction, actor, "replayOutgoing", None, selected | {"events": count})
        return count

    return await db.in_transaction(again)


async def _set_state(
    db: Database,
    endpoint_id: UUID,
    state: str,
    before: Sequence[str],
    actor: str,
    action: str,
    also: Callable[[Queryable, UUID], Awaitable[None]] | None = None,
) -> None:
    """Changes the state of an endpoint; nothing happens if it already has that state. Raises EndpointProblem."""

    async def change(transaction: Queryable, endpoint: Endpoint) -> None:
        if endpoint.state == state:
            return
        if endpoint.state not in before:
            raise EndpointProblem(f"This endpoint is {endpoint.state}.")
        await rows.set_endpoint_state(transaction, endpoint_id, state)
        if also is not None:
            await also(transaction, endpoint_id)
        await _log(transaction, actor, action, _described(endpoint), _described(endpoint) | {"state": state})

    await _with_endpoint(db, endpoint_id, change)


async def _with_endpoint(db: Database, endpoint_id: UUID, work: Callable[[Queryable, Endpoint], Awaitable[T]]) -> T:
    async def within(transaction: Queryable) -> T:
        endpoint = await rows.lock_endpoint(transaction, endpoint_id)
        if endpoint is None or endpoint.state == "REMOVED":
            raise EndpointProblem("There is no such endpoint; `mipoints outgoing list` shows those there are.")
        return await work(transaction, endpoint)

    return await db.in_transaction(within)


async def _mark_all_dead(db: Database, endpoint_id: UUID, why: str) -> None:
    while await outgoing.mark_outgoing_dead(db, endpoint_id, why):
        continue


async def _log(
    db: Queryable, actor: str, action: str, before: dict[str, Any] | None, after: dict[str, Any] | None
) -> None:
    await log_action(db, NewLogEntry(actor, action, _NO_REASON, before=before, after=after))


def _described(endpoint: Endpoint) -> dict[str, Any]:
    """The endpoint for the operators' log, without its secrets."""
    return {
        "id": str(endpoint.endpoint_id),
        "url": endpoint.url,
        "types": list(endpoint.types),
        "state": endpoint.state,
    }
