"""The campaigns that an order is judged by: those of its recording, and those that added lines brought (R21, R61a)."""

from collections.abc import Iterable
from dataclasses import replace

from loyalty.orders.rules.facts import Fact
from loyalty.orders.rules.growth import Extras, LinesAdded
from loyalty.orders.rules.order import Order, OrderLine
from loyalty.orders.rules.purchase import purchase_campaigns
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.rules.campaigns import Campaign
from loyalty.programme.rules.terms import Terms


def campaigns_of(catalogue: Catalogue, campaign_ids: tuple[str, ...], facts: Iterable[Fact]) -> tuple[Campaign, ...]:
    """The campaigns in their planned windows. One that added lines brought is for their products alone, so that it
    changes nothing of the lines that were judged before."""
    products: dict[str, set[str]] = {}
    for fact in facts:
        for campaign_id, of_fact in fact.campaigns if isinstance(fact, LinesAdded) else ():
            products.setdefault(campaign_id, set()).update(of_fact)
    more = catalogue.campaigns_as_judged(tuple(each for each in products if each not in campaign_ids))
    brought = tuple(replace(campaign, product_ids=frozenset(products[campaign.id])) for campaign in more)
    return (*catalogue.campaigns_as_judged(campaign_ids), *brought)


def campaigns_brought(
    catalogue: Catalogue, terms: Terms, order: Order, campaign_ids: tuple[str, ...], added: tuple[OrderLine, ...]
) -> Extras:
    """The campaigns of the order's moment that added lines bring, each with the products that the order did not have.

    `campaign_ids` are those that the order has already.
    """
    had = {line.product_id for line in order.all_lines}
    new = tuple(line for line in added if line.product_id not in had)
    if not new:
        return ()
    alone = Order(order.number, order.placed_at, order.currency, new)
    campaigns = purchase_campaigns(alone, terms, catalogue.campaigns)
    brought = {each.id: _products(each, new) for each in campaigns if each.id not in campaign_ids}
    return tuple(sorted(brought.items()))


def _products(campaign: Campaign, lines: tuple[OrderLine, ...]) -> tuple[str, ...]:
    products = {line.product_id for line in lines}
    return tuple(sorted(products & campaign.product_ids if campaign.product_ids else products))
