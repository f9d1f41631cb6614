"""Does all due work at once, for tests: a worker does the same work set by set."""

from collections.abc import Awaitable, Callable

from db.pool import Database
from loyalty.coupons.expire import end_some_coupons
from loyalty.ledger.credit import credit_some
from loyalty.ledger.lapse import LapseLooks
from loyalty.ledger.send_notices import LogNotifier, Notifier, send_some
from loyalty.orders.give_up import give_up_some
from loyalty.orders.settle_kept import settle_some_kept
from loyalty.outgoing.courier import Courier
from loyalty.programme.programme import Programme
from loyalty.webhooks.apply import apply_some


async def drain(programme: Programme) -> None:
    """Does the workers' work until none is due any more."""
    while (
        await apply_deliveries(programme)
        + await settle_all_kept(programme)
        + await end_waiting(programme)
        + await credit_due(programme.db)
        + await end_coupons(programme.db)
        + await lapse_due(programme.db)
        + await send_notices(programme.db, LogNotifier())
    ):
        pass


async def until_none(some: Callable[[], Awaitable[int]]) -> int:
    """Does one set after another until a set is empty; returns the number of items in all sets."""
    done = 0
    while number := await some():
        done += number
    return done


async def apply_deliveries(programme: Programme) -> int:
    """Applies all waiting deliveries of the inbox; returns how many it finished."""
    return await until_none(lambda: apply_some(programme))


async def settle_all_kept(programme: Programme) -> int:
    """Applies all facts that were stored while their members were suspended; returns how many facts."""
    return await until_none(lambda: settle_some_kept(programme))


async def end_waiting(programme: Programme) -> int:
    """Gives up the pieces of every order without news for too long; returns for how many orders."""
    return await until_none(lambda: give_up_some(programme))


async def credit_due(db: Database) -> int:
    """Credits every promise that is due by the programme's clock; returns how many."""
    return await until_none(lambda: credit_some(db))


async def end_coupons(db: Database) -> int:
    """Ends every reservation and coupon whose time is over; returns how many."""
    return await until_none(lambda: end_some_coupons(db))


async def send_notices(db: Database, notifier: Notifier) -> int:
    """Sends every waiting notice; returns how many were sent."""
    return await until_none(lambda: send_some(db, notifier))


async def lapse_due(db: Database) -> int:
    """Lapses due lots and records due notices of every member; returns for how many members."""
    looks = LapseLooks()
    done = await looks.some(db)
    while looks.is_under_way:
        done += await looks.some(db)
    return done


async def send_all(courier: Courier) -> int:
    """Sends outgoing events until none is due any more; returns how many attempts were made."""
    await courier.settled()
    sent = 0
    while claimed := await courier.send_some():
        sent += claimed
        await courier.settled()
    return sent
