"""Writes a judgement of an activity: its verdict, slot, fuel days and promises."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from db.ledger.record import Changes, NewFuelDay, NewSlot, NewVerdict
from loyalty.earning.rules.activity import Judgement
from loyalty.earning.rules.caps import CapAfter
from loyalty.ledger.pending import promise_points
from loyalty.programme.calendars import lot_of
from loyalty.programme.rules.terms import Terms


def cap_as_row(cap: CapAfter | None) -> dict[str, Any] | None:
    """A cap as it is stored with the verdict."""
    if cap is None:
        return None
    resets_at = cap.resets_at.isoformat() if cap.resets_at else None
    return {"limit": cap.limit, "used": cap.used, "left": cap.left, "resets_at": resets_at}


def write_judgement(
    changes: Changes,
    judgement: Judgement,
    *,
    kind: str,
    key: str,
    source: str,
    reference: str | None,
    occurred_at: datetime,
    now: datetime,
    terms: Terms,
    business_key: str | None = None,
    facts: Mapping[str, Any] | None = None,
) -> UUID:
    """Adds the verdict on one activity with its slot, its fuel days and its promises; gives the verdict's id.

    `business_key` names the event if it has its own name; otherwise the slot that it took names it.
    """
    verdict_id = uuid4()
    changes.verdicts.append(
        NewVerdict(
            verdict_id=verdict_id,
            key=key,
            business_key=business_key or (judgement.slot.business_key if judgement.slot else None),
            kind=kind,
            outcome=judgement.outcome,
            code=judgement.code,
            points=judgement.points,
            reference=reference,
            occurred_at=occurred_at,
            decided_at=now,
            terms_version=judgement.terms_version,
            campaign_ids=tuple(campaign.id for campaign in judgement.campaigns),
            cap=cap_as_row(judgement.cap),
            facts=facts or {},
        )
    )
    if judgement.slot is not None and kind != "FUEL":
        slot = judgement.slot
        changes.slots.append(NewSlot(slot.kind, slot.period, slot.n, verdict_id))
    changes.fuel_days.extend(NewFuelDay(day.day, day.streak, day.bonuses) for day in judgement.fuel_days)
    promise_points(
        changes,
        verdict_id=verdict_id,
        parts=judgement.parts,
        source=judgement.slot.business_key if judgement.slot else source,
        awaiting=judgement.awaiting or "HOLD",
        occurred_at=occurred_at,
        promised_at=now,
        due_at=judgement.due_at,
        lapses_on=lot_of(judgement.due_at, terms) if judgement.due_at else None,
    )
    return verdict_id
