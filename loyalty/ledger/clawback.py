"""Clawbacks: a verdict, a line of the member's history and a notice for points that are taken back (R32, R35, R36)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from db.ledger.record import Changes, NewVerdict
from loyalty.ledger.journal import Cause, take, write
from loyalty.ledger.notices import clawback
from loyalty.ledger.rules.lots import TakenBack
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome


@dataclass(frozen=True, slots=True)
class Reversal:
    """The facts of a clawback. `reference` is the reference of its verdict, `about` the reference of its line of
    history, and `reverses` the `seq` of the line of history whose points are taken back."""

    business_key: str
    code: Code
    about: str | None
    occurred_at: datetime
    decided_at: datetime
    terms_version: str
    key: str | None = None
    reference: str | None = None
    campaign_ids: tuple[str, ...] = ()
    reverses: int | None = None
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_reversal(changes: Changes, back: TakenBack, reversal: Reversal) -> UUID:
    """Adds a verdict (R60), one line of history for all points (R36), and a notice. Returns the verdict's id."""
    verdict_id = uuid4()
    changes.verdicts.append(
        NewVerdict(
            verdict_id=verdict_id,
            key=reversal.key or reversal.business_key,
            business_key=reversal.business_key,
            kind=EntryKind.CLAWBACK,
            outcome=Outcome.REVERSED,
            code=reversal.code,
            points=-back.points,
            reference=reversal.reference,
            occurred_at=reversal.occurred_at,
            decided_at=reversal.decided_at,
            terms_version=reversal.terms_version,
            campaign_ids=reversal.campaign_ids,
            facts={**reversal.facts, **_waived(back)},
        )
    )
    write_clawback(changes, back, reversal, verdict_id)
    return verdict_id


def write_clawback(changes: Changes, back: TakenBack, reversal: Reversal, verdict_id: UUID) -> None:
    """Adds the line of history of a clawback that has this verdict, and a notice."""
    cause = Cause(reversal.business_key, reversal.occurred_at, verdict_id, reversal.about, reversal.reverses)
    write(changes, take(EntryKind.CLAWBACK, cause, "revoked", back.takes, back.debt))
    if back.points:
        changes.notices.append(
            clawback(reversal.business_key, back.points, reversal.about, reversal.occurred_at, reversal.code, back.debt)
        )


def _waived(back: TakenBack) -> dict[str, dict[str, int]]:
    """Points that had lapsed and are not taken again, by lot: later clawbacks leave them out (R36)."""
    return {"waived": {str(lot.lapses_on): lot.points for lot in back.waived}} if back.waived else {}
