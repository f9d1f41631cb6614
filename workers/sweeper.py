"""The sweeper: a row that is due is the work. It needs no Redis; a wake-up only makes it look sooner."""

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
from loyalty.orders.settle_kept import settle_some_kept
from loyalty.outgoing.addresses import Reach
from loyalty.outgoing.courier import Courier, tidy_outgoing
from loyalty.outgoing.sender import Sender
from loyalty.programme.programme import Programme
from loyalty.webhooks.ask_producers import Key, ask_about_silent_parcels
from loyalty.webhooks.inbox import apply_some

log = logging.getLogger(__name__)

_SHORTEST = 0.005
_TIDY_EVERY = 30.0


@dataclass(slots=True)
class Sweeper:
    """Looks for due work every `seconds`, sooner when a promise is due sooner or when it is woken.

    Crediting, the inbox, what was kept, coupons, lapsing, notices, reconciling, outgoing webhooks and tidying each have
    a loop of their own, so that none waits for another. `notifier` is whatever tells members of their notices;
    `producer_keys` are of producers that may be asked about parcels without news for `reconcile_after`; `reach` is
    where webhooks may go.
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
        """Sweeps until `stop` is called; a database that is away is waited for."""
        await asyncio.gather(
            self._repeat("credit", self.credit, self._until_next_due),
            self._repeat("apply", self.apply, self._a_while),
            self._repeat("kept", self.settle_kept, self._a_while),
            self._repeat("coupons", self.end_coupons, self._a_while),
            self._repeat("lapse", self.lapse, self._a_while),
            self._repeat("notify", self.notify, self._a_while),
            self._repeat("reconcile", self.reconcile, self._long),
            self._repeat("send", self.send, self._a_while),
            self._repeat("tidy", self.tidy, self._long),
        )
        await self.courier.close()

    async def credit(self) -> int:
        """Credits one set of promises that are due; gives how many."""
        return await credit_some(self.programme.db)

    async def apply(self) -> int:
        """Applies one set of deliveries from the inbox; gives how many it finished."""
        return await apply_some(self.programme)

    async def settle_kept(self) -> int:
        """Applies one set of what was kept of members that were reinstated; gives how many facts."""
        return await settle_some_kept(self.programme)

    async def end_coupons(self) -> int:
        """Ends one set of reservations and coupons whose time is over; gives how many."""
        return await end_some_coupons(self.programme.db)

    async def lapse(self) -> int:
        """Does what time has to do to one set of members' points; gives for how many."""
        return await self._lapses.some(self.programme.db)

    async def notify(self) -> int:
        """Hands one set of notices over; gives how many were sent."""
        return await send_some(self.programme.db, self.notifier)

    async def reconcile(self) -> int:
        """Asks producers about parcels nobody speaks of; gives how many answered."""
        if not self.producer_keys:
            return 0
        return await ask_about_silent_parcels(self.programme.db, self.producer_keys, self.reconcile_after)

    async def send(self) -> int:
        """Starts sending one set of outgoing webhooks; gives how many. It waits for no endpoint."""
        return await self.courier.send_some()

    async def tidy(self) -> int:
        """Frees parked deliveries whose order nobody announced; gives up on those that were parked for too long and on
        what waits for endpoints that ended; forgets old counts of what was refused (db/limits.py)."""
        await unpark_known(self.programme.db)
        await mark_parked_dead(self.programme.db)
        await tidy_outgoing(self.programme.db)
        await forget_rejections(self.programme.db)
        return 0

    def _wake_part(self, name: str) -> None:
        self._woken.setdefault(name, asyncio.Event()).set()

    def wake(self) -> None:
        """Ends every rest."""
        for event in self._woken.values():
            event.set()

    def stop(self) -> None:
        """Ends `run` after the sets that are being worked on."""
        self._stopping = True
        self.wake()

    async def _repeat(
        self, name: str, work: Callable[[], Awaitable[int]], rest: Callable[[], Awaitable[float]]
    ) -> None:
        """Works as long as there is something to do, then rests. No fault ends it: what was due is still due."""
        woken = self._woken.setdefault(name, asyncio.Event())
        while not self._stopping:
            woken.clear()
            pause = self.seconds
            try:
                if await work():
                    continue
                pause = await rest()
                self._was_away = False
            except DatabaseUnavailable as error:
                self._complain_once(error)
            except Exception:
                log.exception("The sweeper's part %r failed; it goes on in %s s.", name, pause)
            await _wait(woken, pause)

    async def _until_next_due(self) -> float:
        until_due = await seconds_to_next_due(self.programme.db)
        if until_due is None or until_due <= 0:
            return self.seconds
        return min(self.seconds, until_due + _SHORTEST)

    async def _a_while(self) -> float:
        return self.seconds

    async def _long(self) -> float:
        return _TIDY_EVERY

    def _complain_once(self, error: DatabaseUnavailable) -> None:
        if not self._was_away:
            log.warning("%s Due work waits; it is looked for every %s s.", error, self.seconds)
        self._was_away = True


async def _wait(woken: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(max(seconds, _SHORTEST)):
            await woken.wait()
    except TimeoutError:
        return
