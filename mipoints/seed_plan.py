"""Plans the history of a seed member with the programme's own rules: sign-up, credits, orders, redemptions."""

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from math import ceil
from random import Random

from db.seed import (
    NUMBER,
    PlannedCoupon,
    PlannedFact,
    PlannedLot,
    PlannedOrder,
    PlannedPromise,
    PlannedSlot,
    PlannedTransfer,
    PlannedVerdict,
    SeedPlan,
)
from loyalty.earning.judgements import cap_as_row
from loyalty.earning.rules.activity import due_at
from loyalty.earning.rules.caps import Slot, cap_after, period_of
from loyalty.ledger.answers import content_text
from loyalty.ledger.rules.lots import Lot, spend
from loyalty.orders.fact_rows import content_of
from loyalty.orders.record import OrderToRecord, content_of_order
from loyalty.orders.rows import lines_as_rows, parcels_as_rows
from loyalty.orders.rules.facts import Delivered
from loyalty.orders.rules.order import Order, OrderLine, Parcel, all_kept
from loyalty.orders.rules.purchase import worth
from loyalty.programme.calendars import lot_of
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.calendar import Calendar, end_of_validity, start_of_day
from loyalty.programme.rules.kinds import Awaiting, Code, EntryKind
from loyalty.programme.rules.rewards import Reward
from loyalty.programme.rules.terms import Terms

LONGEST_HISTORY = timedelta(days=330)
REDEEMING_SPAN = timedelta(days=20)
BOOKED_AFTER = timedelta(milliseconds=100)
GOODWILL = 250  # points of an adjustment, if the coupons need no more
MOST_GOODWILL = 5_000  # points of the largest adjustment; a second operator must approve far larger ones only


class CannotSeed(Exception):
    """No plan is possible for this seed; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Shape:
    """The numbers of lines of history, available coupons and delivered orders of each member."""

    entries: int
    coupons: int = 0
    orders: int = 0

    def credits(self, cost: int) -> int:
        """Returns how many lines credit points: the entries without the redemptions, but at least half of the entries,
        and enough to pay for the coupons. `cost` is a coupon's cost in points."""
        needed = 1 + self.orders + self._goodwill(cost)
        return max(self.entries - self.coupons, ceil(self.entries / 2), needed)

    def kinds(self, cost: int) -> list[EntryKind]:
        """Returns the kinds of the credits: the sign-up, the orders, and of the rest two thirds goodwill and one third
        activities."""
        rest = self.credits(cost) - 1 - self.orders
        goodwill = max(self._goodwill(cost), rest * 2 // 3)
        activities = [EntryKind.APP_SIGN_IN, *[EntryKind.REVIEW] * rest][: rest - goodwill]
        orders = [EntryKind.PURCHASE] * self.orders
        return [EntryKind.SIGN_UP, *activities, *orders, *[EntryKind.ADJUSTMENT] * goodwill]

    def goodwill_points(self, cost: int) -> int:
        """Returns the points of each adjustment, so that all adjustments together pay for the coupons."""
        lines = self.kinds(cost).count(EntryKind.ADJUSTMENT)
        return max(GOODWILL, ceil(self.coupons * cost / max(1, lines)))

    def _goodwill(self, cost: int) -> int:
        return ceil(self.coupons * cost / MOST_GOODWILL)


def plan_of(shape: Shape, catalogue: Catalogue, market: str, now: datetime, random: Random) -> SeedPlan:
    """Returns a plan that ends now and started at most eleven months ago, so that none of its points have lapsed.

    Raises CannotSeed for a market that is not open, or that opened too short a time ago.
    """
    span = _span(catalogue, market, now)
    redeeming = min(REDEEMING_SPAN, span / 10)
    reward = min((each for each in catalogue.rewards if each.market == market), key=lambda each: each.cost)
    first, *others = shape.kinds(reward.cost)
    random.shuffle(others)
    life = _Life(catalogue, market, now - span, random)
    life.earn([first, *others], shape.goodwill_points(reward.cost), span - redeeming)
    for place in range(shape.coupons):
        life.redeem(reward, now - redeeming * ((shape.coupons - place) / (shape.coupons + 1)))
    return life.finished()


def _span(catalogue: Catalogue, market: str, now: datetime) -> timedelta:
    versions = catalogue.terms.get(market)
    if not versions:
        raise CannotSeed(f"There are no terms for {market}: the markets are {', '.join(catalogue.open_markets)}.")
    opened = start_of_day(versions[0].effective_from, versions[0].zone)
    span = min(LONGEST_HISTORY, (now - opened) * 0.9)
    if span < timedelta(days=1):
        raise CannotSeed(f"Mi Points opened in {market} on {versions[0].effective_from}: too late for a history.")
    return span


@dataclass(slots=True)
class _Life:
    """Builds a plan, one line of history after the other."""

    catalogue: Catalogue
    market: str
    joined_at: datetime
    random: Random
    plan: SeedPlan = field(init=False)
    _available: int = 0
    _lifetime: int = 0
    _lots: dict[date, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        zone = self._terms(self.joined_at).zone
        self.plan = SeedPlan({"market": self.market, "time_zone": zone, "joined_at": self.joined_at})

    def earn(self, kinds: list[EntryKind], goodwill: int, span: timedelta) -> None:
        """Adds a credit of each kind, evenly over the span. `goodwill` is the points of an adjustment."""
        gap = span / len(kinds)
        for place, kind in enumerate(kinds):
            at = self.joined_at + gap * place
            if kind is EntryKind.PURCHASE:
                self._purchase(at, at + gap / 2)
            elif kind is EntryKind.ADJUSTMENT:
                self._adjust(goodwill, at)
            else:
                self._activity(kind, at, f"product-{place}" if kind is EntryKind.REVIEW else None)

    def redeem(self, reward: Reward, at: datetime) -> None:
        """Adds a redemption, paid from the lots that lapse soonest (R50)."""
        coupon = self._coupon(reward, at)
        verdict = self._verdict(EntryKind.REDEMPTION, -reward.cost, at, coupon=coupon)
        takes = spend([Lot(day, left) for day, left in sorted(self._lots.items())], reward.cost)
        entry = len(self.plan.transfers) + 1
        self._available -= reward.cost
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
                    points=-reward.cost if is_first else None,
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

    def _activity(self, kind: EntryKind, at: datetime, product: str | None) -> None:
        """Adds an activity within its cap, credited after its hold (R30)."""
        terms = self._terms(at)
        way = terms.way(kind)
        assert way is not None
        calendar = Calendar(terms.zone)
        slot = Slot(kind, period_of(way, at, calendar, product), 1)
        verdict = self._verdict(
            kind,
            way.points,
            at,
            business_key=slot.business_key,
            reference=product,
            cap=cap_as_row(cap_after(way, 1, at, calendar)),
        )
        self.plan.slots.append(PlannedSlot(slot.kind, slot.period, slot.n, verdict))
        due = due_at(way, at, terms)
        self._promise_and_post(kind, way.points, verdict, at, due, slot.business_key, product, Awaiting.HOLD)

    def _purchase(self, placed_at: datetime, delivered_at: datetime) -> None:
        """Adds an order in one parcel, credited when the parcel is delivered (R31)."""
        terms = self._terms(placed_at)
        order = self._order(placed_at, terms)
        points = worth(order, all_kept(order), terms, ()).total
        source = f"order:{order.number}"
        verdict = self._verdict(EntryKind.PURCHASE, points, placed_at, business_key=source, reference=order.number)
        self.plan.orders.append(
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
        self.plan.facts.append(PlannedFact(order.number, fact.key, "Delivered", content_of(fact), delivered_at))
        self._promise_and_post(
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
        number = f"SEED-{NUMBER}-{len(self.plan.orders) + 1}"
        lines = tuple(
            OrderLine(str(line), f"product-{self.random.randint(1, 500)}", 1, self.random.randint(1_000, 40_000))
            for line in range(1, self.random.randint(1, 3) + 1)
        )
        parcel = Parcel(f"{number}-1", "seed-post", {line.id: line.quantity for line in lines})
        return Order(number, placed_at, terms.currency, lines, shipping_minor=499, parcels=(parcel,))

    def _adjust(self, points: int, at: datetime) -> None:
        """Adds an operator's adjustment, credited at once (R37)."""
        verdict = self._verdict(EntryKind.ADJUSTMENT, points, at, code=Code.ADJUSTED)
        key = self.plan.verdicts[verdict].key
        self._credit(EntryKind.ADJUSTMENT, "issuance", points, verdict, at, at, key, None, None)

    def _coupon(self, reward: Reward, at: datetime) -> int:
        number = len(self.plan.coupons)
        self.plan.coupons.append(
            PlannedCoupon(
                coupon=number,
                reward_id=reward.reward_id,
                value_minor=reward.value_minor,
                currency=reward.currency,
                minimum_minor=reward.minimum_minor,
                cost=reward.cost,
                issued_at=at,
                expires_at=end_of_validity(at, self._terms(at).zone, reward.valid_days),
            )
        )
        return number

    def _verdict(
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
        number = len(self.plan.verdicts)
        self.plan.verdicts.append(
            PlannedVerdict(
                verdict=number,
                kind=kind,
                code=code,
                points=points,
                occurred_at=at,
                decided_at=at,
                terms_version=self._terms(at).version,
                key=f"seed-{number}",
                business_key=business_key,
                reference=reference,
                coupon=coupon,
                cap=cap,
            )
        )
        return number

    def _promise_and_post(
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
                lapses_on=lot_of(credited_at, self._terms(at)) if holds else None,
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
        self._credit(kind, "pending", points, verdict, credited_at, booked_at, source, reference, promise)

    def _credit(
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
        lot = lot_of(at, self._terms(at))
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

    def _terms(self, at: datetime) -> Terms:
        terms = self.catalogue.terms_for(self.market, at)
        assert terms is not None
        return terms
