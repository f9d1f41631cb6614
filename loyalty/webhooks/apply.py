"""Stored deliveries are applied later, in any order, each once, a set at a time (design §5, docs/designs/sets.md)."""

import logging
from collections.abc import Sequence
from functools import partial

from db.pool import Busy, Database
from db.webhooks import inbox as rows
from db.webhooks.deliveries import DeliveryKey
from loyalty.ledger.in_sets import is_of_the_database, work_in_sets
from loyalty.orders.rules.boxes import UnknownParcel
from loyalty.orders.rules.unknown_lines import UnknownLine
from loyalty.orders.settling import TooManyFacts
from loyalty.programme.programme import Programme
from loyalty.webhooks.apply_set import AppliedSet, NotSettled, apply_set
from loyalty.webhooks.whose_order import free_if_known_meanwhile

log = logging.getLogger(__name__)

DELIVERIES_AT_ONCE = 100


async def apply_some(programme: Programme) -> int:
    """Applies up to a hundred waiting deliveries, oldest first; returns how many it finished.

    A bad delivery does not stop the others: it waits longer each time and is dead after its last attempt.
    """
    finished, waiting = 0, await rows.deliveries_to_apply(programme.db, DELIVERIES_AT_ONCE)
    while waiting:
        applied = await _apply(programme, waiting)
        for key in [key for each in applied for key in each.missed]:
            applied += await _apply(programme, [key])
        finished += sum(each.finished for each in applied)
        waiting = [key for each in applied for key in each.left]
    return finished


async def _apply(programme: Programme, keys: Sequence[DeliveryKey]) -> list[AppliedSet]:
    """Applies a set of deliveries, lets those wait that fail, and frees those that waited for a delivery of the set."""

    async def whole(some: Sequence[DeliveryKey]) -> AppliedSet:
        return await programme.db.in_transaction(partial(apply_set, programme, some))

    applied = await work_in_sets(programme.db, keys, whole, partial(_let_wait, programme.db))
    for each in applied:
        for key, error in each.failed.items():
            await _let_wait(programme.db, key, error)
    await _free_what_waited(programme.db, applied)
    return applied


async def _let_wait(db: Database, key: DeliveryKey, error: Exception) -> None:
    """A delivery that failed is tried again later.

    No attempt is counted if its member is locked or Postgres failed. Raises DatabaseUnavailable if Postgres cannot be
    reached at all.
    """
    if isinstance(error, Busy):
        await rows.pause_delivery(db, *key)
    elif is_of_the_database(error):
        await rows.pause_delivery(db, *key)
        log.error("Postgres could not apply delivery %s %r", *key, exc_info=error)
    elif isinstance(error, NotSettled):
        await _postpone(db, key, error.__cause__ or error, error.number)
    else:
        await _postpone(db, key, error, None)


async def _postpone(db: Database, key: DeliveryKey, error: BaseException, order_number: str | None) -> None:
    """The delivery is at fault: it waits for its next attempt, and the reason is stored with it."""
    if isinstance(error, UnknownLine | UnknownParcel | TooManyFacts):
        log.warning("Delivery %s %r cannot be applied yet: %s", *key, error)
    else:
        log.error("Delivery %s %r cannot be applied", *key, exc_info=error)
    await rows.postpone_delivery(db, *key, str(error) or type(error).__name__, order_number)


async def _free_what_waited(db: Database, applied: Sequence[AppliedSet]) -> None:
    """After deliveries are committed, those that waited for their orders may go on."""
    parked = [reported for each in applied for reported in each.parked]
    if parked:
        await free_if_known_meanwhile(db, parked)
    parcels = [parcel for each in applied for parcel in each.parcels]
    if parcels:
        await rows.unpark_deliveries(db, [], parcels)
