"""What an operator's decision makes of a verdict that waits: granted, taken back or refused (R35, R37, R70)."""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from db.ledger.entries import entry_to_reverse
from db.ledger.verdicts import verdict_to_resolve
from db.pool import Queryable
from loyalty.earning.rules.activity import due_at
from loyalty.ledger.clawback import write_clawback
from loyalty.ledger.resolve import Resolution, reversal_of
from loyalty.operators.adjustment_writer import AdjustmentWriter, ReversedEntry
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms


@dataclass(frozen=True, slots=True)
class ReviewWriter:
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
        terms = self.catalogue.terms_in_force(turning.member.market, turning.member.now)
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
        turning.turn(Outcome.GRANTED, Code.GRANTED, -back.points)

    @property
    def _terms(self) -> Terms:
        return self.catalogue.terms_called(self.turning.member.market, self.turning.verdict.terms_version)
