"""The circuit: while Postgres answers nothing at all, callers hear so at once, and one question at a time asks it.

It opens when somebody has waited for a whole deadline, nothing whatever came back meanwhile, and a question on a
connection of its own, asked when half of that time was over, was not answered either. So statements that run long,
locks and a pool that is used up never open it: the question waits for none of them.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Any

log = logging.getLogger(__name__)

Ask = Callable[[], Awaitable[bool]]
"""Whether Postgres answers, found out on a connection of its own and within a bounded time."""

_PAUSE = 0.1
"""Seconds between questions, where a connection is refused at once."""


@dataclass(slots=True)
class Circuit:
    """Closed while Postgres is worth asking. `seconds` is the deadline of a call."""

    ask: Ask
    seconds: float
    _answered_at: float = 0.0
    _asking: "asyncio.Task[None] | None" = None
    _opening: asyncio.TimerHandle | None = None
    _opened: "asyncio.Future[None] | None" = None

    @property
    def is_open(self) -> bool:
        """Nobody needs to ask: Postgres stands still."""
        return self._opened is not None and self._opened.done()

    def answered(self) -> None:
        """Something came back from Postgres: it lives."""
        self._answered_at = asyncio.get_running_loop().time()
        if self.is_open:
            log.warning("Postgres answers again.")
        if self._asking is not None:
            self.close()

    async def wait(self, call: "asyncio.Task[Any]", seconds: float) -> bool:
        """Whether a call ends within so many seconds; not waited for beyond the moment the circuit opens."""
        began, half = asyncio.get_running_loop().time(), self.seconds / 2
        either: Iterable[asyncio.Future[Any]] = (call, self._whether_opened())
        await asyncio.wait(either, timeout=min(seconds, half), return_when=asyncio.FIRST_COMPLETED)
        if seconds > half and not call.done():
            self._wonder(began)
            await asyncio.wait(either, timeout=seconds - half, return_when=asyncio.FIRST_COMPLETED)
        return call.done()

    def close(self) -> None:
        """Callers ask Postgres themselves; nothing asks it in the background any more."""
        if self._asking is not None:
            self._asking.cancel()
        if self._opening is not None:
            self._opening.cancel()
        if self.is_open:
            self._opened = None
        self._asking = self._opening = None

    def _wonder(self, since: float) -> None:
        """Asks Postgres, unless something came back since that moment or it is being asked already.

        The question has the other half of a deadline, however late this process itself is.
        """
        if self._asking is not None or self._answered_at >= since:
            return
        loop = asyncio.get_running_loop()
        self._opening = loop.call_later(self.seconds / 2, self._open)
        self._asking = loop.create_task(self._ask_until_answered())
        self._asking.add_done_callback(self._on_end_of_asking)

    def _whether_opened(self) -> "asyncio.Future[None]":
        """Done when the circuit opens: one for all who wait."""
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
        """Answered, or unable to ask: a circuit about which nobody asks does not stay open."""
        error = None if asking.cancelled() else asking.exception()
        if error is not None:
            log.error("Postgres cannot be asked whether it is there.", exc_info=error)
        if asking is not self._asking:
            return
        if asking.cancelled() or error is not None:
            self.close()
        else:
            self.answered()
