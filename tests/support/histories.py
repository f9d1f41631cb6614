"""Makes random histories of orders from a seed: the order, and the facts that shippers and the shop report about it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import Random

from loyalty.orders.rules.facts import (
    Cancelled,
    Delivered,
    Fact,
    GivenUp,
    InTransit,
    Lost,
    Returned,
    ReturnedToSender,
)
from loyalty.orders.rules.growth import LinesAdded, ParcelRecorded, grown
from loyalty.orders.rules.order import Order, OrderLine, Parcel
from loyalty.programme.rules.campaigns import Campaign
from tests.support.terms import at, campaign

PLACED_AT = at("2026-06-10 12:00")
PRODUCTS = ("phone", "case", "sticker", "watch")
MULTIPLIED = (("all-1.5", "1.5", ()), ("phone-3", "3", ("phone",)), ("cases-2.25", "2.25", ("case", "watch")))
TOPPED_UP = (("plus-7", "7", ()), ("plus-40", "40", ("sticker",)))
ADDED = "added"
"""The line that an order may get later."""

CAMPAIGNS = (
    *(campaign(name, amount=factor, products=products) for name, factor, products in MULTIPLIED),
    *(campaign(name, "BONUS", points, products=products) for name, points, products in TOPPED_UP),
)


@dataclass(frozen=True, slots=True)
class History:
    """One order, the campaigns that ran, and its facts in the sequence in which they happened."""

    order: Order
    campaigns: tuple[Campaign, ...]
    facts: tuple[Fact, ...]


def history(seed: int) -> History:
    """Returns the history of a seed; it is the same every time."""
    random = Random(seed)
    order = _order(random, f"ORD-{seed}")
    campaigns = tuple(each for each in CAMPAIGNS if random.random() < 0.3)
    growth = _growth(random, order)
    known = grown(order, growth)
    reported = [*growth, *(_fact(random, known, day) for day in range(random.randint(1, 6)))]
    facts = tuple({fact.key: fact for fact in reported}.values())
    return History(order, campaigns, facts)


def everything_returned(order: Order) -> Returned:
    """Returns a return of the whole order, after all its other facts."""
    return Returned("R-all", None, (), None, 0, PLACED_AT + timedelta(days=99))


def shuffled(facts: Sequence[Fact], seed: int) -> list[list[Fact]]:
    """Returns the facts in another sequence, in groups that are reported together; some facts are repeated."""
    random = Random(seed)
    left = [*facts, *(fact for fact in facts if random.random() < 0.2)]
    random.shuffle(left)
    groups = []
    while left:
        size = random.randint(1, 3)
        groups.append(left[:size])
        left = left[size:]
    return groups


def _order(random: Random, number: str) -> Order:
    """Returns an order of one to four lines, some of them free or with many pieces; with a discount, shipping, and
    parcels for all or some of the pieces."""
    lines = tuple(
        OrderLine(str(n), random.choice(PRODUCTS), random.choice((1, 1, 2, 3, 7)), _paid(random))
        for n in range(1, random.randint(1, 4) + 1)
    )
    goods = sum(line.paid_minor for line in lines)
    return Order(
        number=number,
        placed_at=PLACED_AT,
        currency="EUR",
        lines=lines,
        shipping_minor=random.choice((0, 0, 1, 299, 499, 1250)),
        discount_minor=random.choice((0, 0, goods, random.randint(0, goods))),
        parcels=_parcels(random, lines, number),
    )


def _paid(random: Random) -> int:
    return random.choice((0, 49, 50, 1249, 1250, random.randint(1, 99_999)))


def _parcels(random: Random, lines: tuple[OrderLine, ...], number: str) -> tuple[Parcel, ...]:
    """Returns no parcels, or up to three that share the pieces. Some pieces may be in no recorded parcel."""
    count = random.choice((0, 1, 2, 3))
    boxes: list[dict[str, int]] = [{} for _ in range(count)]
    for line in lines:
        for _ in range(line.quantity):
            place = random.randint(0, count)
            if place < count:
                boxes[place][line.id] = boxes[place].get(line.id, 0) + 1
    return tuple(Parcel(f"{number}-T{n}", None, pieces) for n, pieces in enumerate(boxes) if pieces)


def _growth(random: Random, order: Order) -> list[ParcelRecorded | LinesAdded]:
    """Returns what the order gets later, often nothing: a line of a product of its own, and a parcel."""
    moment = PLACED_AT + timedelta(days=random.randint(0, 4))
    facts: list[ParcelRecorded | LinesAdded] = []
    if random.random() < 0.25:
        line = OrderLine(ADDED, "cable", random.choice((1, 2)), _paid(random))
        facts.append(LinesAdded((line,), random.choice((0, 299)), moment))
    if random.random() < 0.25:
        held = {line_id: sum(parcel.pieces.get(line_id, 0) for parcel in order.parcels) for line_id in order.pieces}
        free = {line_id: bought - held[line_id] for line_id, bought in order.pieces.items() if bought > held[line_id]}
        if free:
            line_id = random.choice(sorted(free))
            pieces = ((line_id, random.randint(1, free[line_id])),)
            facts.append(ParcelRecorded(f"{order.number}-later", None, pieces, moment))
    return facts


def _fact(random: Random, order: Order, day: int) -> Fact:
    """Returns any possible fact: about a parcel, some pieces or the whole order, a return of lines, money or all, a
    cancellation, or the end of waiting."""
    moment = PLACED_AT + timedelta(days=random.randint(1, 5), seconds=day)
    parcel = random.choice((None, *order.parcels))
    number = parcel.tracking_number if parcel is not None else None
    match random.random():
        case chance if chance < 0.1:
            lines = _some(random, order) if random.random() < 0.7 else ()
            return Cancelled(f"C{random.randint(1, 3)}", lines, moment)
        case chance if chance < 0.16:
            return GivenUp(_some(random, order), moment)
    if random.random() < 0.4:
        return _return(random, order, f"R{random.randint(1, 4)}", number, moment)
    kind = random.choice((Delivered, Delivered, Delivered, InTransit, Lost, ReturnedToSender))
    lines = _some(random, order) if number is None and random.random() < 0.5 else ()
    return kind(number, None, lines, moment)


def _return(random: Random, order: Order, name: str, number: str | None, moment: object) -> Returned:
    assert hasattr(moment, "astimezone")
    match random.choice(("lines", "lines", "money", "shipping", "all")):
        case "lines":
            return Returned(name, number, _some(random, order), random.choice((None, 500)), 0, moment)
        case "money":
            return Returned(name, number, (), random.randint(1, max(1, order.total_minor)), 0, moment)
        case "shipping":
            return Returned(name, number, (), order.shipping_minor, order.shipping_minor, moment)
        case _:
            return Returned(name, number, (), None, 0, moment)


def _some(random: Random, order: Order) -> tuple[tuple[str, int], ...]:
    """Returns pieces of some lines, sometimes more than were bought."""
    lines = random.sample(order.all_lines, random.randint(1, len(order.all_lines)))
    return tuple((line.id, random.randint(1, line.quantity + (random.random() < 0.1))) for line in lines)
