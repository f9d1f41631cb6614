"""The points an order is worth, as a pure function of the goods kept (R13, R13a, R21, R32)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from loyalty.orders.rules.order import KeptGoods, Order, OrderLine, all_kept
from loyalty.programme.rules.campaigns import Campaign, best_factor, bonuses
from loyalty.programme.rules.kinds import EntryKind
from loyalty.programme.rules.rounding import half_up
from loyalty.programme.rules.terms import Terms

PURCHASE = EntryKind.PURCHASE.value
MINOR_PER_UNIT = 100


@dataclass(frozen=True, slots=True)
class Worth:
    """Points an order is worth: the base, and campaigns' extras by key (see `multiply_key`); no zeros."""

    base: int
    bonuses: Mapping[str, int] = field(hash=False)

    @property
    def total(self) -> int:
        """All points."""
        return self.base + sum(self.bonuses.values())

    @property
    def by_part(self) -> dict[str, int]:
        """Points by part key, PURCHASE or CAMPAIGN_BONUS:key; no zeros."""
        extra = {campaign_part_key(key): points for key, points in self.bonuses.items()}
        return {PURCHASE: self.base, **extra} if self.base else extra


def campaign_part_key(campaign_key: str) -> str:
    """The name of a campaign's part of an order."""
    return f"{EntryKind.CAMPAIGN_BONUS}:{campaign_key}"


def worth(order: Order, kept: KeptGoods, terms: Terms, campaigns: Iterable[Campaign]) -> Worth:
    """The points the order is worth with these goods kept, by the terms and campaigns of its moment (R13, R21).

    The base is rounded once, half up, and so is what factors add over all lines; a BONUS is whole.
    """
    known = tuple(campaigns)
    multiplied = half_up(_multiplied_minor(order, kept, terms, known) * terms.points_per_unit / MINOR_PER_UNIT)
    extra = {multiply_key(order, terms, known): multiplied} if multiplied else {}
    base = half_up(_base_minor(order, kept, terms) * terms.points_per_unit / MINOR_PER_UNIT)
    return Worth(base, {**extra, **_bonus_points(order, kept, terms, known)})


def factor_of(order: Order, line: OrderLine, terms: Terms, campaigns: Iterable[Campaign]) -> Fraction:
    """The factor on a line's points: 1 without a campaign, 2 on double points."""
    return best_factor(campaigns, PURCHASE, terms.market, order.placed_at, line.product_id)[0]


def multiply_key(order: Order, terms: Terms, campaigns: Iterable[Campaign]) -> str:
    """The campaigns whose factors win a line, joined by +; it does not depend on the goods kept."""
    return "+".join(sorted({campaign.id for campaign in _winners(order, terms, campaigns)}))


def purchase_campaigns(order: Order, terms: Terms, campaigns: Iterable[Campaign]) -> tuple[Campaign, ...]:
    """Every campaign that adds to the order's points when all of it is kept, by id."""
    known = tuple(each for each in campaigns if each.runs(terms.market, order.placed_at))
    if not known:
        return ()
    added = worth(order, all_kept(order), terms, known).bonuses
    ids = {campaign_id for key in added for campaign_id in key.split("+")}
    return tuple(sorted((each for each in known if each.id in ids), key=lambda each: each.id))


def _winners(order: Order, terms: Terms, campaigns: Iterable[Campaign]) -> list[Campaign]:
    known = tuple(campaigns)
    products = {line.product_id for line in order.lines}
    best = (best_factor(known, PURCHASE, terms.market, order.placed_at, product)[1] for product in products)
    return [winner for winner in best if winner is not None]


def _kept_of(line: OrderLine, kept: KeptGoods) -> int:
    return min(max(kept.pieces.get(line.id, 0), 0), line.quantity)


def _line_minor(order: Order, line: OrderLine, pieces: int) -> Fraction:
    """What was paid for so many pieces of a line, its part of the order's discount taken off."""
    if order.goods_minor == 0:
        return Fraction(0)
    paid_minor = order.goods_minor - order.discount_minor
    return Fraction(line.paid_minor * paid_minor * pieces, order.goods_minor * line.quantity)


def _goods_minor(order: Order, kept: KeptGoods) -> Fraction:
    return sum((_line_minor(order, line, _kept_of(line, kept)) for line in order.lines), Fraction(0))


def _kept_share(order: Order, kept: KeptGoods) -> Fraction:
    """Kept goods to all goods; of pieces, where the goods were free (R13)."""
    all_goods = order.goods_minor - order.discount_minor
    if all_goods:
        return _goods_minor(order, kept) / all_goods
    pieces = sum(line.quantity for line in order.lines)
    return Fraction(sum(_kept_of(line, kept) for line in order.lines), pieces)


def _base_minor(order: Order, kept: KeptGoods, terms: Terms) -> Fraction:
    """The money the base counts: kept goods, their share of shipping, refunds without lines taken off."""
    exact = _goods_minor(order, kept) - kept.refunds_without_lines_minor
    if terms.earn_basis == "invoice":
        exact += max(0, order.shipping_minor - kept.shipping_refunded_minor) * _kept_share(order, kept)
    return max(Fraction(0), exact)


def _multiplied_minor(order: Order, kept: KeptGoods, terms: Terms, campaigns: tuple[Campaign, ...]) -> Fraction:
    """The money factors add: (factor - 1) of the kept goods of each line; shipping never multiplies (R21)."""
    factors = ((line, factor_of(order, line, terms, campaigns)) for line in order.lines if campaigns)
    lines = ((factor - 1) * _line_minor(order, line, _kept_of(line, kept)) for line, factor in factors if factor != 1)
    return sum(lines, Fraction(0))


def _bonus_points(order: Order, kept: KeptGoods, terms: Terms, campaigns: tuple[Campaign, ...]) -> dict[str, int]:
    """Each BONUS campaign once, while a piece it fits is kept (R21)."""
    products = {line.product_id for line in order.lines if _kept_of(line, kept)}
    fitting = {
        campaign.id: campaign.bonus or 0
        for product in products
        for campaign in bonuses(campaigns, PURCHASE, terms.market, order.placed_at, product)
    }
    return dict(sorted(fitting.items()))
