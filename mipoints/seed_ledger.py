"""Plans the ledger of a seed member: verdicts, promises and transfers, with the lots and balance they result in."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from db.seed import PlannedLot, PlannedPromise, PlannedTransfer, PlannedVerdict, SeedPlan
from loyalty.ledger.rules.lots import Lot, spend
from loyalty.programme.calendars import lot_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.kinds import Awaiting, Code, EntryKind
from loyalty.programme.rules.terms import Terms

BOOKED_AFTER = timedelta(milliseconds=100)


@dataclass(slots=True)
class SeedLedger:
    """Builds the plan of a member who joined at `joined_at`, one line of history after the other."""

    catalogue: Catalogue
    market: str
    joined_at: datetime
    plan: SeedPlan = field(init=False)
    _available: int = 0
    _lifetime: int = 0
    _lots: dict[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        zone = self.terms(self.joined_at).zone
        self.plan = SeedPlan({"market": self.market, "time_zone": zone, "joined_at": self.joined_at})

    def verdict(
        self,
        kind: EntryKind,
        points: int,
        at: datetime,
        *,
        code: Code = Code.GRANTED,
        business_key: str | None = None,
        reference: str | None = None,
        coupon: int | None = None,
        cap: dict[str, object] | None = None,
    ) -> int:
        """Adds a verdict that granted points; returns its number in the plan."""
        number = len(self.plan.verdicts)
        self.plan.verdicts.append(
            PlannedVerdict(
                verdict=number,
                kind=kind,
                code=code,
                points=points,
                occurred_at=at,
                decided_at=at,
                terms_version=self.terms(at).version,
                key=f"seed-{number}",
                business_key=business_key,
                reference=reference,
                coupon=coupon,
                cap=cap,
            )
        )
        return number

    def promise_and_post(
        self,
        kind: EntryKind,
        points: int,
        verdict: int,
        at: datetime,
        credited_at: datetime,
        source: str,
        reference: str | None,
        awaiting: Awaiting,
    ) -> None:
        """Adds a promise that is already credited, and its two transfers."""
        promise = len(self.plan.promises)
        holds = awaiting is Awaiting.HOLD
        self.plan.promises.append(
            PlannedPromise(
                promise=promise,
                verdict=verdict,
                kind=kind,
                points=points,
                source=source,
                reference=reference,
                awaiting=awaiting,
                promised_at=at,
                due_at=credited_at if holds else None,
                lapses_on=lot_of(credited_at, self.terms(at)) if holds else None,
            )
        )
        seq = len(self.plan.transfers) + 1
        self.plan.transfers.append(
            PlannedTransfer(
                seq=seq,
                entry_seq=seq,
                kind="PROMISE",
                debit="issuance",
                credit="pending",
                amount=points,
                verdict=verdict,
                source=source,
                reference=reference,
                occurred_at=at,
                recorded_at=at,
                promise=promise,
            )
        )
        booked_at = credited_at + BOOKED_AFTER
        self.credit(kind, "pending", points, verdict, credited_at, booked_at, source, reference, promise)

    def credit(
        self,
        kind: EntryKind,
        debit: str,
        points: int,
        verdict: int,
        at: datetime,
        booked_at: datetime,
        source: str,
        reference: str | None,
        promise: int | None,
    ) -> None:
        """Adds the transfer that credits points, into the lot of its moment."""
        lot = lot_of(at, self.terms(at))
        self._lots[lot] = self._lots.get(lot, 0) + points
        self._available += points
        self._lifetime += points
        seq = len(self.plan.transfers) + 1
        self.plan.transfers.append(
            PlannedTransfer(
                seq=seq,
                entry_seq=seq,
                kind=kind,
                debit=debit,
                credit="available",
                amount=points,
                verdict=verdict,
                source=source,
                reference=reference,
                occurred_at=at,
                recorded_at=booked_at,
                points=points,
                balance_after=self._available,
                lapses_on=lot,
                promise=promise,
            )
        )

    def spend(self, points: int, verdict: int, coupon: int, at: datetime) -> None:
        """Adds the transfers of a redemption, from the lots that lapse soonest (R50)."""
        takes = spend([Lot(day, left) for day, left in sorted(self._lots.items())], points)
        entry = len(self.plan.transfers) + 1
        self._available -= points
        for take in takes:
            self._lots[take.lapses_on] -= take.points
            is_first = entry == len(self.plan.transfers) + 1
            self.plan.transfers.append(
                PlannedTransfer(
                    seq=len(self.plan.transfers) + 1,
                    entry_seq=entry,
                    kind=EntryKind.REDEMPTION,
                    debit="available",
                    credit="redeemed",
                    amount=take.points,
                    verdict=verdict,
                    source=None,
                    reference=None,
                    occurred_at=at,
                    recorded_at=at,
                    points=-points if is_first else None,
                    balance_after=self._available if is_first else None,
                    lapses_on=take.lapses_on,
                    coupon=coupon,
                )
            )

    def finished(self) -> SeedPlan:
        """Returns the plan with the lots and the balance that its lines result in."""
        self.plan.lots = [PlannedLot(day, left) for day, left in sorted(self._lots.items())]
        self.plan.balance = {
            "available": self._available,
            "lifetime": self._lifetime,
            "seq": len(self.plan.transfers),
        }
        return self.plan

    def terms(self, at: datetime) -> Terms:
        """The terms in force at a moment of this history."""
        terms = self.catalogue.terms_for(self.market, at)
        assert terms is not None
        return terms
