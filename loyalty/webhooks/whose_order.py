"""Which order a delivery is about (R34), and parking it while that order is not known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.orders.numbers import order_owner, orders_of_parcel
from db.pool import Database, Queryable
from db.webhooks import inbox as rows
from db.webhooks.inbox import Delivery
from loyalty.webhooks.producers.events import ReportedOrder


@dataclass(frozen=True, slots=True)
class OwnedOrder:
    """An order's number, and the member it belongs to."""

    member_id: UUID
    number: str


@dataclass(frozen=True, slots=True)
class Parked:
    """A delivery that waits for its order: what it reported, and when it was received."""

    reported: ReportedOrder
    received_at: datetime


async def find_order(db: Queryable, reported: ReportedOrder, received_at: datetime) -> OwnedOrder | None:
    """The order that a delivery is about; None while it is not known (R34).

    Carriers reuse their numbers, so an order without news for 180 days is left out.
    """
    if reported.order_number is not None:
        return await _order_numbered(db, reported.order_number)
    number = reported.tracking_number
    orders = await orders_of_parcel(db, number, received_at) if number is not None else []
    if len(orders) > 1:
        orders = [order for order in orders if _has_carrier(order.carriers, reported.carrier)]
    if len(orders) == 1:
        return OwnedOrder(orders[0].member_id, orders[0].number)
    return await _order_numbered(db, reported.order_hint) if reported.order_hint is not None else None


async def _order_numbered(db: Queryable, number: str) -> OwnedOrder | None:
    owner = await order_owner(db, number)
    return OwnedOrder(owner, number) if owner is not None else None


def _has_carrier(carriers: Sequence[str | None], carrier: str | None) -> bool:
    return (carrier or "").casefold() in {(each or "").casefold() for each in carriers}


async def park(db: Queryable, delivery: Delivery, reported: ReportedOrder) -> Parked:
    """Parks a delivery until its order is known."""
    await rows.finish_delivery(
        db,
        delivery,
        "PARKED",
        error="Its order is not known yet.",
        order_number=reported.order_number or reported.order_hint,
        tracking_number=_tracking_number_to_wait_for(reported),
    )
    return Parked(reported, delivery.received_at)


def _tracking_number_to_wait_for(reported: ReportedOrder) -> str | None:
    """The number of the parcel that frees the delivery; None if an order number decides which order it is about."""
    return reported.tracking_number if reported.order_number is None else None


async def free_if_known_meanwhile(db: Database, parked: Parked) -> None:
    """Frees a delivery whose order was recorded between the look and the parking: the second commit sees the first."""
    reported = parked.reported
    if await find_order(db, reported, parked.received_at) is None:
        return
    tracking_number = _tracking_number_to_wait_for(reported)
    await rows.unpark_deliveries(
        db, reported.order_number or reported.order_hint or "", [tracking_number] if tracking_number else []
    )
