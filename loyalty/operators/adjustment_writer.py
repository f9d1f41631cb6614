"""Writes an adjustment (R36, R37, R51), and reads the line of history that one gives back."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any
from uuid import UUID

from db.ledger.entries import BoughtCoupon, EntryToReverse, entry_to_reverse
from db.ledger.member import MemberToJudge
from db.ledger.record import ChangedCoupon, ChangedPromise, Changes
from db.ledger.verdicts import PromiseOfVerdict
from db.pool import Queryable
from loyalty.ledger.journal import Cause, credit, lots_after, moved, take, write
from loyalty.ledger.pending import promise_points
from loyalty.ledger.rules.give_back import GivenBack, MoreThanTaken, Taken, give_back
from loyalty.ledger.rules.lots import Take, take_back
from loyalty.ledger.rules.parts import Part
from loyalty.programme.calendars import lot_of
from loyalty.programme.rules.calendar import local_day
from loyalty.programme.rules.kinds import Awaiting, EntryKind
from loyalty.programme.rules.terms import Terms
from loyalty.refusals import InvalidInput, NotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class ReversedEntry:
    """A line of history that took points. `promised` are the points that verdicts which wait will give back of it;
    `coupon` is the coupon that a redemption's line bought."""

    seq: int
    account: str
    taken: Taken
    promised: int = 0
    coupon: BoughtCoupon | None = None

    @classmethod
    def of(cls, seq: int, row: EntryToReverse) -> "ReversedEntry":
        """The line as it was read."""
        takes = tuple(Take(day, points) for _, _, day, points in row.took if day is not None)
        debt = sum(points for debit, _, _, points in row.took if debit == "debt")
        account = row.took[0][1] if row.took else "revoked"
        return cls(seq, account, Taken(takes, debt, row.given), row.promised, row.coupon)

    def without_promised(self, points: int) -> "ReversedEntry":
        """The line after a verdict that would give back so many points has ended its wait."""
        return replace(self, promised=self.promised - points)

    def given_back(self, points: int, today: date, new_lot: date) -> GivenBack:
        """The points that go back and their lots (R51). Raises InvalidInput for more than are left of the line, and
        NotAllowed for a coupon that an order has: a member gets one of the two."""
        if self.coupon is not None and self.coupon.state in {"RESERVED", "USED"}:
            raise NotAllowed(f"The coupon that these points bought is {self.coupon.state.lower()}: nobody gets both.")
        left = self.taken.left - self.promised
        if points > left:
            raise InvalidInput(f"This line took no more than {left} points that could be given back.", "points")
        try:
            return give_back(self.taken, points, today, new_lot)
        except MoreThanTaken as problem:
            raise InvalidInput(str(problem), "points") from problem


async def reversed_entry(db: Queryable, member: MemberToJudge, named: tuple[UUID, int] | None) -> ReversedEntry:
    """A line of the member's history by (member, seq). Raises NotFound for an unknown line or another member's."""
    owner, seq = named or (None, 0)
    row = await entry_to_reverse(db, member.member_id, seq) if owner == member.member_id else None
    if row is None:
        raise NotFound(sentence="There is no such line in this member's history.")
    return ReversedEntry.of(seq, row)


def balance_of(member: MemberToJudge, changes: Changes) -> dict[str, Any]:
    """Available and debt as they are once the changes are written."""
    return {
        "available": member.available + moved(changes, "available"),
        "debt": member.debt - moved(changes, "debt"),
    }


@dataclass(frozen=True, slots=True)
class AdjustmentWriter:
    """One adjustment of a member's points while it is written; `reverses` is the line of history it gives back, and
    `reference` the code of the coupon that this line bought."""

    changes: Changes
    member: MemberToJudge
    terms: Terms
    verdict_id: UUID
    reverses: int | None = None
    reference: str | None = None

    @classmethod
    def of(
        cls, changes: Changes, member: MemberToJudge, terms: Terms, verdict_id: UUID, line: ReversedEntry | None
    ) -> "AdjustmentWriter":
        """The writer of an adjustment that gives a line back, or of one that does not."""
        coupon = line.coupon if line is not None else None
        seq = line.seq if line is not None else None
        return cls(changes, member, terms, verdict_id, seq, coupon.code if coupon is not None else None)

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

    def give_back(self, given: GivenBack, line: ReversedEntry) -> None:
        """Returns points to the lots they came from, out of the account they had gone to, and cancels the coupon that
        they bought (R51). If all of them had lapsed, the coupon stays."""
        self._credit(line.account, given.puts)
        if line.coupon is not None and given.puts and line.coupon.state != "CANCELLED":
            self.changes.changed_coupons.append(ChangedCoupon(line.coupon.coupon_id, "CANCELLED", self.member.now))

    def _credit(self, account: str, puts: Sequence[Take], promise_id: UUID | None = None) -> None:
        """One line of history for all of it; a debt is repaid first (R36)."""
        debt = self.member.debt - moved(self.changes, "debt")
        write(self.changes, credit(EntryKind.ADJUSTMENT, self._cause, account, puts, debt, promise_id))

    @property
    def _cause(self) -> Cause:
        return Cause(self._source, self.member.now, self.verdict_id, self.reference, self.reverses)

    @property
    def _source(self) -> str:
        return f"adjustment:{self.verdict_id}"
