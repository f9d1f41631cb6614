"""Checks each field of an order that the storefront sent (the list of InvalidInput)."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Literal

from loyalty.orders.rules.order import Order, OrderLine, Parcel
from loyalty.programme.rules.input_problems import InputPath
from loyalty.programme.rules.terms import Terms

LARGEST_MINOR = 2_147_483_647
OrderProblem = tuple[Literal["INVALID_INPUT", "OCCURRED_IN_FUTURE"], InputPath]


def check_order(
    order: Order, *, currency: str | None = None, now: datetime | None = None, future_seconds: int = 60
) -> list[OrderProblem]:
    """Every problem of an order as (code, path into the arguments); empty when it can be recorded.

    `currency` is the market's; `now` with the allowed clock skew bounds when it was placed. None: not
    checked.
    """
    parcels = _parcels(order.parcels, order.pieces, [True] * len(order.parcels))
    problems = _as_problems(*_head(order, currency), *_lines(order.lines), *_amounts(order), *parcels)
    if now is not None and order.placed_at > now + timedelta(seconds=future_seconds):
        problems.append(("OCCURRED_IN_FUTURE", ("input", "placedAt")))
    return problems


def check_parcels(parcels: Sequence[Parcel], free: dict[str, int], is_new: Sequence[bool]) -> list[OrderProblem]:
    """Every problem of parcels that are reported later. `free`: pieces by line that a new parcel may hold."""
    return _as_problems(*_parcels(parcels, free, is_new))


def check_added_lines(order: Order, lines: Sequence[OrderLine], shipping_minor: int) -> list[OrderProblem]:
    """Every problem of lines that are added to an order, with their shipping in minor units."""
    paths = [*_lines(lines, order.pieces)]
    if not lines:
        paths.append(("lines",))
    if shipping_minor < 0:
        paths.append(("shippingMinor",))
    elif order.total_minor + sum(line.paid_minor for line in lines) + shipping_minor > LARGEST_MINOR:
        paths.append(("lines",))
    return _as_problems(*paths)


def check_pieces(order: Order, lines: Iterable[tuple[str, int]]) -> list[OrderProblem]:
    """Every problem of pieces of an order's lines."""
    return _as_problems(*(("lines", *path) for path in _parcel_lines(lines, order.pieces)))


def check_moment(moment: datetime, name: str, now: datetime, terms: Terms) -> list[OrderProblem]:
    """Whether a moment is later than the terms allow."""
    is_later = moment > now + timedelta(seconds=terms.future_seconds)
    return [("OCCURRED_IN_FUTURE", ("input", name))] if is_later else []


def _as_problems(*paths: InputPath) -> list[OrderProblem]:
    return [("INVALID_INPUT", ("input", *path)) for path in paths]


def _head(order: Order, currency: str | None) -> Iterator[InputPath]:
    if not order.number.strip():
        yield ("number",)
    if currency is not None and order.currency != currency:
        yield ("currency",)
    if not order.lines:
        yield ("lines",)


def _lines(lines: Sequence[OrderLine], taken: Iterable[str] = ()) -> Iterator[InputPath]:
    seen = set(taken)
    for place, line in enumerate(lines):
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


def _parcels(parcels: Sequence[Parcel], left: dict[str, int], is_new: Sequence[bool]) -> Iterator[InputPath]:
    """The problems of parcels; takes the pieces of new ones out of those left, as all parcels share one order."""
    seen: set[tuple[str, str]] = set()
    for place, parcel in enumerate(parcels):
        name = parcel.tracking_number, (parcel.carrier or "").casefold()
        if not parcel.tracking_number.strip() or name in seen:
            yield "parcels", str(place), "trackingNumber"
        seen.add(name)
        if not parcel.pieces:
            yield "parcels", str(place), "lines"
        for path in _parcel_lines(parcel.pieces.items(), left) if is_new[place] else ():
            yield "parcels", str(place), "lines", *path


def _parcel_lines(lines: Iterable[tuple[str, int]], left: dict[str, int]) -> Iterator[InputPath]:
    """The wrong lines among these; takes their pieces out of those left."""
    for place, (line_id, pieces) in enumerate(lines):
        if line_id not in left:
            yield str(place), "lineId"
            continue
        if not 1 <= pieces <= left[line_id]:
            yield str(place), "quantity"
        left[line_id] -= max(0, pieces)
