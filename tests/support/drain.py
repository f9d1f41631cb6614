"""Work that is due, done to its end: what a worker does set by set, as often as there is something to do."""

from collections.abc import Awaitable, Callable

from db.pool import Database
from loyalty.coupons.expire import end_some_coupons
from loyalty.ledger.credit import credit_some
from loyalty.ledger.lapse import LapseLooks
from loyalty.ledger.send_notices import LogNotifier, Notifier, send_some
from loyalty.orders.settle_kept import settle_some_kept
from loyalty.outgoing.courier import Courier
from loyalty.programme.programme import Programme
from loyalty.webhooks.inbox import apply_some


async def drain(programme: Programme) -> None:
    """What workers do, until nothing is due any more."""
    while (
        await apply_deliveries(programme)
        + await settle_all_kept(programme)
        + await credit_due(programme.db)
        + await end_coupons(programme.db)
        + await lapse_due(programme.db)
        + await send_notices(programme.db, LogNotifier())
    ):
        pass


async def until_none(some: Callable[[], Awaitable[int]]) -> int:
    """Does one set after another until one comes to nothing; gives how many things were done."""
    done = 0
    while number := await some():
        done += number
    return done


async def apply_deliveries(programme: Programme) -> int:
    """Applies everything that waits in the inbox; gives how many deliveries it finished."""
    return await until_none(lambda: apply_some(programme))


async def settle_all_kept(programme: Programme) -> int:
    """Applies what was kept of members that were reinstated; gives how many facts."""
    return await until_none(lambda: settle_some_kept(programme))


async def credit_due(db: Database) -> int:
    """Credits every promise that is due by the programme's clock; gives how many."""
    return await until_none(lambda: credit_some(db))


async def end_coupons(db: Database) -> int:
    """Ends every reservation and coupon whose time is over; gives how many."""
    return await until_none(lambda: end_some_coupons(db))


async def send_notices(db: Database, notifier: Notifier) -> int:
    """Hands over every notice that waits; gives how many were sent."""
    return await until_none(lambda: send_some(db, notifier))


async def lapse_due(db: Database) -> int:
    """Does what time has to do to every member by now; gives for how many members."""
    looks = LapseLooks()
    done = await looks.some(db)
    while looks.is_under_way:
        done += await looks.some(db)
    return done


async def send_all(courier: Courier) -> int:
    """Sends outgoing events until nothing is due any more; gives how many attempts were made."""
    await courier.settled()
    sent = 0
    while claimed := await courier.send_some():
        sent += claimed
        await courier.settled()
    return sent
