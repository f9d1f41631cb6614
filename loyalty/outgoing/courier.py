"""Sends due events: claims them by a lease, sends them outside any transaction, writes the results (docs/outgoing.md).

Each endpoint has its own task, so that a slow one delays no other.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from itertools import groupby
from uuid import UUID

from db.limits import EVENT_HOURS, EVENT_LEASE_SECONDS
from db.outgoing import events as rows
from db.outgoing.events import AttemptResult, Event
from db.pool import Database, DatabaseUnavailable
from loyalty.outgoing.addresses import ForbiddenAddress
from loyalty.outgoing.endpoints import end_of_gone
from loyalty.outgoing.events import body_of, headers_of
from loyalty.outgoing.schedule import EVENT_PATIENCE, pause_after
from loyalty.outgoing.sender import NotReached, Sender

log = logging.getLogger(__name__)

_GONE = 410
_TOO_LONG = f"The endpoint took nothing for {EVENT_HOURS} hours."


def _no_listener() -> None:
    return


@dataclass(slots=True)
class Courier:
    """Takes due events to their endpoints. `when_free` is called whenever an endpoint can take more."""

    db: Database
    sender: Sender
    when_free: Callable[[], None] = _no_listener
    _under_way: "dict[UUID, asyncio.Task[None]]" = field(default_factory=dict)

    async def send_some(self) -> int:
        """Starts sending due events to every endpoint that has no task yet; returns the number of claimed events."""
        busy = list(self._under_way)
        claimed = await rows.claim_outgoing(self.db, busy, EVENT_PATIENCE.rounds, EVENT_LEASE_SECONDS)
        for endpoint_id, events in groupby(claimed, key=lambda event: event.endpoint_id):
            task = asyncio.create_task(self._send(endpoint_id, list(events)))
            self._under_way[endpoint_id] = task
            task.add_done_callback(partial(self._ended, endpoint_id))
        return len(claimed)

    async def settled(self) -> None:
        """Waits until the results of all claimed events are written, or the events are left to their lease."""
        if self._under_way:
            await asyncio.wait(list(self._under_way.values()))

    async def close(self) -> None:
        """Finishes the attempts under way, which takes at most ten seconds, and closes the connections."""
        await self.settled()
        await self.sender.close()

    async def _send(self, endpoint_id: UUID, events: Sequence[Event]) -> None:
        answers = await asyncio.gather(*(deliver(self.sender, event) for event in events))
        await rows.write_attempts(self.db, endpoint_id, answers, EVENT_PATIENCE)
        if any(answer.status == _GONE for answer in answers):
            await end_of_gone(self.db, endpoint_id)
        elif not any(answer.outcome == "DELIVERED" for answer in answers):
            while await rows.mark_outgoing_dead(self.db, endpoint_id, _TOO_LONG, EVENT_PATIENCE.give_up_after):
                continue

    def _ended(self, endpoint_id: UUID, task: "asyncio.Task[None]") -> None:
        """Events whose answers could not be written are sent again after their lease, under the same id."""
        del self._under_way[endpoint_id]
        error = task.exception() if not task.cancelled() else None
        if isinstance(error, DatabaseUnavailable):
            log.warning("%s What endpoint %s answered is not written down: it is sent again.", error, endpoint_id)
        elif error is not None:
            log.error("Sending to endpoint %s failed", endpoint_id, exc_info=error)
        self.when_free()


async def deliver(sender: Sender, event: Event) -> AttemptResult:
    """Makes one attempt and returns its result; no exception stops the other events.

    An event about an erased person is not sent (R71).
    """
    if event.mi_id is None:
        return AttemptResult(event, "DROPPED", error="The person was erased.")
    body = body_of(event)
    try:
        status = await sender.post(event.url, headers_of(event, body, datetime.now(UTC)), body)
    except (NotReached, ForbiddenAddress) as error:
        return _failed(event, str(error))
    except Exception as error:
        log.exception("Event %s cannot be sent to endpoint %s", event.event_id, event.endpoint_id)
        return _failed(event, str(error) or type(error).__name__)
    if 200 <= status < 300:
        return AttemptResult(event, "DELIVERED", status)
    if status == _GONE:
        return AttemptResult(event, "DEAD", status, "The endpoint answered 410: it wants nothing any more.")
    return _failed(event, _answer_sentence(status), status)


def _failed(event: Event, sentence: str, status: int | None = None) -> AttemptResult:
    return AttemptResult(event, "FAILED", status, sentence, pause_after(event.attempts))


def _answer_sentence(status: int) -> str:
    return f"The endpoint answered {status}" + (": redirects are not followed." if 300 <= status < 400 else ".")


async def tidy_outgoing(db: Database) -> None:
    """Marks events dead that were written for an endpoint while it was removed or gone."""
    for endpoint_id in await rows.endpoints_with_leftovers(db):
        while await rows.mark_outgoing_dead(db, endpoint_id, "Its endpoint takes nothing any more."):
            continue
