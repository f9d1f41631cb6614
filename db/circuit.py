"""The circuit breaker: while Postgres answers nothing at all, callers are refused at once, and one probe tests it.

It opens when three things are true: a call has waited for a whole deadline, nothing came back from Postgres
meanwhile, and a probe on a connection of its own, sent after half of that time, was not answered either. So long
statements, locks and an exhausted pool never open it: the probe waits for none of them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

Ask = Callable[[], Awaitable[bool]]
"""Probes Postgres on a connection of its own, within a bounded time: whether it answers."""

_PAUSE = 0.1
"""Seconds between probes, where a connection is refused at once."""


class Unanswered(Exception):
    """There was no answer in time, or the circuit opened."""


@dataclass(slots=True)
class Circuit:
    """Closed while Postgres is expected to answer. `seconds` is the deadline of a call."""

    ask: Ask
    seconds: float
    _answered_at: float = 0.0
    _asking: "asyncio.Task[None] | None" = None
    _opening: asyncio.TimerHandle | None = None
    is_open: bool = False
    """Postgres stands still; calls need not try it."""
    _waiting: set["asyncio.Future[Any]"] = field(default_factory=set)

    def answered(self) -> None:
        """Postgres sent something, so it is alive."""
        self._answered_at = asyncio.get_running_loop().time()
        if self.is_open:
            log.warning("Postgres answers again.")
        if self._asking is not None:
            self.close()

    async def wait(self, answer: "asyncio.Future[T]", seconds: float) -> T:
        """The answer of a call. Raises Unanswered after so many seconds, or when the circuit opens before that."""
        loop, half = asyncio.get_running_loop(), self.seconds / 2
        timer = (
            loop.call_later(half, self._doubt, answer, loop.time(), seconds - half)
            if seconds > half
            else loop.call_later(seconds, _end, answer)
        )
        self._waiting.add(answer)
        try:
            return await answer
        except asyncio.CancelledError:
            if not answer.cancelled():
                answer.exception()  # it came at the same moment; asyncio would log an error that no caller took
            raise
        finally:
            timer.cancel()
            self._waiting.discard(answer)

    def _doubt(self, answer: "asyncio.Future[Any]", began: float, seconds: float) -> None:
        """Half of a deadline has passed without an answer, and `seconds` are left."""
        if not answer.done():
            self._probe_unless_answered(began)
            asyncio.get_running_loop().call_later(seconds, _end, answer)

    def close(self) -> None:
        """Callers use Postgres again, and the probe in the background stops."""
        if self._asking is not None:
            self._asking.cancel()
        if self._opening is not None:
            self._opening.cancel()
        self.is_open = False
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

    def _open(self) -> None:
        if not self.is_open:
            self.is_open = True
            log.error("Postgres has answered nothing for %s s: callers are refused until it does.", self.seconds)
            for answer in self._waiting:
                _end(answer)

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


def _end(answer: "asyncio.Future[Any]") -> None:
    if not answer.done():
        answer.set_exception(Unanswered())
