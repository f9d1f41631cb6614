"""The rows that a decision has just written, for its answer, which therefore reads nothing again."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any
from uuid import UUID

from db.coupons.rows import CouponRow
from db.ledger.entries import EntryRow
from db.ledger.member import MemberToJudge
from db.ledger.promises import PromiseRow
from db.ledger.record import Changes, NewTransfer, NewVerdict
from db.ledger.verdict_rows import VerdictRow
from db.members.rows import MemberRow
from db.orders.recorded import RecordedOrder
from db.orders.rows import OrderRow
from db.pages import MemberAnd
from loyalty.ledger.capacity import credited
from loyalty.ledger.journal import moved
from loyalty.programme.rules.kinds import EntryKind


@dataclass(frozen=True, slots=True)
class Written:
    """The member and the coupon (None: none was) as they were judged, and the changes that were written."""

    member: MemberToJudge
    changes: Changes
    coupon: CouponRow | None = None

    @property
    def member_row(self) -> MemberRow | None:
        """The member after the changes; None if its person was erased."""
        member, changes = self.member, self.changes
        if member.mi_id is None or changes.forgotten:
            return None
        membership = changes.members[-1] if changes.members else member
        return MemberRow(
            member_id=member.member_id,
            mi_id=member.mi_id,
            market=member.market,
            time_zone=membership.time_zone,
            zone_before=membership.zone_before,
            zone_since=membership.zone_since,
            joined_at=member.joined_at,
            state=membership.state,
            available=member.available + moved(changes, "available"),
            pending=member.pending + moved(changes, "pending"),
            debt=member.debt - moved(changes, "debt"),
            lifetime=member.lifetime + credited(changes),
            now=member.now,
            programme_version=member.programme_version,
        )

    @property
    def verdict_rows(self) -> list[VerdictRow]:
        """The new verdicts."""
        return [
            VerdictRow(
                member_id=self.member.member_id,
                verdict_id=verdict.verdict_id,
                kind=verdict.kind,
                outcome=verdict.outcome,
                code=verdict.code,
                points=verdict.points,
                reference=verdict.reference,
                decided_at=verdict.decided_at,
                terms_version=verdict.terms_version,
                campaign_ids=tuple(verdict.campaign_ids),
                cap=verdict.cap,
                taking=self._taking(verdict),
            )
            for verdict in self.changes.verdicts
        ]

    @property
    def coupon_rows(self) -> list[CouponRow]:
        """The new coupons, and the one that was judged, after its change."""
        judged = [self.coupon._replace(**self._change_of(self.coupon))] if self.coupon is not None else []
        return judged + [
            CouponRow(
                member_id=self.member.member_id,
                coupon_id=coupon.coupon_id,
                code=coupon.code,
                reward_id=coupon.reward_id,
                value_minor=coupon.value_minor,
                currency=coupon.currency,
                minimum_minor=coupon.minimum_minor,
                cost=coupon.cost,
                state="AVAILABLE",
                issued_at=coupon.issued_at,
                expires_at=coupon.expires_at,
                reserved_until=None,
                order_number=None,
            )
            for coupon in self.changes.coupons
        ]

    def _change_of(self, coupon: CouponRow) -> dict[str, Any]:
        """The columns of a coupon that changed."""
        for change in self.changes.changed_coupons:
            if change.coupon_id == coupon.coupon_id:
                return {each: getattr(change, each) for each in ("state", "reserved_until", "order_number")}
        return {}

    @property
    def order_rows(self) -> list[OrderRow]:
        """The new orders; nothing is reported about them yet."""
        return [
            OrderRow(
                **{each.name: getattr(order, each.name) for each in fields(RecordedOrder)},
                member_id=self.member.member_id,
                market=self.member.market,
                facts=(),
                points_credited=0,
                points_pending=sum(promise.points for promise in self.promise_rows(order.verdict_id)),
            )
            for order in self.changes.orders
        ]

    @property
    def promises_of_verdicts(self) -> dict[MemberAnd[UUID], list[PromiseRow]]:
        """The open promises of each new verdict."""
        return {key: self.promise_rows(key[1]) for key in self._new_verdicts}

    @property
    def entries_of_verdicts(self) -> dict[MemberAnd[UUID], list[EntryRow]]:
        """The lines of history of each new verdict."""
        return {key: self.entry_rows(key[1]) for key in self._new_verdicts}

    @property
    def _new_verdicts(self) -> list[MemberAnd[UUID]]:
        return [(self.member.member_id, verdict.verdict_id) for verdict in self.changes.verdicts]

    def promise_rows(self, verdict_id: UUID) -> list[PromiseRow]:
        """The new open promises of a new verdict, soonest first."""
        rows = [
            PromiseRow(
                member_id=self.member.member_id,
                promise_id=promise.promise_id,
                verdict_id=promise.verdict_id,
                kind=promise.kind,
                points=promise.points,
                promised_at=promise.promised_at,
                due_at=promise.due_at,
                awaiting=promise.awaiting,
                reference=promise.reference,
            )
            for promise in self.changes.promises
            if promise.verdict_id == verdict_id and promise.state == "PROMISED"
        ]
        return sorted(rows, key=lambda row: (row.due_at is None, row.due_at or row.promised_at, row.promise_id))

    def entry_rows(self, verdict_id: UUID) -> list[EntryRow]:
        """The new lines of history that a verdict caused, oldest first."""
        transfers = self.changes.transfers
        return [
            self._entry(transfer, place)
            for place, transfer in enumerate(transfers, 1)
            if transfer.points is not None and transfer.verdict_id == verdict_id
        ]

    def _entry(self, transfer: NewTransfer, place: int) -> EntryRow:
        assert transfer.points is not None
        until = Changes(transfers=[each for each in self.changes.transfers if each.entry <= transfer.entry])
        return EntryRow(
            member_id=self.member.member_id,
            seq=self.member.seq + place,
            kind=transfer.kind,
            points=transfer.points,
            balance_after=self.member.available + moved(until, "available"),
            occurred_at=transfer.occurred_at,
            reference=transfer.reference,
            reverses=transfer.reverses,
            verdict_id=transfer.verdict_id,
            taking=self._taking_of_entry(transfer),
        )

    def _taking_of_entry(self, transfer: NewTransfer) -> Mapping[str, Any] | None:
        is_taken = (transfer.points or 0) < 0
        verdict = next((each for each in self.changes.verdicts if each.verdict_id == transfer.verdict_id), None)
        return self._taking(verdict) if verdict is not None and is_taken else None

    def _taking(self, verdict: NewVerdict) -> Mapping[str, Any] | None:
        """As `taking_of` would read it of the verdict once it is written."""
        if verdict.kind not in (EntryKind.CLAWBACK, EntryKind.ADJUSTMENT):
            return None
        facts, transfers = verdict.facts, self.changes.transfers
        return {
            "cause": facts.get("code", verdict.code),
            "cancelled": _cancelled(facts),
            "lapsed": sum(facts.get("waived", {}).values()),
            "debt": sum(t.amount for t in transfers if t.verdict_id == verdict.verdict_id and t.debit == "debt"),
        }


def _cancelled(facts: Mapping[str, Any]) -> int:
    """The pending points that a verdict cancelled: of a review or share, or of an order's parts."""
    cancelled = facts.get("cancelled", 0)
    return int(cancelled if isinstance(cancelled, int) else sum(cancelled.values()))
