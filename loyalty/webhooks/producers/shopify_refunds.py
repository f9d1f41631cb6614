"""Shopify's refunds (R33a). Refunded lines count, with any restock type; without lines, the money that really moved."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.orders.rules.facts import SHOPIFY_EVENTS, Cancelled, Fact, Returned
from loyalty.webhooks.producers.reading import Unreadable, moment_of
from loyalty.webhooks.producers.shopify_bodies import is_word, pieces_of
from loyalty.webhooks.producers.shopify_money import refunds_in


def of_refund(body: Mapping[str, Any], received_at: datetime) -> tuple[Fact, ...]:
    """The cancelled lines, and the returned lines or the refunded money. Raises Unreadable if there is nothing.

    A refund of nothing must not count as a return of the whole order. Lines with the restock type `cancel` were never
    sent (R33b).
    """
    cancelled = pieces_of(body, "refund_line_items", "line_item_id", _is_cancelled)
    lines = pieces_of(body, "refund_line_items", "line_item_id", _is_returned)
    at = moment_of(body.get("created_at"), "created_at", received_at)
    cancellations = (Cancelled(str(body["id"]), cancelled, at, SHOPIFY_EVENTS),) if cancelled else ()
    if cancelled and not lines:
        return cancellations
    money = () if lines else refunds_in(body)
    if not lines and all(each.amount_minor == 0 for each in money):
        raise Unreadable("No line and no money came back with it.")
    refund = Returned(
        return_id=str(body["id"]),
        tracking_number=None,
        lines=lines,
        amount_minor=money[0].amount_minor if money else None,
        shipping_minor=money[0].shipping_minor if money else 0,
        occurred_at=at,
        currency=money[0].currency if money else None,
        in_others=tuple(money[1:]),
    )
    return (*cancellations, refund)


def _is_cancelled(line: Mapping[str, Any]) -> bool:
    return is_word(line.get("restock_type"), "cancel")


def _is_returned(line: Mapping[str, Any]) -> bool:
    return not _is_cancelled(line)
