"""How many streams this process holds open, for whom, and for how long."""

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
    """Counts them, so that none is one too many; `ending` is set when the process is about to stop."""

    most: int
    most_per_member: int
    heartbeat_seconds: float
    ending: asyncio.Event
    count: int = 0
    _of_members: Counter[str] = field(default_factory=Counter)

    @property
    def slowest_seconds(self) -> float:
        """A reader that takes longer for one message is let go of."""
        return 2 * self.heartbeat_seconds

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """One connection, until the end of the block. Raises Limited where this process holds as many as it may."""
        if self.count >= self.most:
            raise Limited("This server holds as many streams open as it may: try again in a moment.")
        self.count += 1
        try:
            yield
        finally:
            self.count -= 1

    @contextmanager
    def of(self, caller: Caller) -> Iterator[float]:
        """A caller's connection until the end of the block; gives when it has to end, in seconds of the host's clock.

        Raises Limited where a member has as many as it may.
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
    """How long it is until a moment of the host's clock; never below zero."""
    return max(0.0, until - time.time())
