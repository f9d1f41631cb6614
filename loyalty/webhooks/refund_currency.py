"""Refunded money counts in the order's currency only (R33a)."""

from dataclasses import replace

from db.orders.numbers import order_currency
from db.pool import Queryable
from loyalty.orders.rules.facts import Fact, Returned
from loyalty.webhooks.producers.events import Ignored, ReportedOrder
from loyalty.webhooks.whose_order import OwnedOrder


async def in_currency_of(db: Queryable, order: OwnedOrder, event: ReportedOrder) -> ReportedOrder | Ignored:
    """The event with its refunds in the order's currency, and without those that the producer tells in others only.

    Ignored if nothing else is left of it.
    """
    if not any(isinstance(fact, Returned) and fact.currency is not None for fact in event.facts):
        return event
    currency = await order_currency(db, order.member_id, order.number)
    kept = [fact for each in event.facts if (fact := _in_currency(each, currency)) is not None]
    if not kept:
        told = ", ".join(sorted({fact.currency or "" for fact in event.facts if isinstance(fact, Returned)}))
        return Ignored(f"It refunds money in {told}, and the order is in {currency}: no points move.")
    return replace(event, fact=kept[0], further=tuple(kept[1:]))


def _in_currency(fact: Fact, currency: str) -> Fact | None:
    return fact.in_currency(currency) if isinstance(fact, Returned) else fact
