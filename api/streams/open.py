"""The open streams of this process: how many there may be, and how long they last."""

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from api.access import lasts_until
from api.problems import Limited
from loyalty.callers import Caller


@dataclass(slots=True)
class OpenStreams:
    """Counts open streams and refuses more than the limits; `ending` is set when the process is about to stop."""

    most: int
    most_per_member: int
    heartbeat_seconds: float
    ending: asyncio.Event
    count: int = 0
    _of_members: Counter[str] = field(default_factory=Counter)

    @property
    def slowest_seconds(self) -> float:
        """The seconds that a client may take to read one message; a slower one is disconnected."""
        return 2 * self.heartbeat_seconds

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Counts one connection until the end of the block. Raises Limited if this process has too many."""
        if self.count >= self.most:
            raise Limited("This server holds as many streams open as it may: try again in a moment.")
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1

    @contextmanager
    def of(self, caller: Caller) -> Iterator[float]:
        """Counts a caller's connection until the end of the block. Raises Limited if a member has too many.

        Yields the moment at which the connection must end, in seconds of the host's clock.
        """
        if not caller.is_member or caller.name is None:
            yield lasts_until(caller)
            return
        if self._of_members[caller.name] >= self.most_per_member:
            raise Limited(f"At most {self.most_per_member} streams of one member are open at a time.")
        self._of_members[caller.name] += 1
        try:
            yield lasts_until(caller)
        finally:
            self._of_members[caller.name] -= 1
            if not self._of_members[caller.name]:
                del self._of_members[caller.name]


def seconds_left(until: float) -> float:
    """The seconds until a moment of the host's clock; never below zero."""
    return max(0.0, until - time.time())
