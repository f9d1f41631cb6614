"""Writes an operator's decision about a verdict that waits: granted, taken back or refused (R35, R37, R70)."""

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
    resolution: Resolution

    def decline(self) -> None:
        """Refuses the verdict; its pending points are cancelled."""
        self.resolution.refuse(Code.DECLINED)

    async def approve(self) -> timedelta | None:
        """Does what the verdict waited for; gives the time until its points are due, None without a hold."""
        kind = self.resolution.verdict.kind
        if kind == EntryKind.ADJUSTMENT:
            await self._adjust()
        elif kind == EntryKind.CLAWBACK:
            await self._take_back()
        elif kind == EntryKind.REVIEW and self.resolution.verdict.published_at is None:
            self.resolution.wait_for_publication()
        else:
            return self._grant()
        return None

    def _grant(self) -> timedelta:
        """The hold counts from the judgement or a review's publication, and may be over when the operator decides."""
        verdict, now = self.resolution.verdict, self.resolution.member.now
        terms, accepted_at = self._terms, verdict.published_at or verdict.decided_at
        due = max(now, due_at(terms.ways[verdict.kind], accepted_at, terms, self.programme.hold_seconds))
        self.resolution.grant_after_hold(due, terms)
        return due - now

    async def _adjust(self) -> None:
        """As the adjustment would have been made at once, now (R37, R51)."""
        resolution, verdict = self.resolution, self.resolution.verdict
        seq = verdict.facts.get("reverses")
        terms = self.catalogue.terms_in_force(resolution.member.market, resolution.member.now)
        if seq is not None:
            await self._give_back(seq, terms)
            return
        writer = AdjustmentWriter(resolution.changes, resolution.member, terms, verdict.verdict_id)
        if verdict.points > 0:
            for promise in verdict.open_promises:
                writer.post(promise)
        else:
            writer.adjust(verdict.points)
        resolution.turn(Outcome.GRANTED, Code.ADJUSTED, verdict.points)

    async def _give_back(self, seq: int, terms: Terms) -> None:
        """Points come out of the account they had gone to, so their promise is void. Raises NotAllowed for a coupon
        that is reserved or used by now (R51)."""
        resolution = self.resolution
        row = await entry_to_reverse(self.db, resolution.member.member_id, seq)
        assert row is not None
        points = resolution.cancel()
        line = ReversedEntry.of(seq, row).without_promised(points)
        writer = AdjustmentWriter.of(resolution.changes, resolution.member, terms, resolution.verdict.verdict_id, line)
        given = line.given_back(points, writer.today, writer.lot)
        writer.give_back(given, line)
        outcome, code = given.verdict
        resolution.turn(outcome, code, given.points)

    async def _take_back(self) -> None:
        """Takes granted points back under the verdict that waited for it (R35)."""
        resolution, waiting = self.resolution, self.resolution.verdict
        granted = await verdict_to_resolve(self.db, resolution.member.member_id, UUID(waiting.facts["of"]))
        assert granted is not None
        taking = Resolution(resolution.changes, resolution.member, granted)
        reversal = reversal_of(taking, Code(waiting.facts["code"]), waiting.key, taking.cancel())
        back = taking.taken_back()
        write_clawback(resolution.changes, back, reversal, waiting.verdict_id)
        resolution.turn(Outcome.GRANTED, Code.GRANTED, -back.points)

    @property
    def _terms(self) -> Terms:
        return self.catalogue.terms_called(self.resolution.member.market, self.resolution.verdict.terms_version)
