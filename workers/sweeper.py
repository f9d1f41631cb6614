"""The sweeper: a row that is due is the work. It needs no Redis; a wake-up only makes it look sooner."""

import asyncio
import logging
from dataclasses import dataclass, field

from db.credit import seconds_to_next_due
from db.inbox import bury_parked, unpark_known
from db.pool import DatabaseUnavailable
from loyalty.credit import credit_due
from loyalty.inbox import apply_deliveries
from loyalty.programme import Programme

log = logging.getLogger(__name__)

_SHORTEST = 0.005
_TIDY_EVERY = 30.0


@dataclass(slots=True)
class Sweeper:
    """Looks for due work every `seconds`, sooner when a promise is due sooner or when it is woken."""

    programme: Programme
    seconds: float
    _woken: asyncio.Event = field(default_factory=asyncio.Event)
    _stopping: bool = False
    _was_away: bool = False

    async def run(self) -> None:
        """Sweeps until `stop` is called; a database that is away is waited for."""
        tidied = 0.0
        clock = asyncio.get_running_loop().time
        while not self._stopping:
            self._woken.clear()
            try:
                await self.sweep()
                if clock() - tidied > _TIDY_EVERY:
                    await self.tidy()
                    tidied = clock()
                await self._rest(await self._seconds_to_rest())
                self._was_away = False
            except DatabaseUnavailable as error:
                self._complain_once(error)
                await self._rest(self.seconds)

    async def sweep(self) -> int:
        """Does everything that is due now; gives how many rows it finished."""
        return await apply_deliveries(self.programme) + await credit_due(self.programme.db)

    async def tidy(self) -> None:
        """Frees parked deliveries whose order nobody announced, and gives up on those parked for 90 days."""
        await unpark_known(self.programme.db)
        await bury_parked(self.programme.db)

    def wake(self) -> None:
        """Ends the current rest."""
        self._woken.set()

    def stop(self) -> None:
        """Ends `run` after what it is doing."""
        self._stopping = True
        self._woken.set()

    async def _seconds_to_rest(self) -> float:
        until_due = await seconds_to_next_due(self.programme.db)
        if until_due is None or until_due <= 0:
            return self.seconds
        return min(self.seconds, until_due + _SHORTEST)

    async def _rest(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(max(seconds, _SHORTEST)):
                await self._woken.wait()
        except TimeoutError:
            return

    def _complain_once(self, error: DatabaseUnavailable) -> None:
        if not self._was_away:
            log.warning("%s Due work waits; it is looked for every %s s.", error, self.seconds)
        self._was_away = True
