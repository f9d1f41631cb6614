"""The points an order is worth, as a pure function of the goods kept (R13, R13a, R21, R32)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction

from loyalty.orders.rules.order import Charge, KeptGoods, Order, OrderLine, all_kept
from loyalty.programme.rules.campaigns import Campaign, best_factor, bonuses
from loyalty.programme.rules.kinds import EntryKind
from loyalty.programme.rules.rounding import half_up
from loyalty.programme.rules.terms import Terms

PURCHASE = EntryKind.PURCHASE.value
MINOR_PER_UNIT = 100


@dataclass(frozen=True, slots=True)
class Worth:
    """Points an order is worth: the base, and campaigns' extras by key; no zeros."""

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
    multiplied = _multiplied_minor(order, kept, terms, known).items()
    points = {key: half_up(minor * terms.points_per_unit / MINOR_PER_UNIT) for key, minor in multiplied}
    extra = {key: more for key, more in points.items() if more}
    base = half_up(_base_minor(order, kept, terms) * terms.points_per_unit / MINOR_PER_UNIT)
    return Worth(base, {**extra, **_bonus_points(order, kept, terms, known)})


def factor_of(order: Order, line: OrderLine, terms: Terms, campaigns: Iterable[Campaign]) -> Fraction:
    """The factor on a line's points: 1 without a campaign, 2 on double points."""
    return best_factor(campaigns, PURCHASE, terms.market, order.placed_at, line.product_id)[0]


def purchase_campaigns(order: Order, terms: Terms, campaigns: Iterable[Campaign]) -> tuple[Campaign, ...]:
    """Every campaign that adds to the order's points when all of it is kept, by id."""
    known = tuple(each for each in campaigns if each.runs(terms.market, order.placed_at))
    if not known:
        return ()
    added = worth(order, all_kept(order), terms, known).bonuses
    ids = {campaign_id for key in added for campaign_id in key.split("+")}
    return tuple(sorted((each for each in known if each.id in ids), key=lambda each: each.id))


def _kept_of(line: OrderLine, kept: KeptGoods) -> int:
    return min(max(kept.pieces.get(line.id, 0), 0), line.quantity)


def _goods_minor(charge: Charge, kept: KeptGoods) -> Fraction:
    return sum((charge.paid_for(line, _kept_of(line, kept)) for line in charge.lines), Fraction(0))


def _kept_share(charge: Charge, kept: KeptGoods) -> Fraction:
    """Kept goods to all goods; of pieces, where the goods were free (R13)."""
    if charge.paid_for_goods_minor:
        return _goods_minor(charge, kept) / charge.paid_for_goods_minor
    pieces = sum(line.quantity for line in charge.lines)
    return Fraction(sum(_kept_of(line, kept) for line in charge.lines), pieces)


def _base_minor(order: Order, kept: KeptGoods, terms: Terms) -> Fraction:
    """The money the base counts: kept goods, their share of shipping, refunds without lines taken off."""
    exact = sum((_goods_minor(charge, kept) for charge in order.charges), Fraction(0))
    exact -= kept.refunds_without_lines_minor
    if terms.earn_basis == "invoice":
        exact += _shipping_minor(order, kept)
    return max(Fraction(0), exact)


def _shipping_minor(order: Order, kept: KeptGoods) -> Fraction:
    """The shipping of the kept goods: lines that were added later share their own shipping alone (R61a)."""
    paid = sum(charge.shipping_minor for charge in order.charges)
    if not paid:
        return Fraction(0)
    left = Fraction(max(0, paid - kept.shipping_refunded_minor), paid)
    shares = (charge.shipping_minor * _kept_share(charge, kept) for charge in order.charges if charge.shipping_minor)
    return left * sum(shares, Fraction(0))


def _multiplied_minor(
    order: Order, kept: KeptGoods, terms: Terms, campaigns: tuple[Campaign, ...]
) -> dict[str, Fraction]:
    """The money factors add, by key: (factor - 1) of the kept goods of each line; shipping never multiplies (R21).

    The key of the lines that the order was recorded with has the campaigns that win one of them, joined by +, whatever
    is kept. It never changes: a campaign that wins only lines that were added later has a key of its own (R61a).
    """
    best = _Best(order, terms, campaigns)
    own = {winner.id for line in order.lines if (winner := best.of(line)[1]) is not None}
    added: dict[str, Fraction] = {}
    for charge in order.charges:
        for line in charge.lines:
            factor, winner = best.of(line)
            if winner is not None:
                key = "+".join(sorted(own)) if winner.id in own else winner.id
                more = (factor - 1) * charge.paid_for(line, _kept_of(line, kept))
                added[key] = added.get(key, Fraction(0)) + more
    return added


@dataclass(frozen=True, slots=True)
class _Best:
    """The best factor of each product of an order, each computed once."""

    order: Order
    terms: Terms
    campaigns: tuple[Campaign, ...]
    _known: dict[str, tuple[Fraction, Campaign | None]] = field(default_factory=dict)

    def of(self, line: OrderLine) -> tuple[Fraction, Campaign | None]:
        """The highest factor on a line, and its campaign."""
        if line.product_id not in self._known:
            self._known[line.product_id] = best_factor(
                self.campaigns, PURCHASE, self.terms.market, self.order.placed_at, line.product_id
            )
        return self._known[line.product_id]


def _bonus_points(order: Order, kept: KeptGoods, terms: Terms, campaigns: tuple[Campaign, ...]) -> dict[str, int]:
    """Each BONUS campaign once, while a piece it fits is kept (R21)."""
    products = {line.product_id for line in order.all_lines if _kept_of(line, kept)}
    fitting = {
        campaign.id: campaign.bonus or 0
        for product in products
        for campaign in bonuses(campaigns, PURCHASE, terms.market, order.placed_at, product)
    }
    return dict(sorted(fitting.items()))
