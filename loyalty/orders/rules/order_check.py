"""Checks each field of an order that the storefront sent (the list of InvalidInput)."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from loyalty.orders.rules.order import Order, Parcel
from loyalty.programme.rules.input_problems import InputPath

LARGEST_MINOR = 2_147_483_647
OrderProblem = tuple[Literal["INVALID_INPUT", "OCCURRED_IN_FUTURE"], InputPath]


def check_order(
    order: Order, *, currency: str | None = None, now: datetime | None = None, future_seconds: int = 60
) -> list[OrderProblem]:
    """Every problem of an order as (code, path into the arguments); empty when it can be recorded.

    `currency` is the market's; `now` with the allowed clock skew bounds when it was placed. None: not
    checked.
    """
    paths = [*_head(order, currency), *_lines(order), *_amounts(order), *_parcels(order)]
    problems: list[OrderProblem] = [("INVALID_INPUT", ("input", *path)) for path in paths]
    if now is not None and order.placed_at > now + timedelta(seconds=future_seconds):
        problems.append(("OCCURRED_IN_FUTURE", ("input", "placedAt")))
    return problems


def _head(order: Order, currency: str | None) -> Iterator[InputPath]:
    if not order.number.strip():
        yield ("number",)
    if currency is not None and order.currency != currency:
        yield ("currency",)
    if not order.lines:
        yield ("lines",)


def _lines(order: Order) -> Iterator[InputPath]:
    seen: set[str] = set()
    for place, line in enumerate(order.lines):
        if not line.id.strip() or line.id in seen:
            yield "lines", str(place), "id"
        if not line.product_id.strip():
            yield "lines", str(place), "productId"
        if not 1 <= line.quantity <= LARGEST_MINOR:
            yield "lines", str(place), "quantity"
        if line.paid_minor < 0:
            yield "lines", str(place), "paidMinor"
        seen.add(line.id)


def _amounts(order: Order) -> Iterator[InputPath]:
    if order.shipping_minor < 0:
        yield ("shippingMinor",)
    if not 0 <= order.discount_minor <= max(0, order.goods_minor):
        yield ("discountMinor",)
    if order.total_minor > LARGEST_MINOR:
        yield ("lines",)


def _parcels(order: Order) -> Iterator[InputPath]:
    left = order.pieces
    seen: set[tuple[str, str]] = set()
    for place, parcel in enumerate(order.parcels):
        name = parcel.tracking_number, (parcel.carrier or "").casefold()
        if not parcel.tracking_number.strip() or name in seen:
            yield "parcels", str(place), "trackingNumber"
        seen.add(name)
        if not parcel.pieces:
            yield "parcels", str(place), "lines"
        for path in _parcel_lines(parcel, left):
            yield "parcels", str(place), "lines", *path


def _parcel_lines(parcel: Parcel, left: dict[str, int]) -> Iterator[InputPath]:
    """The wrong lines of a parcel; takes its pieces out of those left, as all parcels share one order."""
    for place, (line_id, pieces) in enumerate(parcel.pieces.items()):
        if line_id not in left:
            yield str(place), "lineId"
            continue
        if not 1 <= pieces <= left[line_id]:
            yield str(place), "quantity"
        left[line_id] -= max(0, pieces)
