"""Noticing that a client disconnects before it has its answer."""

import asyncio
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

from starlette.types import Receive

_UNWATCHED_SECONDS = 0.05
"""Most answers are there sooner: to watch for their client's disconnect would cost more than it saves."""


async def client_disconnect(receive: Receive) -> None:
    """Returns when the client has disconnected. Call it only after the whole body was read."""
    while (await receive())["type"] != "http.disconnect":
        pass


@dataclass(slots=True)
class Disconnect:
    """The disconnect of one request's client, which is watched for once an operation has to wait.

    `receive` is called only then, so the whole body has to be read before.
    """

    receive: Receive
    _watching: "asyncio.Future[None] | None" = None
    _work: asyncio.Timeout | None = None

    @property
    def is_noticed(self) -> bool:
        """Whether it is known that the client has disconnected."""
        return self._watching is not None and self._watching.done() and not self._watching.cancelled()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Within it, the client is watched from the beginning, so that work which follows other work is not begun."""
        self._watch()
        try:
            yield
        finally:
            self._watch_no_more()

    @contextmanager
    def ending(self, work: asyncio.Timeout) -> Iterator[None]:
        """Within it, a disconnect ends the work as if its time were over: at once, or after 50 ms if it was sooner."""
        starting = self._watch_later() if self._watching is None else None
        self._work = work
        try:
            yield
        finally:
            self._work = None
            if starting is not None:
                starting.cancel()
                self._watch_no_more()

    def _watch_later(self) -> asyncio.TimerHandle:
        return asyncio.get_running_loop().call_later(_UNWATCHED_SECONDS, self._watch)

    def _watch(self) -> None:
        self._watching = asyncio.ensure_future(client_disconnect(self.receive))
        self._watching.add_done_callback(self._end_work)

    def _watch_no_more(self) -> None:
        if self._watching is not None:
            self._watching.cancel()

    def _end_work(self, _: "asyncio.Future[None]") -> None:
        """Unless it ended by itself, or its time is over already."""
        if self._work is not None and not self._work.expired():
            self._work.reschedule(asyncio.get_running_loop().time())


def ended_by(disconnect: Disconnect | None, work: asyncio.Timeout) -> AbstractContextManager[None]:
    """Within it, a disconnect ends the work; None ends nothing."""
    return disconnect.ending(work) if disconnect is not None else nullcontext()
