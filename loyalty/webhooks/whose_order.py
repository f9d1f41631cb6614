"""Which order a delivery is about (R34), and freeing deliveries whose order became known while they were parked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.orders.numbers import OrderOfParcel, order_owners, orders_of_parcels
from db.pool import Database, Queryable
from db.webhooks import inbox as rows
from loyalty.webhooks.producers.events import ReportedOrder


@dataclass(frozen=True, slots=True)
class OwnedOrder:
    """An order's number, and the member it belongs to. `is_named`: the event named the order, not a parcel alone."""

    member_id: UUID
    number: str
    is_named: bool


@dataclass(frozen=True, slots=True)
class Reported:
    """What a delivery reported of an order, and when it was received."""

    order: ReportedOrder
    received_at: datetime

    @property
    def tracking_number(self) -> str | None:
        """The number of the parcel that decides which order it is about; None if an order number does."""
        return self.order.tracking_number if self.order.order_number is None else None

    @property
    def order_numbers(self) -> list[str]:
        """The number of the order as the shop reported it, or else those that the carrier may have for it: as they are
        reported, and then without the # that shops show."""
        if self.order.order_number is not None:
            return [self.order.order_number]
        hints = self.order.order_hints
        return [*hints, *(each.removeprefix("#") for each in hints if each.startswith("#") and each != "#")]


async def find_orders(db: Queryable, reported: Sequence[Reported]) -> list[OwnedOrder | None]:
    """The order that each delivery is about; None while it is not known (R34).

    Carriers reuse their numbers, so an order without news for 180 days is left out.
    """
    owners = await order_owners(db, sorted({number for each in reported for number in each.order_numbers}))
    news = [(each.tracking_number, each.received_at) for each in reported if each.tracking_number is not None]
    of_parcels = iter(await orders_of_parcels(db, news))
    return [
        (_only(next(of_parcels), each.order.carrier) if each.tracking_number is not None else None)
        or _numbered(each, owners)
        for each in reported
    ]


def _only(orders: Sequence[OrderOfParcel], carrier: str | None) -> OwnedOrder | None:
    """The order of a parcel, if one alone has it; of several, the one of this carrier."""
    if len(orders) > 1:
        orders = [order for order in orders if _has_carrier(order.carriers, carrier)]
    return OwnedOrder(orders[0].member_id, orders[0].number, is_named=False) if len(orders) == 1 else None


def _has_carrier(carriers: Sequence[str | None], carrier: str | None) -> bool:
    return (carrier or "").casefold() in {(each or "").casefold() for each in carriers}


def _numbered(reported: Reported, owners: Mapping[str, UUID]) -> OwnedOrder | None:
    """The only order that has one of the reported numbers, or, if none has, one of them without the #."""
    known = list(dict.fromkeys(number for number in reported.order_numbers if number in owners))
    exact = [number for number in known if number in reported.order.order_hints] or known
    return OwnedOrder(owners[exact[0]], exact[0], is_named=True) if len(exact) == 1 else None


async def free_if_known_meanwhile(db: Database, parked: Sequence[Reported]) -> None:
    """Frees deliveries whose order was recorded between the look and the parking: the second commit sees the first."""
    orders = await find_orders(db, parked)
    known = [each for each, order in zip(parked, orders, strict=True) if order is not None]
    for each in known:
        numbers = [each.tracking_number] if each.tracking_number is not None else []
        await rows.unpark_deliveries(db, each.order_numbers, numbers)
