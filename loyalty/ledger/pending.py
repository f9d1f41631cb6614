"""What a judgement leaves in a member's books: its verdict, its promises and their pending transfers."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID, uuid4

from db.ledger.record import Changes, NewPromise, NewTransfer
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
    due_at: datetime | None,
    lapses_on: date | None,
) -> None:
    """Adds each part as a promise and as a transfer into `pending` (design §2)."""
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
        changes.transfers.append(
            NewTransfer(
                entry=len(changes.transfers) + 1,
                kind="PROMISE",
                debit="issuance",
                credit="pending",
                amount=part.points,
                source=source,
                occurred_at=occurred_at,
                promise_id=promise_id,
                verdict_id=verdict_id,
                reference=part.reference,
            )
        )


def part_key(part: Part) -> str:
    """How a part is called among the parts of one verdict."""
    return part.kind if part.campaign_id is None else f"{part.kind}:{part.campaign_id}"
