"""Webhooks: verified, kept and committed before they are answered; applied later, in any order, once (design §5)."""

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from db.orders.numbers import order_named, order_owner, orders_of_parcel
from db.pool import Busy, Database, DatabaseUnavailable, Queryable
from db.webhooks import inbox as rows
from db.webhooks.inbox import Delivery
from loyalty.ledger.credit import OWN_FAULTS
from loyalty.orders.rules.boxes import UnknownParcel
from loyalty.orders.rules.shipment import UnknownLine
from loyalty.orders.settle import TooManyFacts, settle
from loyalty.programme.programme import Programme
from loyalty.webhooks.producers import PRODUCERS, Producer
from loyalty.webhooks.producers.events import Ignored, ReportedOrder, Sent
from loyalty.webhooks.producers.whose import named_in

log = logging.getLogger(__name__)

DELIVERIES_AT_ONCE = 100

_OWN_FAULTS = (*OWN_FAULTS, asyncpg.ProgramLimitExceededError)
"""Errors of a delivery itself; that it is too large for Postgres is one."""


class UnknownProducer(Exception):
    """No producer of that name sends webhooks here."""


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """Whether a delivery was new; the same event again changes nothing."""

    is_new: bool


def check_sender(producer: str, secrets: Sequence[str], sent: Sent) -> Producer:
    """The producer's adapter, once its signature proved the body. Raises UnknownProducer, BadSignature."""
    adapter = PRODUCERS.get(producer)
    if adapter is None:
        raise UnknownProducer(f"No producer is called {producer[:50]!r}.")
    adapter.verify(secrets, sent, datetime.now(UTC))
    return adapter


async def keep(db: Database, producer: str, secrets: Sequence[str], sent: Sent) -> StoredDelivery:
    """Believes a delivery by its signature and keeps it; committed when this returns.

    Another body under a known id is an event of its own: it was signed, and what is acknowledged is never dropped.
    Raises UnknownProducer, BadSignature, MalformedDelivery, DatabaseUnavailable.
    """
    adapter = check_sender(producer, secrets, sent)
    identity = adapter.identify(sent)
    headers = {name: sent.headers[name] for name in adapter.KEPT_HEADERS if name in sent.headers}
    is_new = await rows.keep_delivery(db, producer, identity.event_id, identity.type, sent.body, headers)
    body_hash = hashlib.sha256(sent.body)
    if not is_new and await rows.kept_body_hash(db, producer, identity.event_id) != body_hash.digest():
        other_id = f"{identity.event_id}#{body_hash.hexdigest()[:16]}"
        is_new = await rows.keep_delivery(db, producer, other_id, identity.type, sent.body, headers)
    return StoredDelivery(is_new)


async def apply_some(programme: Programme) -> int:
    """Applies up to a hundred waiting deliveries, oldest first; gives how many it finished.

    One bad delivery holds up no other: it waits longer each time and is dead after its last attempt.
    """
    waiting = await rows.deliveries_to_apply(programme.db, DELIVERIES_AT_ONCE)
    return sum([await _try_to_apply(programme, producer, event_id) for producer, event_id in waiting])


async def _try_to_apply(programme: Programme, producer: str, event_id: str) -> int:
    about: list[str] = []
    try:
        return await _apply(programme, producer, event_id, about)
    except Busy:
        await rows.pause_delivery(programme.db, producer, event_id)
        return 0
    except Exception as error:
        if isinstance(error, DatabaseUnavailable | asyncpg.PostgresError) and not isinstance(error, _OWN_FAULTS):
            await _rest_for_the_database(programme.db, producer, event_id, error)
        else:
            await _postpone(programme.db, producer, event_id, error, about[0] if about else None)
        return 0


async def _rest_for_the_database(db: Database, producer: str, event_id: str, error: Exception) -> None:
    """No delivery is to blame, and none has to wait for this one: no attempt is counted, the others go on.

    Raises DatabaseUnavailable where Postgres is away altogether.
    """
    await rows.pause_delivery(db, producer, event_id)
    log.error("Postgres could not apply delivery %s %r", producer, event_id, exc_info=error)


async def _postpone(db: Database, producer: str, event_id: str, error: Exception, order_number: str | None) -> None:
    """The delivery is at fault, whatever it stumbled over: it is kept back, and the reason is kept with it."""
    if isinstance(error, UnknownLine | UnknownParcel | TooManyFacts):
        log.warning("Delivery %s %r cannot be applied yet: %s", producer, event_id, error)
    else:
        log.error("Delivery %s %r cannot be applied", producer, event_id, exc_info=error)
    await rows.postpone_delivery(db, producer, event_id, str(error) or type(error).__name__, order_number)


async def _apply(programme: Programme, producer: str, event_id: str, about: list[str]) -> int:
    """Applies one delivery and marks it in the same transaction; `about` is told its order, whatever happens then."""
    parked: list[tuple[ReportedOrder, datetime]] = []
    parcels_told: list[tuple[str, str | None]] = []

    async def within(db: Queryable) -> int:
        delivery = await rows.lock_delivery(db, producer, event_id)
        if delivery is None:
            return 0
        adapter = PRODUCERS.get(producer)
        if adapter is None:
            raise UnknownProducer(f"This worker does not know the producer {producer}.")
        if delivery.is_emptied:
            await rows.finish_delivery(db, delivery, "IGNORED", error="It was about an order of an erased member.")
            return 1
        happening = adapter.read(Sent(delivery.headers, delivery.body), delivery.received_at)
        if isinstance(happening, ReportedOrder) and happening.is_test and not programme.takes_tests:
            happening = Ignored("It was sent in test mode, which moves no points here.")
        if isinstance(happening, Ignored):
            log.info("Delivery %s %r is ignored: %s", producer, event_id, happening.reason)
            named = named_in(delivery.body)
            number = await order_named(db, named.orders, named.parcels)
            await rows.finish_delivery(db, delivery, "IGNORED", error=happening.reason, order_number=number)
            return 1
        target = await _order_of(db, happening, delivery.received_at)
        if target is None:
            await _park(db, delivery, happening)
            parked.append((happening, delivery.received_at))
            return 1
        member_id, number = target
        about.append(number)
        await _settle_all(programme, db, member_id, number, happening, delivery)
        parcels_told.extend(happening.parcels_told)
        await rows.finish_delivery(db, delivery, "APPLIED", order_number=number)
        return 1

    finished = await programme.db.in_transaction(within)
    for happening, received_at in parked:
        await _free_if_told_meanwhile(programme.db, happening, received_at)
    if parcels_told:
        await rows.unpark_deliveries(programme.db, "", [tracking_number for tracking_number, _ in parcels_told])
    return finished


async def _settle_all(
    programme: Programme, db: Queryable, member_id: UUID, number: str, known: ReportedOrder, delivery: Delivery
) -> None:
    """All that a delivery tells of an order; carriers' news of the parcels it told of will find the order."""
    for fact in known.facts:
        await settle(programme, db, member_id, number, fact, delivery)
    if known.parcels_told:
        await rows.link_parcels_to_order(db, number, member_id, known.parcels_told)


async def _order_of(db: Queryable, known: ReportedOrder, received_at: datetime) -> tuple[UUID, str] | None:
    """The member and number of the order a fact is about; None while the order is not known (R34).

    Carriers give their numbers again: an order without recent news is not meant (PARCEL_NEWS_DAYS).
    """
    if known.order_number is not None:
        return await _order_numbered(db, known.order_number)
    number = known.tracking_number
    orders = await orders_of_parcel(db, number, received_at) if number is not None else []
    if len(orders) > 1:
        orders = [order for order in orders if _has_carrier(order.carriers, known.carrier)]
    if len(orders) == 1:
        return orders[0].member_id, orders[0].number
    return await _order_numbered(db, known.order_hint) if known.order_hint is not None else None


async def _order_numbered(db: Queryable, number: str) -> tuple[UUID, str] | None:
    owner = await order_owner(db, number)
    return (owner, number) if owner is not None else None


def _has_carrier(carriers: Sequence[str | None], carrier: str | None) -> bool:
    return (carrier or "").casefold() in {(each or "").casefold() for each in carriers}


async def _park(db: Queryable, delivery: Delivery, known: ReportedOrder) -> None:
    await rows.finish_delivery(
        db,
        delivery,
        "PARKED",
        error="Its order is not known yet.",
        order_number=known.order_number or known.order_hint,
        tracking_number=_tracking_number_to_wait_for(known),
    )


def _tracking_number_to_wait_for(known: ReportedOrder) -> str | None:
    """A parcel frees what was parked only where its number may decide which order is meant."""
    return known.tracking_number if known.order_number is None else None


async def _free_if_told_meanwhile(db: Database, known: ReportedOrder, received_at: datetime) -> None:
    """The order may have been told between our look and our parking: whoever commits second sees the other."""
    if await _order_of(db, known, received_at) is None:
        return
    tracking_number = _tracking_number_to_wait_for(known)
    await rows.unpark_deliveries(
        db, known.order_number or known.order_hint or "", [tracking_number] if tracking_number else []
    )
