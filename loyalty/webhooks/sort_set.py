"""Sorts a set of deliveries by what has to be done with each: ignored, parked, or settled with its order."""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from db.pool import Queryable
from db.webhooks.deliveries import DeliveryKey
from db.webhooks.inbox import Delivery
from loyalty.programme.programme import Programme
from loyalty.webhooks.meaning import event_of_delivery
from loyalty.webhooks.producers.events import Ignored, ProducerEvent, ReportedOrder
from loyalty.webhooks.refund_currency import in_currencies
from loyalty.webhooks.whose_order import OwnedOrder, Reported, find_orders


def key_of(delivery: Delivery) -> DeliveryKey:
    """The delivery's producer and event id."""
    return delivery.producer, delivery.event_id


@dataclass(frozen=True, slots=True)
class DeliveryAbout:
    """A delivery that reports facts about a known order."""

    delivery: Delivery
    event: ReportedOrder
    order: OwnedOrder

    @property
    def key(self) -> DeliveryKey:
        """Its producer and event id."""
        return key_of(self.delivery)

    @property
    def parcels(self) -> list[tuple[str, UUID, str, str | None]]:
        """The parcels to link, as (order number, member, tracking number, carrier); none if the order was not named."""
        if not self.order.is_named:
            return []
        return [(self.order.number, self.order.member_id, *parcel) for parcel in self.event.shipped_parcels]


@dataclass(frozen=True, slots=True)
class SortedSet:
    """The deliveries of a set. `first` are the first about each member, `left` the later ones; `failed` cannot be read,
    each with the error. `ignored` have the order that they are about where it is known."""

    ignored: Sequence[tuple[Delivery, Ignored, OwnedOrder | None]]
    parked: Sequence[tuple[Delivery, Reported]]
    first: dict[UUID, DeliveryAbout]
    left: Sequence[DeliveryKey]
    failed: dict[DeliveryKey, Exception]


async def sort_set(programme: Programme, db: Queryable, deliveries: Sequence[Delivery]) -> SortedSet:
    """Reads deliveries and finds the orders that they are about."""
    read = [(delivery, _read(delivery, programme)) for delivery in deliveries]
    reported = [
        (delivery, Reported(event, delivery.received_at))
        for delivery, event in read
        if isinstance(event, ReportedOrder)
    ]
    orders = await find_orders(db, [each for _, each in reported])
    found = list(zip(reported, orders, strict=True))
    of_known = [(delivery, each.order, order) for (delivery, each), order in found if order is not None]
    counting = await in_currencies(db, [(order, event) for _, event, order in of_known])
    meant = [(delivery, event, order) for (delivery, _, order), event in zip(of_known, counting, strict=True)]
    about = [
        DeliveryAbout(delivery, event, order) for delivery, event, order in meant if isinstance(event, ReportedOrder)
    ]
    first = {each.order.member_id: each for each in reversed(about)}
    return SortedSet(
        ignored=[
            *((delivery, event, None) for delivery, event in read if isinstance(event, Ignored)),
            *((delivery, event, order) for delivery, event, order in meant if isinstance(event, Ignored)),
        ],
        parked=[each for each, order in found if order is None],
        first=first,
        left=[each.key for each in about if first[each.order.member_id] is not each],
        failed={key_of(delivery): error for delivery, error in read if isinstance(error, Exception)},
    )


def _read(delivery: Delivery, programme: Programme) -> ProducerEvent | Exception:
    """What a delivery reports, or why it cannot be read."""
    try:
        return event_of_delivery(delivery, programme)
    except Exception as error:
        return error
