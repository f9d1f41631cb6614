"""AfterShip Returns: the goods of one return, reported once and in full (aftership.com/docs/returns/webhook)."""

from datetime import datetime
from typing import Any

from loyalty.orders.rules.facts import Lines, Returned
from loyalty.webhooks.producers.events import ReportedOrder
from loyalty.webhooks.producers.marks import is_marked
from loyalty.webhooks.producers.reading import (
    Unreadable,
    is_count,
    lines_of,
    listed,
    moment_of,
    named,
    order_numbers_in,
    text_of,
)

RETURN_EVENTS = ("return.receiving.created", "return.resolved")


def returned_goods(event: dict[str, Any], data: dict[str, Any], received_at: datetime) -> ReportedOrder:
    """The goods of one return, once all of them have arrived or the return is over. Raises Unreadable before that."""
    rma_number = text_of(data, "rma_number")
    hints = order_numbers_in(named(data, "order"), "order_number", "external_id")
    if rma_number is None or not hints:
        raise Unreadable("It names no rma_number or no order.")
    items = listed(data, "return_items")
    lines = _received(items)
    if not lines:
        raise Unreadable("No goods were received: a refund of money alone is the shop's to tell.")
    if not (event["event"] == "return.resolved" or data.get("approval_status") == "done" or _are_all_there(items)):
        raise Unreadable("Only some of the goods were received: they count when all are, or the return is resolved.")
    moment = moment_of(event.get("created_at"), "created_at", received_at)
    fact = Returned(rma_number, None, lines, amount_minor=None, shipping_minor=0, occurred_at=moment)
    return ReportedOrder(
        fact, None, None, order_hints=hints, is_test=is_marked((event, data, named(data, "order")), "is_test", "test")
    )


def _received(items: list[dict[str, Any]]) -> Lines:
    """The received pieces by the shop's line ids. Raises Unreadable if an item has no usable line id or quantity."""
    pieces: list[tuple[str, int]] = []
    for item in items:
        quantity = item.get("received_quantity") or 0
        line_id = text_of(item, "external_order_item_id")
        if not is_count(quantity):
            raise Unreadable("received_quantity is no whole number of zero or more.")
        if quantity and line_id is None:
            raise Unreadable("Goods were received that name no external_order_item_id.")
        if quantity:
            pieces.append((str(line_id), quantity))
    return lines_of(pieces)


def _are_all_there(items: list[dict[str, Any]]) -> bool:
    return all(
        is_count(item.get("return_quantity")) and (item.get("received_quantity") or 0) >= item["return_quantity"]
        for item in items
    )
