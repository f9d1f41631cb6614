"""The sweeper looks for due rows and does their work. It needs no Redis; a wake-up only makes it look sooner."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial

from db.ledger.credit import seconds_to_next_due
from db.pool import DatabaseUnavailable
from db.webhooks.inbox import mark_parked_dead, unpark_known
from db.webhooks.rejections import forget_rejections
from loyalty.coupons.expire import end_some_coupons
from loyalty.ledger.credit import credit_some
from loyalty.ledger.lapse import LapseLooks
from loyalty.ledger.send_notices import LogNotifier, Notifier, send_some
from loyalty.orders.give_up import give_up_some
from loyalty.orders.settle_kept import settle_some_kept
from loyalty.outgoing.addresses import Reach
from loyalty.outgoing.courier import Courier, tidy_outgoing
from loyalty.outgoing.sender import Sender
from loyalty.programme.programme import Programme
from loyalty.webhooks.apply import apply_some
from loyalty.webhooks.ask_producers import Key, ask_about_silent_parcels

log = logging.getLogger(__name__)

_SHORTEST = 0.005
_TIDY_EVERY = 30.0


@dataclass(slots=True)
class Sweeper:
    """Looks for due work every `seconds`, and sooner if a promise is due sooner or a wake-up arrives.

    Crediting, the inbox, facts stored for suspended members, orders without news, coupons, lapsing, notices,
    reconciling, outgoing webhooks and tidying each have their own loop, so that none waits for another. `notifier`
    sends notices to members; `producer_keys` are the keys of producers that can report on parcels without news for
    `reconcile_after`; `reach` are the addresses that may receive outgoing webhooks.
    """

    programme: Programme
    seconds: float
    notifier: Notifier = field(default_factory=LogNotifier)
    producer_keys: Mapping[str, Key] = field(default_factory=dict)
    reconcile_after: timedelta = field(kw_only=True)
    reach: Reach = field(default_factory=Reach)
    courier: Courier = field(init=False)
    _lapses: LapseLooks = field(default_factory=LapseLooks)
    _woken: dict[str, asyncio.Event] = field(default_factory=dict)
    _stopping: bool = False
    _was_away: bool = False

    def __post_init__(self) -> None:
        self.courier = Courier(self.programme.db, Sender(self.reach), partial(self._wake_part, "send"))

    async def run(self) -> None:
        """Sweeps until `stop` is called. If the database is away, it tries again until the database answers."""
        await asyncio.gather(
            self._repeat("credit", self.credit, self._until_next_due),
            self._repeat("apply", self.apply, self._a_while),
            self._repeat("kept", self.settle_kept, self._a_while),
            self._repeat("waiting", self.end_waiting, self._a_while),
            self._repeat("coupons", self.end_coupons, self._a_while),
            self._repeat("lapse", self.lapse, self._a_while),
            self._repeat("notify", self.notify, self._a_while),
            self._repeat("reconcile", self.reconcile, self._long),
            self._repeat("send", self.send, self._a_while),
            self._repeat("tidy", self.tidy, self._long),
        )
        await self.courier.close()

    async def credit(self) -> int:
        """Credits one set of due promises; returns how many."""
        return await credit_some(self.programme.db)

    async def apply(self) -> int:
        """Applies one set of deliveries from the inbox; returns how many it finished."""
        return await apply_some(self.programme)

    async def settle_kept(self) -> int:
        """Applies one set of facts that were stored while their members were suspended; returns how many facts."""
        return await settle_some_kept(self.programme)

    async def end_waiting(self) -> int:
        """Gives up the pieces of one set of orders without news for too long; returns how many orders."""
        return await give_up_some(self.programme)

    async def end_coupons(self) -> int:
        """Ends one set of reservations and coupons whose time is over; returns how many."""
        return await end_some_coupons(self.programme.db)

    async def lapse(self) -> int:
        """Lapses due lots, and records notices of lots that lapse soon, for one set of members; returns how many
        members."""
        return await self._lapses.some(self.programme.db)

    async def notify(self) -> int:
        """Gives one set of notices to the notifier; returns how many were sent."""
        return await send_some(self.programme.db, self.notifier)

    async def reconcile(self) -> int:
        """Requests the state of parcels without recent news from their producers; returns how many answers were
        stored."""
        if not self.producer_keys:
            return 0
        return await ask_about_silent_parcels(self.programme.db, self.producer_keys, self.reconcile_after)

    async def send(self) -> int:
        """Starts to send one set of outgoing webhooks; returns how many. It does not wait for the endpoints."""
        return await self.courier.send_some()

    async def tidy(self) -> int:
        """Unparks deliveries whose order is known by now, marks those that were parked for too long as dead, gives up
        on events for endpoints that were removed, and deletes old counts of rejections (db/limits.py)."""
        await unpark_known(self.programme.db)
        await mark_parked_dead(self.programme.db)
        await tidy_outgoing(self.programme.db)
        await forget_rejections(self.programme.db)
        return 0

    def _wake_part(self, name: str) -> None:
        self._woken.setdefault(name, asyncio.Event()).set()

    def wake(self) -> None:
        """Ends the pauses of all loops."""
        for event in self._woken.values():
            event.set()

    def stop(self) -> None:
        """Makes `run` return after the current sets."""
        self._stopping = True
        self.wake()

    async def _repeat(
        self, name: str, work: Callable[[], Awaitable[int]], pause_after: Callable[[], Awaitable[float]]
    ) -> None:
        """Works while there is due work, then pauses. No error ends the loop, because due rows stay due."""
        woken = self._woken.setdefault(name, asyncio.Event())
        while not self._stopping:
            woken.clear()
            seconds = self.seconds
            try:
                if await work():
                    continue
                seconds = await pause_after()
                self._was_away = False
            except DatabaseUnavailable as error:
                self._warn_once(error)
            except Exception:
                log.exception("The sweeper's part %r failed; it goes on in %s s.", name, seconds)
            await _wait(woken, seconds)

    async def _until_next_due(self) -> float:
        until_due = await seconds_to_next_due(self.programme.db)
        if until_due is None or until_due <= 0:
            return self.seconds
        return min(self.seconds, until_due + _SHORTEST)

    async def _a_while(self) -> float:
        return self.seconds

    async def _long(self) -> float:
        return _TIDY_EVERY

    def _warn_once(self, error: DatabaseUnavailable) -> None:
        if not self._was_away:
            log.warning("%s Due work waits; it is looked for every %s s.", error, self.seconds)
        self._was_away = True


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(seconds, _SHORTEST)):
            await woken.wait()
    except TimeoutError:
        return
