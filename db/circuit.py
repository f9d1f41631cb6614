"""The circuit breaker: while Postgres answers nothing at all, callers are refused at once, and one probe tests it.

It opens when three things are true: a call has waited for a whole deadline, nothing came back from Postgres
meanwhile, and a probe on a connection of its own, sent after half of that time, was not answered either. So long
statements, locks and an exhausted pool never open it: the probe waits for none of them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

Ask = Callable[[], Awaitable[bool]]
"""Probes Postgres on a connection of its own, within a bounded time: whether it answers."""

_PAUSE = 0.1
"""Seconds between probes, where a connection is refused at once."""


@dataclass(slots=True)
class Circuit:
    """Closed while Postgres is expected to answer. `seconds` is the deadline of a call."""

    ask: Ask
    seconds: float
    _answered_at: float = 0.0
    _asking: "asyncio.Task[None] | None" = None
    _opening: asyncio.TimerHandle | None = None
    _opened: "asyncio.Future[None] | None" = None

    @property
    def is_open(self) -> bool:
        """Postgres stands still; calls need not try it."""
        return self._opened is not None and self._opened.done()

    def answered(self) -> None:
        """Postgres sent something, so it is alive."""
        self._answered_at = asyncio.get_running_loop().time()
        if self.is_open:
            log.warning("Postgres answers again.")
        if self._asking is not None:
            self.close()

    async def wait(self, call: "asyncio.Task[Any]", seconds: float) -> bool:
        """Whether a call ends within so many seconds. The wait ends early if the circuit opens."""
        began, half = asyncio.get_running_loop().time(), self.seconds / 2
        either: Iterable[asyncio.Future[Any]] = (call, self._whether_opened())
        await asyncio.wait(either, timeout=min(seconds, half), return_when=asyncio.FIRST_COMPLETED)
        if seconds > half and not call.done():
            self._probe_unless_answered(began)
            await asyncio.wait(either, timeout=seconds - half, return_when=asyncio.FIRST_COMPLETED)
        return call.done()

    def close(self) -> None:
        """Callers use Postgres again, and the probe in the background stops."""
        if self._asking is not None:
            self._asking.cancel()
        if self._opening is not None:
            self._opening.cancel()
        if self.is_open:
            self._opened = None
        self._asking = self._opening = None

    def _probe_unless_answered(self, since: float) -> None:
        """Probes Postgres, unless it sent something since that moment or a probe is running already.

        The probe has the other half of a deadline, even if this process itself runs late.
        """
        if self._asking is not None or self._answered_at >= since:
            return
        loop = asyncio.get_running_loop()
        self._opening = loop.call_later(self.seconds / 2, self._open)
        self._asking = loop.create_task(self._ask_until_answered())
        self._asking.add_done_callback(self._on_end_of_asking)

    def _whether_opened(self) -> "asyncio.Future[None]":
        """A future that is done when the circuit opens; all waiting calls share it."""
        if self._opened is None:
            self._opened = asyncio.get_running_loop().create_future()
        return self._opened

    def _open(self) -> None:
        if not self._whether_opened().done():
            self._whether_opened().set_result(None)
            log.error("Postgres has answered nothing for %s s: callers are refused until it does.", self.seconds)

    async def _ask_until_answered(self) -> None:
        while not await self.ask():  # noqa: ASYNC110
            await asyncio.sleep(_PAUSE)

    def _on_end_of_asking(self, asking: "asyncio.Task[None]") -> None:
        """Closes the circuit when the probe was answered, and also when it failed: without a probe, an open circuit
        would stay open."""
        error = None if asking.cancelled() else asking.exception()
        if error is not None:
            log.error("Postgres cannot be asked whether it is there.", exc_info=error)
        if asking is not self._asking:
            return
        if asking.cancelled() or error is not None:
            self.close()
        else:
            self.answered()
