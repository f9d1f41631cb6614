"""Converts orders between two forms: as rules see them and as they are stored."""

from typing import Any

from db.orders.recorded import RecordedOrder
from loyalty.orders.fact_rows import line_as_row
from loyalty.orders.rules.order import Order, OrderLine, Parcel


def lines_as_rows(order: Order) -> list[dict[str, Any]]:
    """The order's lines as they are stored."""
    return [line_as_row(line) for line in order.lines]


def parcels_as_rows(order: Order) -> list[dict[str, Any]]:
    """The order's parcels as they are stored."""
    return [parcel_as_row(parcel) for parcel in order.parcels]


def parcel_as_row(parcel: Parcel) -> dict[str, Any]:
    """A parcel as it is stored, its pieces in the order in which jsonb keeps them."""
    pieces = dict(sorted(parcel.pieces.items(), key=_place_in_jsonb))
    return {"tracking_number": parcel.tracking_number, "carrier": parcel.carrier, "pieces": pieces}


def _place_in_jsonb(piece: tuple[str, int]) -> tuple[int, bytes]:
    key = piece[0].encode()
    return len(key), key


def order_of(row: RecordedOrder) -> Order:
    """The order as it was recorded, as rules see it."""
    return Order(
        number=row.number,
        placed_at=row.placed_at,
        currency=row.currency,
        lines=tuple(OrderLine(**line) for line in row.lines),
        shipping_minor=row.shipping_minor,
        discount_minor=row.discount_minor,
        parcels=tuple(Parcel(**parcel) for parcel in row.parcels),
    )
