"""One delivery is applied and marked in one transaction: ignored, parked, or settled with its order (R31-R34)."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass

import asyncpg

from db.orders.numbers import order_named
from db.pool import CONNECTION_LOST, DatabaseUnavailable, Queryable
from db.webhooks import inbox as rows
from db.webhooks.deliveries import DeliveryKey
from db.webhooks.inbox import Delivery
from loyalty.ledger.credit import OWN_FAULTS
from loyalty.orders.settle import settle
from loyalty.programme.programme import Programme
from loyalty.webhooks.producers import PRODUCERS, Producer
from loyalty.webhooks.producers.events import Ignored, ProducerEvent, ReportedOrder, Sent
from loyalty.webhooks.producers.numbers import numbers_in
from loyalty.webhooks.refund_currency import in_currency_of
from loyalty.webhooks.store import UnknownProducer
from loyalty.webhooks.whose_order import OwnedOrder, Parked, find_order, park

log = logging.getLogger(__name__)

_OWN_FAULTS = (*OWN_FAULTS, asyncpg.ProgramLimitExceededError)
"""Errors of a delivery itself; that it is too large for Postgres is one."""


class NotSettled(Exception):
    """A delivery that cannot be applied to its order; `__cause__` is the reason."""

    def __init__(self, number: str) -> None:
        self.number = number
        super().__init__(f"Order {number} cannot be settled.")


@dataclass(frozen=True, slots=True)
class Applied:
    """The part of a finished delivery that may free others: where it was parked, and its parcels' tracking numbers."""

    parked: Parked | None = None
    parcels: Sequence[str] = ()


def is_of_the_database(error: Exception) -> bool:
    """Whether Postgres failed, and not the delivery."""
    of_postgres = isinstance(error, (DatabaseUnavailable, asyncpg.PostgresError, *CONNECTION_LOST))
    return of_postgres and not isinstance(error, _OWN_FAULTS)


async def apply_one(programme: Programme, key: DeliveryKey, transaction: Queryable) -> Applied | None:
    """Applies one delivery and marks it in the same transaction; None if it is taken or done already.

    Raises UnknownProducer, MalformedDelivery, NotSettled; Busy while another transaction holds the member.
    """
    delivery = await rows.lock_delivery(transaction, *key)
    if delivery is None:
        return None
    adapter = _adapter_of(delivery)
    if delivery.is_emptied:
        await rows.finish_delivery(transaction, delivery, "IGNORED", error="It was about an order of an erased member.")
        return Applied()
    event = _as_taken(adapter.read(Sent(delivery.headers, delivery.body), delivery.received_at), programme)
    if isinstance(event, Ignored):
        await _ignore(transaction, delivery, event)
        return Applied()
    order = await find_order(transaction, event, delivery.received_at)
    if order is None:
        return Applied(parked=await park(transaction, delivery, event))
    event = await in_currency_of(transaction, order, event)
    if isinstance(event, Ignored):
        await rows.finish_delivery(transaction, delivery, "IGNORED", error=event.reason, order_number=order.number)
        return Applied()
    await _settle(programme, transaction, order, event, delivery)
    return Applied(parcels=[tracking_number for tracking_number, _ in event.shipped_parcels])


def _adapter_of(delivery: Delivery) -> Producer:
    adapter = PRODUCERS.get(delivery.producer)
    if adapter is None:
        raise UnknownProducer(f"This worker does not know the producer {delivery.producer}.")
    return adapter


def _as_taken(event: ProducerEvent, programme: Programme) -> ProducerEvent:
    """The event; one sent in test mode is ignored outside of the sandbox."""
    if isinstance(event, ReportedOrder) and event.is_test and not programme.takes_tests:
        return Ignored("It was sent in test mode, which moves no points here.")
    return event


async def _ignore(db: Queryable, delivery: Delivery, event: Ignored) -> None:
    """Marks it as ignored, with the order that it names, so that erasing the member empties it too (R71)."""
    log.info("Delivery %s %r is ignored: %s", delivery.producer, delivery.event_id, event.reason)
    named = numbers_in(delivery.body)
    number = await order_named(db, named.orders, named.parcels)
    await rows.finish_delivery(db, delivery, "IGNORED", error=event.reason, order_number=number)


async def _settle(
    programme: Programme, db: Queryable, order: OwnedOrder, event: ReportedOrder, delivery: Delivery
) -> None:
    """Applies all that a delivery reports of an order, and marks it. Raises NotSettled if the delivery is at fault."""
    try:
        for fact in event.facts:
            await settle(programme, db, order.member_id, order.number, fact, delivery)
        if event.shipped_parcels:
            await rows.link_parcels_to_order(db, order.number, order.member_id, event.shipped_parcels)
        await rows.finish_delivery(db, delivery, "APPLIED", order_number=order.number)
    except Exception as error:
        if is_of_the_database(error):
            raise
        raise NotSettled(order.number) from error
