"""What a judgement leaves in a member's books: its verdict, its promises and their pending transfers."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

from db.judging import MemberToJudge
from db.membership import OpenPromise
from db.record import ChangedPromise, Changes, NewFuelDay, NewPromise, NewSlot, NewVerdict
from db.verdicts import PromiseOfVerdict
from loyalty.ledger.journal import Cause, pend, void, write
from loyalty.rules.activity import CapAfter, Judgement, Part
from loyalty.rules.calendar import Calendar, lapse_date
from loyalty.rules.terms import Terms

NEVER = date.max


def calendar_of(member: MemberToJudge) -> Calendar:
    """The calendar that the member's caps and streaks follow (R20)."""
    return Calendar(member.time_zone, member.zone_before, member.zone_since, member.earlier_zones)


def lot_of(credited_at: datetime, terms: Terms) -> date:
    """The day on which points credited at a moment lapse (R50); 9999-12-31 where they never do."""
    return lapse_date(credited_at, terms.time_zones[0], terms.lapse_after_months) or NEVER


def cap_as_row(cap: CapAfter | None) -> dict[str, Any] | None:
    """A cap as the verdict keeps it."""
    if cap is None:
        return None
    resets_at = cap.resets_at.isoformat() if cap.resets_at else None
    return {"limit": cap.limit, "used": cap.used, "left": cap.left, "resets_at": resets_at}


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
        write(changes, pend(Cause(source, occurred_at, verdict_id, part.reference), part.points, promise_id))


def cancel_promise(changes: Changes, promise: OpenPromise | PromiseOfVerdict, verdict_id: UUID, at: datetime) -> None:
    """An open promise of a verdict is void as a whole: the promise itself, and its points in the ledger."""
    changes.changed_promises.append(ChangedPromise(promise.promise_id, "VOIDED", promise.points))
    cause = Cause(promise.source, at, verdict_id, promise.reference)
    write(changes, void(cause, promise.points, promise.promise_id))


def part_key(part: Part) -> str:
    """How a part is called among the parts of one verdict."""
    return part.kind if part.campaign_id is None else f"{part.kind}:{part.campaign_id}"


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

    `business_key` names the event where it has a name of its own; else the slot it took does.
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
