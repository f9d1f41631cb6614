"""Writes a settlement: promises split and closed, transfers, verdicts changed or added."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID, uuid4

from db.ledger.member import MemberToJudge
from db.ledger.record import ChangedPromise, Changes, NewPromise, NewVerdict, TurnedVerdict
from db.orders.settle import OrderToSettle, PromiseOfOrder
from loyalty.ledger.clawback import Reversal, write_reversal
from loyalty.ledger.journal import Cause, credit, lots_after, moved, pend, void, write
from loyalty.ledger.rules.lots import Lot, Take, take_back
from loyalty.orders.rules.settlement import Settlement
from loyalty.programme.rules.kinds import Awaiting, Code, EntryKind, Outcome


def points_by_part(promises: Sequence[PromiseOfOrder], state: str) -> dict[str, int]:
    """Points of an order's promises in one state, by part."""
    total: dict[str, int] = {}
    for promise in promises:
        if promise.state == state:
            total[promise.part] = total.get(promise.part, 0) + promise.points
    return total


@dataclass(frozen=True, slots=True)
class SettlementWriter:
    """One order while its settlement is written into `changes`.

    `at` is the moment of its entries, `lot` the day on which points credited then lapse. An order has at most
    one open promise for each part; what is posted or voided early is split off as a promise of its own.
    """

    changes: Changes
    member: MemberToJudge
    order: OrderToSettle
    at: datetime
    lot: date
    terms_version: str
    names: Mapping[str, str]

    def write(self, settlement: Settlement, *, late_key: str) -> None:
        """Moves every part's points: promised anew, credited, cancelled.

        An order's verdict stays as it was given (R60): points that come after it was final, such as those of a
        lost parcel that is found, get a verdict of their own under `late_key`.
        """
        verdict_id = self.order.verdict_id
        if settlement.post and not self.order.is_waiting:
            verdict_id = self._add_late_verdict(late_key, sum(settlement.post.values()))
        for part in sorted({*settlement.promise, *settlement.post, *settlement.cancel}):
            self._move(part, settlement, verdict_id)

    def _add_late_verdict(self, business_key: str, points: int) -> UUID:
        verdict_id = uuid4()
        self.changes.verdicts.append(
            NewVerdict(
                verdict_id=verdict_id,
                key=business_key,
                business_key=business_key,
                kind=EntryKind.PURCHASE,
                outcome=Outcome.GRANTED,
                code=Code.GRANTED,
                points=points,
                reference=self.order.number,
                occurred_at=self.at,
                decided_at=self.member.now,
                terms_version=self.terms_version,
                campaign_ids=self.order.campaign_ids,
            )
        )
        return verdict_id

    def _move(self, part: str, settlement: Settlement, verdict_id: UUID) -> None:
        """Moves one part's points; only those that are credited stand under `verdict_id`."""
        promised, posted, cancelled = (
            moves.get(part, 0) for moves in (settlement.promise, settlement.post, settlement.cancel)
        )
        held = next((each for each in self.order.promises if (each.part, each.state) == (part, "PROMISED")), None)
        rest = (held.points if held else 0) + promised - posted - cancelled
        if promised:
            write(self.changes, pend(self._cause(part), promised))
        reusable = held if rest == 0 else None
        if posted:
            self._credit(part, posted, self._closed(part, "POSTED", posted, reusable), verdict_id)
            reusable = None
        if cancelled:
            promise_id = self._closed(part, "VOIDED", cancelled, reusable)
            write(self.changes, void(self._cause(part), cancelled, promise_id))
        if held and rest and rest != held.points:
            self.changes.changed_promises.append(ChangedPromise(held.promise_id, "PROMISED", rest))
        elif rest and held is None:
            self.changes.promises.append(self._promise(part, "PROMISED", rest))

    def _closed(self, part: str, state: str, points: int, reusable: PromiseOfOrder | None) -> UUID:
        """The promise that these points leave `pending` by: the open one where it ends, else one split off."""
        if reusable is not None:
            self.changes.changed_promises.append(ChangedPromise(reusable.promise_id, state, points))
            return reusable.promise_id
        promise = self._promise(part, state, points)
        self.changes.promises.append(promise)
        return promise.promise_id

    def _credit(self, part: str, points: int, promise_id: UUID, verdict_id: UUID) -> None:
        """Points become spendable; a debt is repaid first (R36)."""
        cause = replace(self._cause(part), verdict_id=verdict_id)
        debt = self.member.debt - moved(self.changes, "debt")
        write(self.changes, credit(_kind_of(part), cause, "pending", [Take(self.lot, points)], debt, promise_id))

    def reverse(self, business_key: str, code: Code, taken: Mapping[str, int], cancelled: Mapping[str, int]) -> None:
        """A verdict of its own on the points taken back (R32, R60), and one line of history for all of it (R36)."""
        back = take_back(
            lots_after(self.member.lots, self.changes),
            sum(taken.values()),
            [Take(lapses_on, points) for lapses_on, points in self.order.origins],
            [Lot(lapses_on, points) for lapses_on, points in self.order.lapsed],
        )
        reversal = Reversal(
            business_key=business_key,
            code=code,
            about=self.order.number,
            occurred_at=self.at,
            decided_at=self.member.now,
            terms_version=self.terms_version,
            reference=self.order.number,
            campaign_ids=self.order.campaign_ids,
            reverses=self.order.first_entry,
            facts={"taken": dict(taken), "cancelled": dict(cancelled)},
        )
        write_reversal(self.changes, back, reversal)

    def turn_verdict(self, outcome: Outcome, code: Code) -> None:
        """The order's own verdict, once nothing of it waits: the points granted in all, or none."""
        if outcome is Outcome.WAITING:
            return
        self.changes.turned_verdicts.append(TurnedVerdict(self.order.verdict_id, outcome, code, self.granted_in_all()))

    def granted_in_all(self) -> int:
        """Points ever credited of this order, this settlement included and nothing taken off."""
        before = sum(points_by_part(self.order.promises, "POSTED").values())
        now = sum(t.amount for t in self.changes.transfers if t.debit == "pending" and t.credit == "available")
        return before + now

    def _promise(self, part: str, state: str, points: int) -> NewPromise:
        return NewPromise(
            promise_id=uuid4(),
            verdict_id=self.order.verdict_id,
            kind=_kind_of(part),
            points=points,
            part=part,
            reference=self._reference_of(part),
            source=self._source,
            awaiting=Awaiting.DELIVERY,
            promised_at=self.at,
            lapses_on=self.lot if state == "POSTED" else None,
            state=state,
        )

    def _cause(self, part: str) -> Cause:
        """The cause of every transfer of a part, with the verdict that its promise belongs to."""
        return Cause(self._source, self.at, self.order.verdict_id, self._reference_of(part))

    @property
    def _source(self) -> str:
        return f"order:{self.order.number}"

    def _reference_of(self, part: str) -> str:
        """The reference of a line of history: the order, or the campaigns that added to it."""
        campaign_ids = part.partition(":")[2]
        if not campaign_ids:
            return self.order.number
        return " + ".join(self.names.get(campaign_id, campaign_id) for campaign_id in campaign_ids.split("+"))


def _kind_of(part: str) -> str:
    return part.partition(":")[0]
