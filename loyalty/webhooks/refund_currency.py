"""Refunded money counts in the order's currency only (R33a)."""

from collections.abc import Sequence
from dataclasses import replace

from db.orders.numbers import order_currencies
from db.pool import Queryable
from loyalty.orders.rules.facts import Fact, Returned
from loyalty.webhooks.producers.events import Ignored, ReportedOrder
from loyalty.webhooks.whose_order import OwnedOrder


async def in_currencies(
    db: Queryable, reported: Sequence[tuple[OwnedOrder, ReportedOrder]]
) -> list[ReportedOrder | Ignored]:
    """The events, each with its refunds in its order's currency, and without those that the producer tells in others
    only. Ignored if nothing else is left of an event."""
    orders = [(order.member_id, order.number) for order, event in reported if _names_a_currency(event)]
    currencies = await order_currencies(db, orders)
    return [
        _in_currency(event, currencies[order.member_id, order.number]) if _names_a_currency(event) else event
        for order, event in reported
    ]


def _names_a_currency(event: ReportedOrder) -> bool:
    return any(isinstance(fact, Returned) and fact.currency is not None for fact in event.facts)


def _in_currency(event: ReportedOrder, currency: str) -> ReportedOrder | Ignored:
    kept = [fact for each in event.facts if (fact := _fact_in(each, currency)) is not None]
    if not kept:
        told = ", ".join(sorted({fact.currency or "" for fact in event.facts if isinstance(fact, Returned)}))
        return Ignored(f"It refunds money in {told}, and the order is in {currency}: no points move.")
    return replace(event, fact=kept[0], further=tuple(kept[1:]))


def _fact_in(fact: Fact, currency: str) -> Fact | None:
    return fact.in_currency(currency) if isinstance(fact, Returned) else fact
