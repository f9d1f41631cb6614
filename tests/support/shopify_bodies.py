"""Shopify's deliveries for tests: the published samples, and bodies in the same format."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from loyalty.webhooks.producers.events import Sent
from tests.support.samples import sample, samples

SAMPLES = {each.name.removeprefix("shopify_"): each.sent for each in samples("shopify")}
SECRET = "hush"
ORDER = 9007199254740993  # 2^53 + 1


def sent(body: Mapping[str, Any], topic: str, **headers: str) -> Sent:
    """Returns a delivery of a topic; headers are given as event_id="e1"."""
    named = {f"x-shopify-{name.replace('_', '-')}": value for name, value in headers.items()}
    return Sent({"x-shopify-topic": topic, **named}, json.dumps(body).encode())


def event(status: object, **more: Any) -> dict[str, Any]:
    """Returns a fulfillment event of 1 November 2026."""
    published = sample("shopify_fulfillment_events_create_delivered").event
    moments = {"happened_at": "2026-11-01T05:00:00-05:00", "created_at": "2026-11-01T11:00:00+00:00"}
    return {**published, "order_id": ORDER, "status": status, **moments, **more}


def fulfillment(
    id_: int, tracking_number: str | None = None, lines: Sequence[tuple[int, int]] = ((11, 1),), **more: Any
) -> dict[str, Any]:
    """Returns one fulfillment of an order, with lines as (id, quantity)."""
    return {
        "id": id_,
        "status": "success",
        "tracking_company": None,
        "tracking_number": tracking_number,
        "tracking_numbers": [tracking_number] if tracking_number else [],
        "created_at": "2026-11-01T10:00:00Z",
        "line_items": [{"id": line_id, "quantity": quantity, "title": "a line"} for line_id, quantity in lines],
        **more,
    }


def fulfilled(*fulfillments: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Returns an order that was fulfilled completely."""
    published = sample("shopify_orders_fulfilled").event
    return {**published, "id": ORDER, "fulfillments": list(fulfillments), **more}


def transaction(amount: object, **more: Any) -> dict[str, Any]:
    """Returns a refund transaction."""
    return {"kind": "refund", "status": "success", "amount": amount, "currency": "EUR", "test": False, **more}


def refund(
    lines: Sequence[tuple[int, int]] = (),
    transactions: Sequence[Mapping[str, Any]] = (),
    refund_shipping_lines: Sequence[object] = (),
    order_adjustments: Sequence[tuple[str, str, str]] = (),
) -> dict[str, Any]:
    """Returns a refund. Shipping lines are amounts in euros, adjustments are (kind, amount, tax)."""
    return {
        "id": 890088186047892319,
        "order_id": ORDER,
        "created_at": "2026-11-01T10:00:00Z",
        "restock": True,
        "refund_line_items": [
            {"line_item_id": line_id, "quantity": quantity, "restock_type": "return"} for line_id, quantity in lines
        ],
        "transactions": list(transactions),
        "refund_shipping_lines": [{"subtotal_amount_set": _in_euros(amount)} for amount in refund_shipping_lines],
        "order_adjustments": [
            {"kind": kind, "amount": amount, "tax_amount": tax, "amount_set": _in_euros(amount)}
            for kind, amount, tax in order_adjustments
        ],
    }


def _in_euros(amount: object) -> dict[str, Any]:
    money = {"amount": amount, "currency_code": "EUR"}
    return {"shop_money": money, "presentment_money": dict(money)}
