"""A set of deliveries is applied and marked in one transaction: ignored, parked, or settled with its orders (R31-R34).

Each delivery of the set that settles an order is about another member (docs/designs/sets.md).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from db.ledger.member import MemberRef, lock_member_to_judge
from db.orders.numbers import order_named
from db.pool import Busy, Queryable
from db.webhooks import inbox as rows
from db.webhooks.deliveries import DeliveryKey
from db.webhooks.inbox import Delivery, FinishedDelivery
from loyalty.ledger.in_sets import is_of_the_database
from loyalty.orders.settle import OrderNews, SettledSet, settle_set
from loyalty.programme.programme import Programme
from loyalty.webhooks.meaning import meaning_of
from loyalty.webhooks.producers.events import Ignored, ReportedOrder
from loyalty.webhooks.producers.numbers import numbers_in
from loyalty.webhooks.whose_order import OwnedOrder, Reported, find_orders

log = logging.getLogger(__name__)


class NotSettled(Exception):
    """A delivery that cannot be applied to its order; `__cause__` is the reason."""

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(f"Order {number} cannot be settled.")


@dataclass(frozen=True, slots=True)
class AppliedSet:
    """The result of a set: the number of deliveries that were finished; what was parked, and the parcels that were
    linked to orders, both of which may free deliveries; those that cannot be applied, each with the error; those whose
    member another transaction holds; and those that were left because an earlier one is about the same member."""

    finished: int
    parked: Sequence[Reported]
    parcels: Sequence[str]
    failed: Mapping[DeliveryKey, Exception]
    missed: Sequence[DeliveryKey]
    left: Sequence[DeliveryKey]


@dataclass(frozen=True, slots=True)
class _About:
    """A delivery that reports facts about a known order."""

    delivery: Delivery
    event: ReportedOrder
    order: OwnedOrder

    @property
    def parcels(self) -> list[tuple[str, UUID, str, str | None]]:
        """The parcels to link, as (order number, member, tracking number, carrier)."""
        return [(self.order.number, self.order.member_id, *parcel) for parcel in self.event.shipped_parcels]


@dataclass(frozen=True, slots=True)
class _Sorted:
    """The deliveries of a set, by what has to be done with them. `first` are the first about each member."""

    ignored: list[tuple[Delivery, Ignored]]
    parked: list[tuple[Delivery, ReportedOrder]]
    first: dict[UUID, _About]
    left: list[DeliveryKey]
    failed: dict[DeliveryKey, Exception]


async def apply_set(programme: Programme, keys: Sequence[DeliveryKey], transaction: Queryable) -> AppliedSet:
    """Applies deliveries and marks them in the same transaction. Those that are taken or done already are left out.

    A delivery that is alone waits for its member's lock; in a larger set it is missed if the member is locked. Raises
    what fails while the set is written; NotSettled if a delivery that is alone is at fault; Busy.
    """
    deliveries = await rows.lock_deliveries(transaction, keys)
    found = await _sorted(programme, transaction, deliveries)
    if len(keys) == 1:
        for member_id in found.first:
            await lock_member_to_judge(transaction, MemberRef(member_id=member_id))
    try:
        outcome = await _settle(programme, transaction, found.first)
        settled = [found.first[member_id] for member_id in found.first.keys() - outcome.refused.keys() - outcome.missed]
        finished = await _finish(transaction, found, settled)
    except Exception as error:
        if len(found.first) != 1 or is_of_the_database(error) or isinstance(error, NotSettled):
            raise
        (about,) = found.first.values()
        raise NotSettled(about.order.number) from error
    return AppliedSet(
        finished=finished,
        parked=[Reported(event, delivery.received_at) for delivery, event in found.parked],
        parcels=[tracking_number for about in settled for tracking_number, _ in about.event.shipped_parcels],
        failed=found.failed | {_key(found.first[each].delivery): error for each, error in outcome.refused.items()},
        missed=[_key(found.first[member_id].delivery) for member_id in outcome.missed],
        left=found.left,
    )


def _key(delivery: Delivery) -> DeliveryKey:
    return delivery.producer, delivery.event_id


async def _sorted(programme: Programme, db: Queryable, deliveries: Sequence[Delivery]) -> _Sorted:
    found = _Sorted([], [], {}, [], {})
    reported: list[tuple[Delivery, ReportedOrder]] = []
    for delivery in deliveries:
        try:
            event = meaning_of(delivery, programme)
        except Exception as error:
            found.failed[_key(delivery)] = error
            continue
        if isinstance(event, Ignored):
            found.ignored.append((delivery, event))
        else:
            reported.append((delivery, event))
    orders = await find_orders(db, [Reported(event, delivery.received_at) for delivery, event in reported])
    for (delivery, event), order in zip(reported, orders, strict=True):
        if order is None:
            found.parked.append((delivery, event))
        elif order.member_id in found.first:
            found.left.append(_key(delivery))
        else:
            found.first[order.member_id] = _About(delivery, event, order)
    return found


async def _settle(programme: Programme, db: Queryable, first: Mapping[UUID, _About]) -> SettledSet:
    """Applies the facts of these deliveries: the first of each, then the second of each that has one, and so on.

    A later fact must be applied, because the earlier ones are written: raises NotSettled or Busy if it cannot.
    """
    outcome = await settle_set(programme, db, _news(first, 0))
    refused = {member_id: _not_settled(first[member_id], why) for member_id, why in outcome.refused.items()}
    going_on = {id_: about for id_, about in first.items() if id_ not in refused and id_ not in outcome.missed}
    for place in range(1, max((len(about.event.facts) for about in going_on.values()), default=0)):
        later = await settle_set(programme, db, _news(going_on, place))
        for member_id, why in later.refused.items():
            raise _not_settled(first[member_id], why)
        if later.missed:
            raise Busy("Another transaction holds a member of this set.")
    return SettledSet(outcome.missed, refused)


def _news(about: Mapping[UUID, _About], place: int) -> list[OrderNews]:
    return [
        OrderNews(member_id, each.order.number, each.event.facts[place], each.delivery)
        for member_id, each in about.items()
        if place < len(each.event.facts)
    ]


def _not_settled(about: _About, why: Exception) -> NotSettled:
    error = NotSettled(about.order.number)
    error.__cause__ = why
    return error


async def _finish(db: Queryable, found: _Sorted, settled: Sequence[_About]) -> int:
    """Marks deliveries, and links the parcels that they report; returns how many deliveries."""
    finished = [
        *[await _ignored(db, delivery, event) for delivery, event in found.ignored],
        *(_parked(delivery, event) for delivery, event in found.parked),
        *(FinishedDelivery(*_key(each.delivery), "APPLIED", order_number=each.order.number) for each in settled),
    ]
    await rows.link_parcels(db, [parcel for each in settled for parcel in each.parcels])
    await rows.finish_deliveries(db, finished)
    return len(finished)


async def _ignored(db: Queryable, delivery: Delivery, event: Ignored) -> FinishedDelivery:
    """Ignored, with the order that it names, so that erasing the member empties it too (R71)."""
    if delivery.is_emptied:
        return FinishedDelivery(*_key(delivery), "IGNORED", event.reason)
    log.info("Delivery %s %r is ignored: %s", delivery.producer, delivery.event_id, event.reason)
    named = numbers_in(delivery.body)
    number = await order_named(db, named.orders, named.parcels)
    return FinishedDelivery(*_key(delivery), "IGNORED", event.reason, order_number=number)


def _parked(delivery: Delivery, event: ReportedOrder) -> FinishedDelivery:
    """Parked until its order is known."""
    reported = Reported(event, delivery.received_at)
    return FinishedDelivery(
        *_key(delivery),
        "PARKED",
        "Its order is not known yet.",
        order_number=reported.order_number,
        tracking_number=reported.tracking_number,
    )
