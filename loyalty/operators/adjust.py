"""Adjustments by an operator (R36, R37, R51): at once with a reason, or waiting for a second operator."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID, uuid4

from db.ledger.entries import EntryToReverse, entry_to_reverse
from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import ChangedPromise, Changes, NewLogEntry, NewVerdict
from db.ledger.verdicts import PromiseOfVerdict
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, Decided, request_of, verdict_answer
from loyalty.ledger.capacity import MOST_POINTS, check_capacity
from loyalty.ledger.decide import decide
from loyalty.ledger.journal import Cause, credit, lots_after, moved, take, write
from loyalty.ledger.pending import promise_points
from loyalty.ledger.resolve import credit_first
from loyalty.ledger.rules.give_back import GivenBack, MoreThanTaken, Taken, give_back
from loyalty.ledger.rules.lots import Take, take_back
from loyalty.ledger.rules.parts import Part
from loyalty.programme.calendars import lot_of
from loyalty.programme.programme import Programme
from loyalty.programme.rules.calendar import local_day
from loyalty.programme.rules.kinds import Awaiting, Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import InvalidInput, MemberNotActive, NotFound

LONGEST_REASON = 500


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What an operator asks for: points above or below zero, why, and which line they give back, as (member, seq)."""

    mi_id: str
    points: int
    reason: str
    reverses: tuple[UUID, int] | None = None
    gives_back: bool = False


async def adjust(programme: Programme, caller: Caller, adjustment: Adjustment, key: str) -> Decided:
    """Credits or debits a member at once, below zero into debt; above the market's threshold it waits (R37).

    With `reverses`, points go back into the lots they came from (R51). Refusals: NotAMember, NotFound for an unknown
    line, InvalidInput for no points, no reason, more than the line took or than a balance holds, MemberNotActive for
    a closed membership, IdempotencyMismatch.
    """
    check_reason(adjustment.reason)
    _check_points(adjustment)
    who = MemberRef(mi_id=adjustment.mi_id)
    reverses = [str(part) for part in adjustment.reverses or ()]
    asked = [adjustment.mi_id, adjustment.points, adjustment.reason, adjustment.gives_back, reverses]
    request = request_of(caller, "adjustPoints", key, asked)
    await credit_first(programme, who)

    async def judge_adjustment(db: Queryable, member: MemberToJudge) -> tuple[Changes, Answer]:
        if member.state == "CLOSED":
            raise MemberNotActive(member.state)
        _check_debt(member, adjustment.points)
        catalogue = await programme.catalogue_at(member.programme_version, db)
        terms = catalogue.terms_for(member.market, member.now)
        assert terms is not None
        line = await _line_of(db, member, adjustment)
        desk = AdjustmentWriter(Changes(), member, terms, uuid4(), reverses=line.seq if line else None)
        waits = abs(adjustment.points) > terms.adjust_threshold
        given = line.given_back(adjustment.points, desk.today, desk.lot) if line is not None else None
        outcome, code = given.verdict if given is not None else (Outcome.GRANTED, Code.ADJUSTED)
        if waits:
            outcome, code = Outcome.WAITING, Code.WAITING_FOR_OPERATOR
        desk.changes.verdicts.append(
            NewVerdict(
                verdict_id=desk.verdict_id,
                key=key,
                business_key=None,
                kind=EntryKind.ADJUSTMENT,
                outcome=outcome,
                code=code,
                points=given.points if given is not None and not waits else adjustment.points,
                reference=None,
                occurred_at=member.now,
                decided_at=member.now,
                terms_version=terms.version,
                facts=_facts(caller, line, waits=waits),
            )
        )
        if waits:
            desk.promise(adjustment.points)
        elif line is not None and given is not None:
            desk.give_back(given, line.account)
        else:
            desk.adjust(adjustment.points)
        check_capacity(member, desk.changes, "points")
        desk.changes.operator_log.append(_log(caller, adjustment, desk, outcome))
        return desk.changes, verdict_answer("PointsVerdict", member.member_id, desk.verdict_id)

    return Decided.of(await decide(programme.db, who, request, judge_adjustment))


def check_reason(reason: str) -> None:
    """Raises InvalidInput: the audit log keeps a reason, and so there is one."""
    if not reason.strip() or len(reason) > LONGEST_REASON:
        raise InvalidInput(f"Say why, in 1 to {LONGEST_REASON} characters.", "reason")


def _check_points(adjustment: Adjustment) -> None:
    if adjustment.points == 0:
        raise InvalidInput("Say how many points, above or below zero.", "points")
    if adjustment.gives_back and adjustment.points < 0:
        raise InvalidInput("Points that are given back are above zero.", "points")


def _check_debt(member: MemberToJudge, points: int) -> None:
    """Raises InvalidInput for a debit that may wait and still would be more than can be owed."""
    if member.debt - points > MOST_POINTS:
        raise InvalidInput("This is more than a balance can hold.", "points")


@dataclass(frozen=True, slots=True)
class ReversedEntry:
    """A line of history that took points, and what it took; `promised` is what verdicts that wait give back of it."""

    seq: int
    account: str
    taken: Taken
    promised: int = 0

    @classmethod
    def of(cls, seq: int, row: EntryToReverse) -> "ReversedEntry":
        """The line as it was read."""
        takes = tuple(Take(day, points) for _, _, day, points in row.took if day is not None)
        debt = sum(points for debit, _, _, points in row.took if debit == "debt")
        account = row.took[0][1] if row.took else "revoked"
        return cls(seq, account, Taken(takes, debt, row.given), row.promised)

    def without_promised(self, points: int) -> "ReversedEntry":
        """The line once a verdict that waits to give so many points back waits no more."""
        return replace(self, promised=self.promised - points)

    def given_back(self, points: int, today: date, new_lot: date) -> GivenBack:
        """What goes back where. Raises InvalidInput for more than the line took and was not given back (R51)."""
        left = self.taken.left - self.promised
        if points > left:
            raise InvalidInput(f"This line took no more than {left} points that could be given back.", "points")
        try:
            return give_back(self.taken, points, today, new_lot)
        except MoreThanTaken as problem:
            raise InvalidInput(str(problem), "points") from problem


async def _line_of(db: Queryable, member: MemberToJudge, adjustment: Adjustment) -> ReversedEntry | None:
    """The line to give back; None where none was named. Raises NotFound for another member's or none at all."""
    if not adjustment.gives_back:
        return None
    owner, seq = adjustment.reverses or (None, 0)
    row = await entry_to_reverse(db, member.member_id, seq) if owner == member.member_id else None
    if row is None:
        raise NotFound(sentence="There is no such line in this member's history.")
    return ReversedEntry.of(seq, row)


def _facts(caller: Caller, line: ReversedEntry | None, *, waits: bool) -> dict[str, Any]:
    facts: dict[str, Any] = {"asked_by": caller.name}
    if line is not None:
        facts["reverses"] = line.seq
    return facts | ({"held": "THRESHOLD"} if waits else {})


def _log(caller: Caller, adjustment: Adjustment, desk: "AdjustmentWriter", outcome: Outcome) -> NewLogEntry:
    return NewLogEntry(
        actor=caller.name or "",
        action="adjustPoints",
        reason=adjustment.reason,
        before=balance_of(desk.member, Changes()),
        after=balance_of(desk.member, desk.changes)
        | {"verdict_id": str(desk.verdict_id), "outcome": outcome, "points": adjustment.points},
    )


def balance_of(member: MemberToJudge, changes: Changes) -> dict[str, Any]:
    """Available and debt as they are once the changes are written."""
    return {
        "available": member.available + moved(changes, "available"),
        "debt": member.debt - moved(changes, "debt"),
    }


@dataclass(frozen=True, slots=True)
class AdjustmentWriter:
    """One adjustment of a member's points while it is written; `reverses` is the line of history it gives back."""

    changes: Changes
    member: MemberToJudge
    terms: Terms
    verdict_id: UUID
    reverses: int | None = None

    @property
    def today(self) -> date:
        """The market's day, by which lots have lapsed."""
        return local_day(self.member.now, self.terms.zone)

    @property
    def lot(self) -> date:
        """The day on which points credited now lapse (R50)."""
        return lot_of(self.member.now, self.terms)

    def promise(self, points: int) -> None:
        """A credit that waits is pending; a debit that waits does not show (R37)."""
        if points < 0:
            return
        promise_points(
            self.changes,
            verdict_id=self.verdict_id,
            parts=[Part(EntryKind.ADJUSTMENT, points)],
            source=self._source,
            awaiting=Awaiting.REVIEW_BY_OPERATOR,
            occurred_at=self.member.now,
            promised_at=self.member.now,
        )

    def adjust(self, points: int) -> None:
        """Credits, or debits the lots that lapse soonest and then into debt."""
        if points > 0:
            self._credit("issuance", [Take(self.lot, points)])
        else:
            back = take_back(lots_after(self.member.lots, self.changes), -points, ())
            write(self.changes, take(EntryKind.ADJUSTMENT, self._cause, "revoked", back.takes, back.debt))

    def post(self, promise: PromiseOfVerdict) -> None:
        """Credits a promise that an operator has approved."""
        self.changes.changed_promises.append(
            ChangedPromise(promise.promise_id, "POSTED", promise.points, lapses_on=self.lot)
        )
        self._credit("pending", [Take(self.lot, promise.points)], promise.promise_id)

    def give_back(self, given: GivenBack, account: str) -> None:
        """Returns points to the lots they came from, out of the account they had gone to (R51)."""
        self._credit(account, given.puts)

    def _credit(self, account: str, puts: Sequence[Take], promise_id: UUID | None = None) -> None:
        """One line of history for all of it; a debt is repaid first (R36)."""
        debt = self.member.debt - moved(self.changes, "debt")
        write(self.changes, credit(EntryKind.ADJUSTMENT, self._cause, account, puts, debt, promise_id))

    @property
    def _cause(self) -> Cause:
        return Cause(self._source, self.member.now, self.verdict_id, reverses=self.reverses)

    @property
    def _source(self) -> str:
        return f"adjustment:{self.verdict_id}"
