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
from loyalty.webhooks.producers.events import Ignored
from loyalty.webhooks.producers.numbers import numbers_in
from loyalty.webhooks.sort_set import DeliveryAbout, SortedSet, key_of, sort_set
from loyalty.webhooks.whose_order import OwnedOrder, Reported

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


async def apply_set(programme: Programme, keys: Sequence[DeliveryKey], transaction: Queryable) -> AppliedSet:
    """Applies deliveries and marks them in the same transaction. Those that are taken or done already are left out.

    A delivery that is alone waits for its member's lock; in a larger set it is missed if the member is locked. Raises
    what fails while the set is written; NotSettled if a delivery that is alone is at fault; Busy.
    """
    found = await sort_set(programme, transaction, await rows.lock_deliveries(transaction, keys))
    if len(keys) == 1:
        for member_id in found.first:
            await lock_member_to_judge(transaction, MemberRef(member_id=member_id))
    try:
        return await _settle_and_finish(programme, transaction, found)
    except Exception as error:
        if len(found.first) != 1 or is_of_the_database(error) or isinstance(error, NotSettled):
            raise
        (about,) = found.first.values()
        raise _not_settled(about, error) from error


async def _settle_and_finish(programme: Programme, db: Queryable, found: SortedSet) -> AppliedSet:
    outcome = await _settle(programme, db, found.first)
    unsettled = outcome.refused.keys() | outcome.missed
    settled = [about for member_id, about in found.first.items() if member_id not in unsettled]
    notes = {found.first[each].key: _note_on(lines) for each, lines in outcome.unknown_lines.items()}
    finished = await _finish(db, found, settled, notes)
    return AppliedSet(
        finished=finished,
        parked=[reported for _, reported in found.parked],
        parcels=[tracking_number for about in settled for _, _, tracking_number, _ in about.parcels],
        failed=found.failed | {found.first[each].key: error for each, error in outcome.refused.items()},
        missed=[found.first[member_id].key for member_id in outcome.missed],
        left=found.left,
    )


async def _settle(programme: Programme, db: Queryable, first: Mapping[UUID, DeliveryAbout]) -> SettledSet:
    """Applies the facts of these deliveries: the first of each, then the second of each that has one, and so on.

    Later facts must be applied, because the earlier ones are written: raises NotSettled or Busy if one cannot.
    """
    outcome = await settle_set(programme, db, _news(first, 0))
    refused = {member_id: _not_settled(first[member_id], why) for member_id, why in outcome.refused.items()}
    going_on = {each: about for each, about in first.items() if each not in refused and each not in outcome.missed}
    for place in range(1, max((len(about.event.facts) for about in going_on.values()), default=0)):
        later = await settle_set(programme, db, _news(going_on, place))
        for member_id, why in later.refused.items():
            raise _not_settled(first[member_id], why)
        if later.missed:
            raise Busy("Another transaction holds a member of this set.")
    return SettledSet(outcome.missed, refused, outcome.unknown_lines)


def _news(about: Mapping[UUID, DeliveryAbout], place: int) -> list[OrderNews]:
    return [
        OrderNews(member_id, each.order.number, each.event.facts, each.delivery, place)
        for member_id, each in about.items()
        if place < len(each.event.facts)
    ]


def _not_settled(about: DeliveryAbout, why: Exception) -> NotSettled:
    error = NotSettled(about.order.number)
    error.__cause__ = why
    return error


def _note_on(unknown_lines: Sequence[str]) -> str:
    """The note on an applied delivery that names lines which its order does not have (R34)."""
    return f"Applied. The order has no line {', '.join(unknown_lines)}; the event counts for it once it is added."


async def _finish(
    db: Queryable, found: SortedSet, settled: Sequence[DeliveryAbout], notes: Mapping[DeliveryKey, str]
) -> int:
    """Marks deliveries, and links the parcels that they report; returns how many deliveries."""
    finished = [
        *[await _ignored(db, delivery, event, order) for delivery, event, order in found.ignored],
        *(_parked(delivery, reported) for delivery, reported in found.parked),
        *(FinishedDelivery(*each.key, "APPLIED", notes.get(each.key), each.order.number) for each in settled),
    ]
    await rows.link_parcels(db, [parcel for each in settled for parcel in each.parcels])
    await rows.finish_deliveries(db, finished)
    return len(finished)


async def _ignored(db: Queryable, delivery: Delivery, event: Ignored, order: OwnedOrder | None) -> FinishedDelivery:
    """Ignored, with the order that it is about or names, so that erasing the member empties it too (R71)."""
    if delivery.is_emptied:
        return FinishedDelivery(*key_of(delivery), "IGNORED", event.reason)
    log.info("Delivery %s %r is ignored: %s", delivery.producer, delivery.event_id, event.reason)
    number = order.number if order is not None else await _order_named_in(db, delivery.body)
    return FinishedDelivery(*key_of(delivery), "IGNORED", event.reason, order_number=number)


async def _order_named_in(db: Queryable, body: bytes) -> str | None:
    named = numbers_in(body)
    return await order_named(db, named.orders, named.parcels)


def _parked(delivery: Delivery, reported: Reported) -> FinishedDelivery:
    """Parked until its order is known."""
    numbers = reported.order_numbers
    return FinishedDelivery(
        *key_of(delivery),
        "PARKED",
        "Its order is not known yet.",
        order_number=numbers[0] if numbers else None,
        tracking_number=reported.tracking_number,
        other_order_numbers=tuple(numbers[1:]),
    )
