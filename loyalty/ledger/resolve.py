"""Resolves a verdict that waits, or reverses one: promises go on hold or are cancelled, points are taken back."""

from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge, member_to_judge
from db.ledger.record import ChangedPromise, Changes, Stale, TurnedVerdict
from db.ledger.verdicts import PromiseOfVerdict, VerdictToResolve
from loyalty.ledger.catch_up import catch_up
from loyalty.ledger.clawback import Reversal
from loyalty.ledger.journal import lots_after
from loyalty.ledger.pending import cancel_promise
from loyalty.ledger.rules.lots import Lot, Take, TakenBack, take_back
from loyalty.programme.calendars import lot_of
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Awaiting, Code, Outcome
from loyalty.programme.rules.terms import Terms


async def credit_first(programme: Programme, who: MemberRef) -> None:
    """Writes the credits and lapses that are due, so that the history is in the order of due times."""
    member = await member_to_judge(programme.db, who)
    if member is not None:
        with suppress(Stale):  # who changed the member meanwhile has caught up, or a worker will
            await catch_up(programme.db, member.member_id)


@dataclass(frozen=True, slots=True)
class Resolution:
    """One verdict of a member; the methods add the decision about it to `changes`."""

    changes: Changes
    member: MemberToJudge
    verdict: VerdictToResolve

    def grant_after_hold(self, due_at: datetime, terms: Terms) -> None:
        """The verdict that waited becomes GRANTED; its points are credited when their hold ends (R30)."""
        for promise in self.verdict.open_promises:
            self._change(promise, Awaiting.HOLD, due_at, terms)
        self.turn(Outcome.GRANTED, Code.GRANTED, self.verdict.points)

    def wait_for_publication(self) -> None:
        """An operator has approved the verdict; the review is still to be published (R16, R70)."""
        for promise in self.verdict.open_promises:
            self._change(promise, Awaiting.PUBLICATION)
        self.turn(Outcome.WAITING, Code.WAITING_FOR_PUBLICATION, self.verdict.points)

    def refuse(self, code: Code) -> None:
        """The verdict that waited becomes REFUSED; its points are no longer pending. Its cap stays used (R35)."""
        self.cancel()
        self.turn(Outcome.REFUSED, code, 0)

    def turn(self, outcome: Outcome, code: Code, points: int) -> None:
        """Changes the verdict itself, in place: only a verdict that waits can change (R60)."""
        self.changes.turned_verdicts.append(TurnedVerdict(self.verdict.verdict_id, outcome, code, points))

    def cancel(self) -> int:
        """Cancels its open promises; returns their points."""
        for promise in self.verdict.open_promises:
            cancel_promise(self.changes, promise, self.verdict.verdict_id, self.member.now)
        return sum(promise.points for promise in self.verdict.open_promises)

    def taken_back(self) -> TakenBack:
        """The clawback of its credited points: from their own lots, then from other lots, the rest as debt (R36)."""
        return take_back(
            lots_after(self.member.lots, self.changes),
            sum(promise.points for promise in self.verdict.promises if promise.state == "POSTED"),
            [Take(lapses_on, points) for lapses_on, points in self.verdict.origins],
            [Lot(lapses_on, points) for lapses_on, points in self.verdict.lapsed],
        )

    def _change(
        self, promise: PromiseOfVerdict, awaiting: Awaiting, due_at: datetime | None = None, terms: Terms | None = None
    ) -> None:
        self.changes.changed_promises.append(
            ChangedPromise(
                promise_id=promise.promise_id,
                state="PROMISED",
                points=promise.points,
                awaiting=awaiting,
                due_at=due_at,
                lapses_on=lot_of(due_at, terms) if due_at is not None and terms is not None else None,
            )
        )


def removal_key(verdict_id: UUID) -> str:
    """The business key under which a verdict's points are taken back once (R35)."""
    return f"removed:{verdict_id}"


def reversal_of(resolution: Resolution, code: Code, key: str, cancelled: int) -> Reversal:
    """The facts of the verdict on taking points back; `cancelled` points had not been credited yet.

    It has no reference, only a business key: a product's id may equal an order's number.
    """
    verdict, now = resolution.verdict, resolution.member.now
    return Reversal(
        business_key=removal_key(verdict.verdict_id),
        code=code,
        about=verdict.reference,
        occurred_at=now,
        decided_at=now,
        terms_version=verdict.terms_version,
        key=key,
        campaign_ids=verdict.campaign_ids,
        reverses=verdict.first_entry,
        facts={"of": str(verdict.verdict_id), "cancelled": cancelled},
    )
