"""Stored deliveries are applied later, in any order, each once (design §5)."""

import logging
from functools import partial

from db.pool import Busy, Database
from db.webhooks import inbox as rows
from db.webhooks.deliveries import DeliveryKey
from loyalty.orders.rules.boxes import UnknownParcel
from loyalty.orders.rules.unknown_lines import UnknownLine
from loyalty.orders.settling import TooManyFacts
from loyalty.programme.programme import Programme
from loyalty.webhooks.apply_one import Applied, NotSettled, apply_one, is_of_the_database
from loyalty.webhooks.whose_order import free_if_known_meanwhile

log = logging.getLogger(__name__)

DELIVERIES_AT_ONCE = 100


async def apply_some(programme: Programme) -> int:
    """Applies up to a hundred waiting deliveries, oldest first; gives how many it finished.

    A bad delivery does not stop the others: it waits longer each time and is dead after its last attempt.
    """
    waiting = await rows.deliveries_to_apply(programme.db, DELIVERIES_AT_ONCE)
    return sum([await _try_to_apply(programme, key) for key in waiting])


async def _try_to_apply(programme: Programme, key: DeliveryKey) -> int:
    """Applies one delivery or lets it wait; gives 1 if it is finished."""
    db = programme.db
    try:
        applied = await db.in_transaction(partial(apply_one, programme, key))
        return await _free_what_waited(db, applied) if applied is not None else 0
    except Busy:
        await rows.pause_delivery(db, *key)
    except NotSettled as error:
        await _postpone(db, key, error.__cause__ or error, error.number)
    except Exception as error:
        if is_of_the_database(error):
            await _rest_for_the_database(db, key, error)
        else:
            await _postpone(db, key, error, None)
    return 0


async def _rest_for_the_database(db: Database, key: DeliveryKey, error: Exception) -> None:
    """Postgres failed, not the delivery: no attempt is counted, and the other deliveries go on.

    Raises DatabaseUnavailable if Postgres cannot be reached at all.
    """
    await rows.pause_delivery(db, *key)
    log.error("Postgres could not apply delivery %s %r", *key, exc_info=error)


async def _postpone(db: Database, key: DeliveryKey, error: BaseException, order_number: str | None) -> None:
    """The delivery is at fault: it waits for its next attempt, and the reason is stored with it."""
    if isinstance(error, UnknownLine | UnknownParcel | TooManyFacts):
        log.warning("Delivery %s %r cannot be applied yet: %s", *key, error)
    else:
        log.error("Delivery %s %r cannot be applied", *key, exc_info=error)
    await rows.postpone_delivery(db, *key, str(error) or type(error).__name__, order_number)


async def _free_what_waited(db: Database, applied: Applied) -> int:
    """After a delivery is committed, deliveries that waited for its order may go on; gives 1 for itself."""
    if applied.parked is not None:
        await free_if_known_meanwhile(db, applied.parked)
    if applied.parcels:
        await rows.unpark_deliveries(db, [], applied.parcels)
    return 1
