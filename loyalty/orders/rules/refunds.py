"""Money that was refunded without lines, and how much of it counts beside the lines that came back (R33a, R33c)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction

from loyalty.orders.rules.facts import Returned
from loyalty.orders.rules.order import Order
from loyalty.orders.rules.returns import is_of_money

PiecesOfProducers = Mapping[str, Mapping[str, int]]


@dataclass(frozen=True, slots=True)
class Refunded:
    """Refunded money in minor units: for goods and other things, and for shipping."""

    goods_minor: Fraction = Fraction(0)
    shipping_minor: int = 0


def refunded(order: Order, returns: Iterable[Returned], pieces: PiecesOfProducers) -> Refunded:
    """The refund that counts: of several producers' such money, the most (R33c).

    `pieces`: those that came back or were cancelled, by producer and line. Money counts only beyond the price of the
    pieces that other producers reported, as it was paid back for them.
    """
    money = [fact for fact in returns if is_of_money(fact)]
    each = [_of_producer(order, money, name, pieces) for name in sorted({fact.producer for fact in money})]
    return max(each, key=lambda one: (one.goods_minor + one.shipping_minor, one.shipping_minor), default=Refunded())


def _of_producer(order: Order, money: Iterable[Returned], producer: str, pieces: PiecesOfProducers) -> Refunded:
    own = [fact for fact in money if fact.producer == producer]
    shipping = sum(max(0, fact.shipping_minor) for fact in own)
    goods = sum(max(0, (fact.amount_minor or 0) - max(0, fact.shipping_minor)) for fact in own)
    others = [of_other for name, of_other in pieces.items() if name != producer]
    return Refunded(max(Fraction(0), goods - _price(order, others)), shipping)


def _price(order: Order, pieces: list[Mapping[str, int]]) -> Fraction:
    """The price of the pieces of which one of these reports says that they came back; of each line the most."""
    price = Fraction(0)
    for charge in order.charges:
        for line in charge.lines:
            most = max((each.get(line.id, 0) for each in pieces), default=0)
            price += charge.paid_for(line, min(line.quantity, most)) if most else 0
    return price
