"""The life of a seed member by the programme's own rules: activities, orders, adjustments and redemptions."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random

from db.seed import NUMBER, PlannedCoupon, PlannedFact, PlannedOrder, PlannedSlot
from loyalty.earning.judgements import cap_as_row
from loyalty.earning.rules.activity import due_at
from loyalty.earning.rules.caps import Slot, cap_after, period_of
from loyalty.ledger.answers import content_text
from loyalty.orders.fact_rows import content_of
from loyalty.orders.record import OrderToRecord, content_of_order
from loyalty.orders.rows import lines_as_rows, parcels_as_rows
from loyalty.orders.rules.facts import Delivered
from loyalty.orders.rules.order import Order, OrderLine, Parcel, all_kept
from loyalty.orders.rules.purchase import worth
from loyalty.programme.rules.calendar import Calendar, end_of_validity
from loyalty.programme.rules.kinds import Awaiting, Code, EntryKind
from loyalty.programme.rules.rewards import Reward
from loyalty.programme.rules.terms import Terms
from mipoints.seed_ledger import SeedLedger


@dataclass(slots=True)
class Life:
    """Adds one event of a member's life after the other to the member's ledger."""

    ledger: SeedLedger
    random: Random

    def earn(self, kinds: list[EntryKind], goodwill: int, span: timedelta) -> None:
        """Adds a credit of each kind, evenly over the span. `goodwill` is the points of an adjustment."""
        gap = span / len(kinds)
        for place, kind in enumerate(kinds):
            at = self.ledger.joined_at + gap * place
            if kind is EntryKind.PURCHASE:
                self._purchase(at, at + gap / 2)
            elif kind is EntryKind.ADJUSTMENT:
                self._adjust(goodwill, at)
            else:
                self._activity(kind, at, f"product-{place}" if kind is EntryKind.REVIEW else None)

    def redeem(self, reward: Reward, at: datetime) -> None:
        """Adds a redemption, paid from the lots that lapse soonest (R50)."""
        coupon = self._coupon(reward, at)
        verdict = self.ledger.verdict(EntryKind.REDEMPTION, -reward.cost, at, coupon=coupon)
        self.ledger.spend(reward.cost, verdict, coupon, at)

    def _activity(self, kind: EntryKind, at: datetime, product: str | None) -> None:
        """Adds an activity within its cap, credited after its hold (R30)."""
        terms = self.ledger.terms(at)
        way = terms.way(kind)
        assert way is not None
        calendar = Calendar(terms.zone)
        slot = Slot(kind, period_of(way, at, calendar, product), 1)
        verdict = self.ledger.verdict(
            kind,
            way.points,
            at,
            business_key=slot.business_key,
            reference=product,
            cap=cap_as_row(cap_after(way, 1, at, calendar)),
        )
        self.ledger.plan.slots.append(PlannedSlot(slot.kind, slot.period, slot.n, verdict))
        due = due_at(way, at, terms)
        self.ledger.promise_and_post(kind, way.points, verdict, at, due, slot.business_key, product, Awaiting.HOLD)

    def _purchase(self, placed_at: datetime, delivered_at: datetime) -> None:
        """Adds an order in one parcel, credited when the parcel is delivered (R31)."""
        terms = self.ledger.terms(placed_at)
        order = self._order(placed_at, terms)
        points = worth(order, all_kept(order), terms, ()).total
        source = f"order:{order.number}"
        verdict = self.ledger.verdict(
            EntryKind.PURCHASE, points, placed_at, business_key=source, reference=order.number
        )
        self.ledger.plan.orders.append(
            PlannedOrder(
                number=order.number,
                verdict=verdict,
                placed_at=placed_at,
                currency=order.currency,
                lines=lines_as_rows(order),
                parcels=parcels_as_rows(order),
                shipping_minor=order.shipping_minor,
                terms_version=terms.version,
                content=content_text(content_of_order(OrderToRecord(f"seed-{NUMBER}", order))),
            )
        )
        parcel = order.parcels[0]
        fact = Delivered(parcel.tracking_number, parcel.carrier, (), delivered_at)
        self.ledger.plan.facts.append(PlannedFact(order.number, fact.key, "Delivered", content_of(fact), delivered_at))
        self.ledger.promise_and_post(
            EntryKind.PURCHASE,
            points,
            verdict,
            placed_at,
            delivered_at,
            source,
            order.number,
            Awaiting.DELIVERY,
        )

    def _order(self, placed_at: datetime, terms: Terms) -> Order:
        number = f"SEED-{NUMBER}-{len(self.ledger.plan.orders) + 1}"
        lines = tuple(
            OrderLine(str(line), f"product-{self.random.randint(1, 500)}", 1, self.random.randint(1_000, 40_000))
            for line in range(1, self.random.randint(1, 3) + 1)
        )
        parcel = Parcel(f"{number}-1", "seed-post", {line.id: line.quantity for line in lines})
        return Order(number, placed_at, terms.currency, lines, shipping_minor=499, parcels=(parcel,))

    def _adjust(self, points: int, at: datetime) -> None:
        """Adds an operator's adjustment, credited at once (R37)."""
        verdict = self.ledger.verdict(EntryKind.ADJUSTMENT, points, at, code=Code.ADJUSTED)
        key = self.ledger.plan.verdicts[verdict].key
        self.ledger.credit(EntryKind.ADJUSTMENT, "issuance", points, verdict, at, at, key, None, None)

    def _coupon(self, reward: Reward, at: datetime) -> int:
        number = len(self.ledger.plan.coupons)
        self.ledger.plan.coupons.append(
            PlannedCoupon(
                coupon=number,
                reward_id=reward.reward_id,
                value_minor=reward.value_minor,
                currency=reward.currency,
                minimum_minor=reward.minimum_minor,
                cost=reward.cost,
                issued_at=at,
                expires_at=end_of_validity(at, self.ledger.terms(at).zone, reward.valid_days),
            )
        )
        return number
