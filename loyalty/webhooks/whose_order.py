"""Which order a delivery is about (R34), and parking it while that order is not known."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.orders.numbers import order_owner, orders_numbered, orders_of_parcel
from db.pool import Database, Queryable
from db.webhooks import inbox as rows
from db.webhooks.inbox import Delivery
from loyalty.webhooks.producers.events import ReportedOrder


@dataclass(frozen=True, slots=True)
class OwnedOrder:
    """An order's number, and the member it belongs to. `is_named`: the event named the order, not a parcel alone."""

    member_id: UUID
    number: str
    is_named: bool


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
        return OwnedOrder(orders[0].member_id, orders[0].number, is_named=False)
    return await _order_hinted_at(db, reported.order_hints)


async def _order_hinted_at(db: Queryable, hints: Sequence[str]) -> OwnedOrder | None:
    """The only order that has one of these numbers, or, if none has, one of them without the # that shops show."""
    known = await orders_numbered(db, [*hints, *_without_mark(hints)]) if hints else {}
    exact = [number for number in hints if number in known] or [*known]
    return OwnedOrder(known[exact[0]], exact[0], is_named=True) if len(exact) == 1 else None


async def _order_numbered(db: Queryable, number: str) -> OwnedOrder | None:
    owner = await order_owner(db, number)
    return OwnedOrder(owner, number, is_named=True) if owner is not None else None


def _without_mark(numbers: Sequence[str]) -> list[str]:
    return [number.removeprefix("#") for number in numbers if number.startswith("#") and number != "#"]


def _has_carrier(carriers: Sequence[str | None], carrier: str | None) -> bool:
    return (carrier or "").casefold() in {(each or "").casefold() for each in carriers}


async def park(db: Queryable, delivery: Delivery, reported: ReportedOrder) -> Parked:
    """Parks a delivery until its order is known."""
    numbers = _numbers_to_wait_for(reported)
    await rows.finish_delivery(
        db,
        delivery,
        "PARKED",
        error="Its order is not known yet.",
        order_number=numbers[0] if numbers else None,
        other_order_numbers=numbers[1:],
        tracking_number=_tracking_number_to_wait_for(reported),
    )
    return Parked(reported, delivery.received_at)


def _numbers_to_wait_for(reported: ReportedOrder) -> list[str]:
    """The numbers of orders of which each frees the delivery."""
    if reported.order_number is not None:
        return [reported.order_number]
    return [*reported.order_hints, *_without_mark(reported.order_hints)]


def _tracking_number_to_wait_for(reported: ReportedOrder) -> str | None:
    """The number of the parcel that frees the delivery; None if an order number decides which order it is about."""
    return reported.tracking_number if reported.order_number is None else None


async def free_if_known_meanwhile(db: Database, parked: Parked) -> None:
    """Frees a delivery whose order was recorded between the look and the parking: the second commit sees the first."""
    reported = parked.reported
    if await find_order(db, reported, parked.received_at) is None:
        return
    tracking_number = _tracking_number_to_wait_for(reported)
    parcels = [tracking_number] if tracking_number else []
    await rows.unpark_deliveries(db, _numbers_to_wait_for(reported), parcels)
