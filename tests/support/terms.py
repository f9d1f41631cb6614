"""Helpers of the rules' tests: the shipped terms, the markets' calendars, instants and small orders."""

from collections.abc import Iterable
from datetime import UTC, date, datetime
from fractions import Fraction
from zoneinfo import ZoneInfo

from loyalty.earning.rules.activity import Activity, EarningContext, Judgement, judge
from loyalty.earning.rules.fuel import FuelDay
from loyalty.orders.rules.order import Order, OrderLine, Parcel
from loyalty.programme.files import shipped_terms
from loyalty.programme.rules.calendar import Calendar
from loyalty.programme.rules.campaigns import Campaign
from loyalty.programme.rules.terms import Terms, by_market, terms_at
from loyalty.programme.rules.terms_document import terms_from

TERMS = by_market(terms_from(document) for document in shipped_terms())
ZONES = {market: versions[0].zone for market, versions in TERMS.items()}
ES = TERMS["ES"][0]
MADRID = Calendar("Europe/Madrid")


def at(text: str, zone: str = "Europe/Madrid") -> datetime:
    """Returns the instant of a local time in a zone, such as 2026-03-29 23:59:59."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)


def terms_of(market: str, moment: datetime) -> Terms:
    """Returns the terms in force; fails if there are none."""
    terms = terms_at(TERMS[market], moment)
    assert terms is not None
    return terms


class Person:
    """A member's activities one after the other. Each is judged with the slots that the earlier ones took."""

    def __init__(self, terms: Terms = ES, calendar: Calendar = MADRID, campaigns: Iterable[Campaign] = ()) -> None:
        self.terms, self.calendar, self.known = terms, calendar, EarningContext(campaigns=tuple(campaigns))

    def does(self, kind: str, moment: datetime, product_id: str | None = None) -> Judgement:
        """Judges one activity that is reported at the time it happens."""
        judged = judge(Activity(kind, product_id), moment, moment, self.terms, self.calendar, self.known)
        slots = self.known.slots | ({judged.slot} if judged.slot else frozenset())
        days = {row.day: row for row in (*self.known.fuel_days, *judged.fuel_days)}
        self.known = EarningContext(slots, tuple(days[day] for day in sorted(days)), self.known.campaigns)
        return judged


def fuel_days(*rows: tuple[str, int, int]) -> tuple[FuelDay, ...]:
    """Returns fuel days from rows of (day, streak, bonuses)."""
    return tuple(FuelDay(date.fromisoformat(day), streak, bonuses) for day, streak, bonuses in rows)


def campaign(
    name: str,
    effect: str = "MULTIPLY",
    amount: str = "2",
    kinds: Iterable[str] = ("PURCHASE",),
    products: Iterable[str] = (),
    markets: Iterable[str] = ("ES",),
    starts: str = "2026-01-01",
    ends: str = "2027-01-01",
) -> Campaign:
    """Returns a campaign; `amount` is its factor or its bonus."""
    return Campaign(
        id=name,
        name=f"Campaign {name}",
        markets=frozenset(markets),
        kinds=frozenset(kinds),
        effect="MULTIPLY" if effect == "MULTIPLY" else "BONUS",
        factor=Fraction(amount) if effect == "MULTIPLY" else None,
        bonus=int(amount) if effect == "BONUS" else None,
        product_ids=frozenset(products),
        starts_at=at(starts),
        ends_at=at(ends),
    )


def line(name: str, paid_minor: int, quantity: int = 1, product: str | None = None) -> OrderLine:
    """Returns an order line; its product is named after the line by default."""
    return OrderLine(name, product or f"product-{name}", quantity, paid_minor)


def order(*lines: OrderLine, shipping: int = 0, discount: int = 0, parcels: Iterable[Parcel] = ()) -> Order:
    """Returns an order that was placed in June 2026 in Spain."""
    return Order("ORD-1", at("2026-06-10 12:00"), "EUR", lines, shipping, discount, tuple(parcels))
