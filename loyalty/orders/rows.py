"""Orders between their two forms: as rules see them and as they are kept."""

from typing import Any

from db.orders.settle import OrderToSettle
from loyalty.orders.rules.order import Order, OrderLine, Parcel


def lines_as_rows(order: Order) -> list[dict[str, Any]]:
    """The order's lines as they are kept."""
    return [
        {
            "id": line.id,
            "product_id": line.product_id,
            "quantity": line.quantity,
            "paid_minor": line.paid_minor,
        }
        for line in order.lines
    ]


def parcels_as_rows(order: Order) -> list[dict[str, Any]]:
    """The order's parcels as they are kept."""
    return [
        {"tracking_number": parcel.tracking_number, "carrier": parcel.carrier, "pieces": dict(parcel.pieces)}
        for parcel in order.parcels
    ]


def order_of_rows(
    number: str,
    placed_at: Any,
    currency: str,
    lines: list[dict[str, Any]],
    parcels: list[dict[str, Any]],
    shipping_minor: int,
    discount_minor: int,
) -> Order:
    """The order as rules see it."""
    return Order(
        number=number,
        placed_at=placed_at,
        currency=currency,
        lines=tuple(OrderLine(**line) for line in lines),
        shipping_minor=shipping_minor,
        discount_minor=discount_minor,
        parcels=tuple(Parcel(**parcel) for parcel in parcels),
    )


def order_of(row: OrderToSettle) -> Order:
    """The kept order as rules see it."""
    return order_of_rows(
        row.number,
        row.placed_at,
        row.currency,
        row.lines,
        row.parcels,
        row.shipping_minor,
        row.discount_minor,
    )
