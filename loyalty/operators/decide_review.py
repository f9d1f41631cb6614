"""An operator's answer to a verdict that waits for one (R35, R37, R70): approved or declined, by somebody else."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from db.ledger.entries import entry_to_reverse
from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, NewLogEntry
from db.ledger.verdicts import VerdictToResolve, verdict_to_resolve
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.earning.rules.activity import due_at
from loyalty.ledger.answers import Answer, Decided, request_of, verdict_answer
from loyalty.ledger.capacity import check_capacity
from loyalty.ledger.clawback import points_of, write_clawback
from loyalty.ledger.decide import decide
from loyalty.ledger.resolve import Resolution, credit_first, reversal_of
from loyalty.operators.adjust import AdjustmentWriter, ReversedEntry, balance_of, check_reason
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import InvalidInput, MemberNotActive, NotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class ReviewDecision:
    """What an operator decided about which verdict, as (member, verdict); None for what is no verdict's id."""

    verdict: tuple[UUID, UUID] | None
    approve: bool
    reason: str


async def decide_review(programme: Programme, caller: Caller, decision: ReviewDecision, key: str) -> Decided:
    """Turns a verdict that waits for an operator into what was asked for, or into a refusal, once.

    Refusals: NotFound, InvalidInput for a verdict that waits for nobody or a debit that would be more than can be owed,
    NotAllowed for the operator who asked, MemberNotActive for a closed membership, IdempotencyMismatch. Decided again
    it is the same verdict.
    """
    check_reason(decision.reason)
    member_id, verdict_id = decision.verdict or (None, None)
    if member_id is None or verdict_id is None:
        raise NotFound(sentence="There is no such verdict.")
    who = MemberRef(member_id=member_id)
    asked = [str(member_id), str(verdict_id), decision.approve, decision.reason]
    request = request_of(caller, "decideReview", key, asked)
    await credit_first(programme, who)

    async def judge_decision(db: Queryable, member: MemberToJudge) -> tuple[Changes, Answer]:
        verdict = await verdict_to_resolve(db, member.member_id, verdict_id)
        if verdict is None:
            raise NotFound(sentence="There is no such verdict.")
        if not _waits(verdict):
            return Changes(), verdict_answer("PointsVerdict", member.member_id, verdict_id)
        if verdict.facts.get("asked_by") == caller.name:
            raise NotAllowed("Who asked for it cannot decide it: another operator has to.")
        if member.state == "CLOSED":
            raise MemberNotActive(member.state)
        catalogue = await programme.catalogue_at(member.programme_version, db)
        review = _Review(programme, db, catalogue, Resolution(Changes(), member, verdict))
        hold = await review.approve() if decision.approve else None
        if not decision.approve:
            review.decline()
        check_capacity(member, review.turning.changes, "verdictId")
        review.turning.changes.operator_log.append(_log(caller, decision, review.turning))
        return review.turning.changes, verdict_answer("PointsVerdict", member.member_id, verdict_id, hold)

    return Decided.of(await decide(programme.db, who, request, judge_decision))


def _waits(verdict: VerdictToResolve) -> bool:
    """Whether an operator's answer is still to come. Raises InvalidInput where none was ever asked for."""
    if "held" not in verdict.facts:
        raise InvalidInput("This verdict does not wait for an operator.", "verdictId")
    return verdict.code == Code.WAITING_FOR_OPERATOR


def _log(caller: Caller, decision: ReviewDecision, turning: Resolution) -> NewLogEntry:
    verdict, turned = turning.verdict, turning.changes.turned_verdicts[-1]
    named = {"verdict_id": str(verdict.verdict_id)}
    return NewLogEntry(
        actor=caller.name or "",
        action="decideReview",
        reason=decision.reason,
        before=named
        | {"outcome": verdict.outcome, "code": verdict.code, "points": verdict.points}
        | balance_of(turning.member, Changes()),
        after=named
        | {"outcome": turned.outcome, "code": turned.code, "points": turned.points}
        | balance_of(turning.member, turning.changes),
    )


@dataclass(frozen=True, slots=True)
class _Review:
    """One verdict while its answer is written."""

    programme: Programme
    db: Queryable
    catalogue: Catalogue
    turning: Resolution

    def decline(self) -> None:
        """Nothing of it comes; what was pending for it is pending no more."""
        self.turning.refuse(Code.DECLINED)

    async def approve(self) -> timedelta | None:
        """What was asked for happens; gives the seconds until its points are due, where they are on hold."""
        kind = self.turning.verdict.kind
        if kind == EntryKind.ADJUSTMENT:
            await self._adjust()
        elif kind == EntryKind.CLAWBACK:
            await self._take_back()
        elif kind == EntryKind.REVIEW and self.turning.verdict.published_at is None:
            self.turning.wait_for_publication()
        else:
            return self._grant()
        return None

    def _grant(self) -> timedelta:
        """On hold from when it was judged, a review from its publication; what an operator took longer for is over."""
        verdict, now = self.turning.verdict, self.turning.member.now
        terms, accepted_at = self._terms, verdict.published_at or verdict.decided_at
        due = max(now, due_at(terms.ways[verdict.kind], accepted_at, terms, self.programme.hold_seconds))
        self.turning.grant_after_hold(due, terms)
        return due - now

    async def _adjust(self) -> None:
        """As the adjustment would have been made at once, now (R37, R51)."""
        turning, verdict = self.turning, self.turning.verdict
        seq = verdict.facts.get("reverses")
        terms = self.catalogue.terms_for(turning.member.market, turning.member.now)
        assert terms is not None
        desk = AdjustmentWriter(turning.changes, turning.member, terms, verdict.verdict_id, reverses=seq)
        if seq is not None:
            await self._give_back(desk, seq)
            return
        if verdict.points > 0:
            for promise in verdict.open_promises:
                desk.post(promise)
        else:
            desk.adjust(verdict.points)
        turning.turn(Outcome.GRANTED, Code.ADJUSTED, verdict.points)

    async def _give_back(self, desk: AdjustmentWriter, seq: int) -> None:
        """Points come out of where they had gone to, so what was promised for them is void."""
        row = await entry_to_reverse(self.db, desk.member.member_id, seq)
        assert row is not None
        points = self.turning.cancel()
        line = ReversedEntry.of(seq, row).without_promised(points)
        given = line.given_back(points, desk.today, desk.lot)
        desk.give_back(given, line.account)
        outcome, code = given.verdict
        self.turning.turn(outcome, code, given.points)

    async def _take_back(self) -> None:
        """What was granted is taken back under the verdict that waited for it (R35)."""
        turning, waiting = self.turning, self.turning.verdict
        granted = await verdict_to_resolve(self.db, turning.member.member_id, UUID(waiting.facts["of"]))
        assert granted is not None
        taking = Resolution(turning.changes, turning.member, granted)
        reversal = reversal_of(taking, Code(waiting.facts["code"]), waiting.key, taking.cancel())
        back = taking.taken_back()
        write_clawback(turning.changes, back, reversal, waiting.verdict_id)
        turning.turn(Outcome.GRANTED, Code.GRANTED, -points_of(back))

    @property
    def _terms(self) -> Terms:
        return self.catalogue.terms_called(self.turning.member.market, self.turning.verdict.terms_version)
