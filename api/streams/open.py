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
    """Counts open streams and refuses more than the limits; `ending` is set when the process is about to stop.

    `most_strangers` is for the connections of one address whose callers have not said yet who they are. These take no
    place of the `most`.
    """

    most: int
    most_per_member: int
    most_strangers: int
    heartbeat_seconds: float
    ending: asyncio.Event
    count: int = 0
    _of_members: Counter[str] = field(default_factory=Counter)
    _strangers: Counter[str] = field(default_factory=Counter)

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
        sentence = f"At most {self.most_per_member} streams of one member are open at a time."
        with _one_more_of(self._of_members, caller.name, self.most_per_member, sentence):
            yield lasts_until(caller)

    @contextmanager
    def stranger(self, address: str) -> Iterator[None]:
        """Counts a connection whose caller is not known yet. Raises Limited if its address has too many."""
        sentence = "Too many connections of this address have not said who they are: try again in a moment."
        with _one_more_of(self._strangers, address, self.most_strangers, sentence):
            yield


@contextmanager
def _one_more_of(counts: Counter[str], name: str, most: int, sentence: str) -> Iterator[None]:
    if counts[name] >= most:
        raise Limited(sentence)
    counts[name] += 1
    try:
        yield
    finally:
        counts[name] -= 1
        if not counts[name]:
            del counts[name]


def seconds_left(until: float) -> float:
    """The seconds until a moment of the host's clock; never below zero."""
    return max(0.0, until - time.time())
