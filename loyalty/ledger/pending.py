"""Writes promises and their pending transfers, and cancels promises."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID, uuid4

from db.ledger.record import ChangedPromise, Changes, NewPromise
from db.ledger.verdicts import PromiseOfVerdict
from db.members.membership import OpenPromise
from loyalty.ledger.journal import Cause, pend, void, write
from loyalty.ledger.rules.parts import Part


def promise_points(
    changes: Changes,
    *,
    verdict_id: UUID,
    parts: Iterable[Part],
    source: str,
    awaiting: str,
    occurred_at: datetime,
    promised_at: datetime,
    due_at: datetime | None = None,
    lapses_on: date | None = None,
) -> None:
    """Adds each part as a promise and as a transfer into `pending` (docs/designs/journal.md)."""
    for part in parts:
        promise_id = uuid4()
        changes.promises.append(
            NewPromise(
                promise_id=promise_id,
                verdict_id=verdict_id,
                kind=part.kind,
                points=part.points,
                part=part_key(part),
                reference=part.reference,
                source=source,
                awaiting=awaiting,
                promised_at=promised_at,
                due_at=due_at,
                lapses_on=lapses_on,
            )
        )
        write(changes, pend(Cause(source, occurred_at, verdict_id, part.reference), part.points, promise_id))


def cancel_promise(changes: Changes, promise: OpenPromise | PromiseOfVerdict, verdict_id: UUID, at: datetime) -> None:
    """Cancels an open promise completely: changes its row, and takes its points out of `pending`."""
    changes.changed_promises.append(ChangedPromise(promise.promise_id, "VOIDED", promise.points))
    cause = Cause(promise.source, at, verdict_id, promise.reference)
    write(changes, void(cause, promise.points, promise.promise_id))


def part_key(part: Part) -> str:
    """A part's name among the parts of one verdict."""
    return part.kind if part.campaign_id is None else f"{part.kind}:{part.campaign_id}"
