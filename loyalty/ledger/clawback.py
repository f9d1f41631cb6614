"""Points that are taken back or given back: lines of a member's history over the lots they move in (R35-R37, R51)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from db.ledger.record import Changes, NewTransfer, NewVerdict
from loyalty.ledger.notices import clawback
from loyalty.ledger.rules.lots import TakenBack
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome


@dataclass(frozen=True, slots=True)
class EntryFields:
    """What the transfers of one line of a member's history have in common; `reverses` is the line it answers."""

    kind: str
    source: str
    occurred_at: datetime
    verdict_id: UUID
    reference: str | None = None
    reverses: int | None = None


@dataclass(slots=True)
class EntryWriter:
    """One line of history while its transfers are written; the first transfer carries the line's signed points."""

    changes: Changes
    line: EntryFields
    points: int
    _entry: int = field(init=False)

    def __post_init__(self) -> None:
        self._entry = len(self.changes.transfers) + 1

    def move(
        self,
        debit: str,
        credit: str,
        amount: int,
        *,
        lapses_on: date | None = None,
        promise_id: UUID | None = None,
        kind: str | None = None,
    ) -> None:
        """One transfer of the line; `kind` where it is called otherwise than its line."""
        first = len(self.changes.transfers) + 1 == self._entry
        self.changes.transfers.append(
            NewTransfer(
                entry=self._entry,
                kind=kind or self.line.kind,
                debit=debit,
                credit=credit,
                amount=amount,
                source=self.line.source,
                occurred_at=self.line.occurred_at,
                points=self.points if first else None,
                lapses_on=lapses_on,
                promise_id=promise_id,
                verdict_id=self.line.verdict_id,
                reverses=self.line.reverses,
                reference=self.line.reference,
            )
        )


def points_of(back: TakenBack) -> int:
    """What a clawback really takes, out of lots and into debt."""
    return sum(take.points for take in back.takes) + back.debt


def write_taken(changes: Changes, back: TakenBack, line: EntryFields) -> None:
    """One line of history for all of a clawback: out of the lots, the rest into debt (R36)."""
    books = EntryWriter(changes, line, -points_of(back))
    for take in back.takes:
        books.move("available", "revoked", take.points, lapses_on=take.lapses_on)
    if back.debt:
        books.move("debt", "revoked", back.debt)


@dataclass(frozen=True, slots=True)
class Reversal:
    """What a verdict on points taken back says beside them. `about` is what its line of history refers to,
    `reference` what the verdict itself is found by, `reverses` the line of history it takes back."""

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
    """A verdict of its own on what is taken back (R60), and one line of history for all of it (R36)."""
    verdict_id = uuid4()
    changes.verdicts.append(
        NewVerdict(
            verdict_id=verdict_id,
            key=reversal.key or reversal.business_key,
            business_key=reversal.business_key,
            kind=EntryKind.CLAWBACK,
            outcome=Outcome.REVERSED,
            code=reversal.code,
            points=-points_of(back),
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
    """The line of history of a reversal under its verdict, and a notice of it."""
    line = EntryFields(
        kind=EntryKind.CLAWBACK,
        source=reversal.business_key,
        occurred_at=reversal.occurred_at,
        verdict_id=verdict_id,
        reference=reversal.about,
        reverses=reversal.reverses,
    )
    write_taken(changes, back, line)
    if points := points_of(back):
        changes.notices.append(clawback(reversal.business_key, points, reversal.about, reversal.occurred_at))


def _waived(back: TakenBack) -> dict[str, dict[str, int]]:
    """What had lapsed and so is not taken again, by lot: later clawbacks leave it out (R36)."""
    return {"waived": {str(lot.lapses_on): lot.points for lot in back.waived}} if back.waived else {}
