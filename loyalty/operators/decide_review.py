"""An operator's answer to a verdict that waits for one (R35, R37, R70): not by its own author."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, NewLogEntry
from db.ledger.verdicts import VerdictToResolve, verdict_to_resolve
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import Decided, request_of, verdict_answer
from loyalty.ledger.capacity import check_capacity
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.ledger.resolve import Resolution, credit_first
from loyalty.operators.adjustment_writer import balance_of
from loyalty.operators.reasons import check_reason
from loyalty.operators.review_writer import ReviewWriter
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Code
from loyalty.refusals import InvalidInput, MemberNotActive, NotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """An operator's decision. `verdict` is (member, verdict), or None if the sent id is not a verdict's."""

    verdict: tuple[UUID, UUID] | None
    approve: bool
    reason: str


async def decide_review(programme: Programme, caller: Caller, decision: ReviewDecision, key: str) -> Decided:
    """Approves or declines a verdict that waits for an operator, once; deciding again gives the same verdict.

    Refusals: NotFound, InvalidInput for a verdict that waits for no operator or a debit beyond the largest debt,
    NotAllowed for the operator who requested it, MemberNotActive for a closed membership, IdempotencyMismatch.
    """
    check_reason(decision.reason)
    member_id, verdict_id = decision.verdict or (None, None)
    if member_id is None or verdict_id is None:
        raise NotFound(sentence="There is no such verdict.")
    who = MemberRef(member_id=member_id)
    arguments = [str(member_id), str(verdict_id), decision.approve, decision.reason]
    request = request_of(caller, "decideReview", key, arguments)
    await credit_first(programme, who)

    deciding = _Deciding(programme, caller, decision, verdict_id)
    result = await decide(programme.db, Decision(who, request, deciding.judge))
    return Decided.of(result.answer)


@dataclass(frozen=True, slots=True)
class _Deciding:
    """An operator's decision about a verdict, while it is judged."""

    programme: Programme
    caller: Caller
    decision: ReviewDecision
    verdict_id: UUID

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The verdict as it was decided; one that was decided before stays as it is."""
        verdict = await verdict_to_resolve(db, member.member_id, self.verdict_id)
        if verdict is None:
            raise NotFound(sentence="There is no such verdict.")
        changes, hold = Changes(), None
        if _waits(verdict):
            self._check(verdict, member)
            hold = await self._resolve(db, Resolution(changes, member, verdict))
        return Ruling(verdict_answer("PointsVerdict", member.member_id, self.verdict_id, hold), changes)

    def _check(self, verdict: VerdictToResolve, member: MemberToJudge) -> None:
        """Raises NotAllowed for the operator who requested it, MemberNotActive for a closed membership."""
        if verdict.facts.get("asked_by") == self.caller.name:
            raise NotAllowed("Who asked for it cannot decide it: another operator has to.")
        if member.state == "CLOSED":
            raise MemberNotActive(member.state)

    async def _resolve(self, db: Queryable, resolution: Resolution) -> timedelta | None:
        """Writes the decision; gives the time its points are on hold, or None."""
        catalogue = await self.programme.catalogue_at(resolution.member.programme_version, db)
        review, hold = ReviewWriter(self.programme, db, catalogue, resolution), None
        if self.decision.approve:
            hold = await review.approve()
        else:
            review.decline()
        check_capacity(resolution.member, resolution.changes, "verdictId")
        resolution.changes.operator_log.append(_log(self.caller, self.decision, resolution))
        return hold


def _waits(verdict: VerdictToResolve) -> bool:
    """Whether an operator's answer is still to come. Raises InvalidInput if it never waited for one."""
    if "held" not in verdict.facts:
        raise InvalidInput("This verdict does not wait for an operator.", "verdictId")
    return verdict.code == Code.WAITING_FOR_OPERATOR


def _log(caller: Caller, decision: ReviewDecision, resolution: Resolution) -> NewLogEntry:
    verdict, turned = resolution.verdict, resolution.changes.turned_verdicts[-1]
    named = {"verdict_id": str(verdict.verdict_id)}
    return NewLogEntry(
        actor=caller.name or "",
        action="decideReview",
        reason=decision.reason,
        before=named
        | {"outcome": verdict.outcome, "code": verdict.code, "points": verdict.points}
        | balance_of(resolution.member, Changes()),
        after=named
        | {"outcome": turned.outcome, "code": turned.code, "points": turned.points}
        | balance_of(resolution.member, resolution.changes),
    )
