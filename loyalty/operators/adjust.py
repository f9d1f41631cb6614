"""Adjustments by an operator (R36, R37, R51): at once with a reason, or waiting for a second operator."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID, uuid4

from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, NewLogEntry, NewVerdict
from db.operators.adjustments import adjusted_lately
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import Decided, request_of, verdict_answer
from loyalty.ledger.capacity import MOST_POINTS, check_capacity
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.ledger.resolve import credit_first
from loyalty.ledger.rules.give_back import GivenBack
from loyalty.operators.adjustment_writer import AdjustmentWriter, ReversedEntry, balance_of, reversed_entry
from loyalty.operators.reasons import check_reason
from loyalty.operators.rules.adjusting import needs_second_operator
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome
from loyalty.refusals import InvalidInput, MemberNotActive


@dataclass(frozen=True, slots=True)
class Adjustment:
    """An operator's request: points above or below zero, the reason, and the line to give back, as (member, seq)."""

    mi_id: str
    points: int
    reason: str
    reverses: tuple[UUID, int] | None = None
    gives_back: bool = False


async def adjust(programme: Programme, caller: Caller, adjustment: Adjustment, key: str) -> Decided:
    """Credits or debits a member at once, below zero into debt; above the market's threshold it waits (R37), also if
    the sum of what this operator adjusted in 24 hours is above it.

    With `reverses`, points go back into the lots they came from (R51); those of a redemption cancel its coupon.
    Refusals: NotAMember, NotFound for an unknown line, InvalidInput for no points, no reason, more than the line took
    or than a balance holds, NotAllowed for a coupon that is reserved or used, MemberNotActive for a closed membership,
    IdempotencyMismatch.
    """
    check_reason(adjustment.reason)
    _check_points(adjustment)
    who = MemberRef(mi_id=adjustment.mi_id)
    reverses = [str(part) for part in adjustment.reverses or ()]
    arguments = [adjustment.mi_id, adjustment.points, adjustment.reason, adjustment.gives_back, reverses]
    request = request_of(caller, "adjustPoints", key, arguments)
    await credit_first(programme, who)
    decision = Decision(who, request, _Adjusting(programme, caller, adjustment, key).judge, in_transaction=True)
    result = await decide(programme.db, decision)
    return Decided.of(result.answer, result.written)


@dataclass(frozen=True, slots=True)
class _Adjusting:
    """An operator's request for an adjustment, while it is judged."""

    programme: Programme
    caller: Caller
    adjustment: Adjustment
    key: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The adjustment, made at once; above the market's threshold it waits for a second operator (R37)."""
        if member.state == "CLOSED":
            raise MemberNotActive(member.state)
        _check_debt(member, self.adjustment.points)
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        terms = catalogue.terms_in_force(member.market, member.now)
        line = await self._line(db, member)
        writer = AdjustmentWriter.of(Changes(), member, terms, uuid4(), line)
        given = line.given_back(self.adjustment.points, writer.today, writer.lot) if line is not None else None
        if await self._needs_second_operator(db, member, terms.adjust_threshold):
            verdict = self._wait(writer, line)
        elif line is not None and given is not None:
            verdict = self._give_back(writer, line, given)
        else:
            verdict = self._adjust(writer)
        writer.changes.verdicts.append(verdict)
        check_capacity(member, writer.changes, "points")
        writer.changes.operator_log.append(_log(self.caller, self.adjustment, writer, verdict.outcome))
        return Ruling(verdict_answer("PointsVerdict", member.member_id, writer.verdict_id), writer.changes)

    async def _needs_second_operator(self, db: Queryable, member: MemberToJudge, threshold: int) -> bool:
        """Takes this operator's turn, so that no other of its adjustments is judged by the same sums."""
        lately, points = await adjusted_lately(db, self.caller.name or "", member.member_id), self.adjustment.points
        sums = (lately.credited, lately.credited_to_all) if points > 0 else (lately.debited, lately.debited_from_all)
        return needs_second_operator(points, threshold, *sums)

    async def _line(self, db: Queryable, member: MemberToJudge) -> ReversedEntry | None:
        """The line to give back; None if points do not go back. Raises NotFound."""
        return await reversed_entry(db, member, self.adjustment.reverses) if self.adjustment.gives_back else None

    def _wait(self, writer: AdjustmentWriter, line: ReversedEntry | None) -> NewVerdict:
        points = self.adjustment.points
        writer.promise(points)
        facts = _facts(self.caller, line) | {"held": "THRESHOLD"}
        return self._verdict(writer, Outcome.WAITING, Code.WAITING_FOR_OPERATOR, points, facts)

    def _give_back(self, writer: AdjustmentWriter, line: ReversedEntry, given: GivenBack) -> NewVerdict:
        writer.give_back(given, line)
        return self._verdict(writer, *given.verdict, given.points, _facts(self.caller, line))

    def _adjust(self, writer: AdjustmentWriter) -> NewVerdict:
        points = self.adjustment.points
        writer.adjust(points)
        return self._verdict(writer, Outcome.GRANTED, Code.ADJUSTED, points, _facts(self.caller, None))

    def _verdict(
        self, writer: AdjustmentWriter, outcome: Outcome, code: Code, points: int, facts: dict[str, Any]
    ) -> NewVerdict:
        now = writer.member.now
        return NewVerdict(
            verdict_id=writer.verdict_id,
            key=self.key,
            business_key=None,
            kind=EntryKind.ADJUSTMENT,
            outcome=outcome,
            code=code,
            points=points,
            reference=writer.reference,
            occurred_at=now,
            decided_at=now,
            terms_version=writer.terms.version,
            facts=facts,
        )


def _check_points(adjustment: Adjustment) -> None:
    if adjustment.points == 0:
        raise InvalidInput("Say how many points, above or below zero.", "points")
    if adjustment.gives_back and adjustment.points < 0:
        raise InvalidInput("Points that are given back are above zero.", "points")


def _check_debt(member: MemberToJudge, points: int) -> None:
    """Raises InvalidInput if a debit, even one that waits, would exceed the largest debt."""
    if member.debt - points > MOST_POINTS:
        raise InvalidInput("This is more than a balance can hold.", "points")


def _facts(caller: Caller, line: ReversedEntry | None) -> dict[str, Any]:
    facts: dict[str, Any] = {"asked_by": caller.name}
    return facts if line is None else facts | {"reverses": line.seq}


def _log(caller: Caller, adjustment: Adjustment, writer: AdjustmentWriter, outcome: str) -> NewLogEntry:
    return NewLogEntry(
        actor=caller.name or "",
        action="adjustPoints",
        reason=adjustment.reason,
        before=balance_of(writer.member, Changes()),
        after=balance_of(writer.member, writer.changes)
        | {"verdict_id": str(writer.verdict_id), "outcome": outcome, "points": adjustment.points},
    )
