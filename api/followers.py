"""The followers of balances in this process, and the one connection that receives notifications of changes.

A notification holds the member's id and nothing else; a follower then reads the changes. So no change is lost while
the connection is opened again: afterwards every follower reads once.
"""

import asyncio
import logging
import random
from collections.abc import Callable, Iterator
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from uuid import UUID

from api.problems import Limited
from db.ledger.balance_changes import ListeningConnection, OnChange, listening
from db.pool import DatabaseUnavailable
from loyalty.settings import Settings

log = logging.getLogger("mipoints.api")

Listen = Callable[[OnChange], AbstractAsyncContextManager[ListeningConnection]]

_SIGN_OF_LIFE_SECONDS = 15.0
_FIRST_PAUSE, _LONGEST_PAUSE = 0.1, 5.0


@dataclass(slots=True, eq=False)
class Follower:
    """One follower of one member. Several notifications before it looks make it look once."""

    _changed: asyncio.Event = field(default_factory=asyncio.Event)

    def notify(self) -> None:
        """Lets the follower look for changes."""
        self._changed.set()

    async def wait(self, within: float | None = None) -> None:
        """Returns when the balance may have changed, or after `within` seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._changed.wait()
        self._changed.clear()


@dataclass(slots=True)
class Followers:
    """The followers of this process. The first one opens the connection; it stays open until `close`."""

    listen: Listen
    most_per_member: int
    sign_of_life_seconds: float = _SIGN_OF_LIFE_SECONDS
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    _followers: dict[UUID, set[Follower]] = field(default_factory=dict)
    _listening: "asyncio.Task[None] | None" = None

    @classmethod
    def of(cls, settings: Settings) -> "Followers":
        """Followers with the connection and limits of these settings."""
        listen = partial(listening, settings.database_url, seconds=settings.deadline_seconds)
        return cls(listen, settings.streams_per_member)

    @property
    def followers(self) -> int:
        """The number of all followers."""
        return sum(map(len, self._followers.values()))

    @contextmanager
    def follow(self, member_id: UUID) -> Iterator[Follower]:
        """A follower of one member until the end of the block. Raises Limited if the member has too many."""
        followers = self._followers.setdefault(member_id, set())
        if len(followers) >= self.most_per_member:
            raise Limited(f"At most {self.most_per_member} subscriptions of one member are open at a time.")
        follower = Follower()
        followers.add(follower)
        self._begin_listening()
        try:
            yield follower
        finally:
            followers.discard(follower)
            if not followers:
                self._followers.pop(member_id, None)

    def end(self) -> None:
        """Ends all streams, because this process is about to stop."""
        self.ending.set()

    async def close(self) -> None:
        """Ends all streams and closes the connection."""
        self.end()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    def _begin_listening(self) -> None:
        if self._listening is None and not self.ending.is_set():
            self._listening = asyncio.create_task(self._keep_listening())

    async def _keep_listening(self) -> None:
        """Listens until it is cancelled. A lost connection is opened again after 0.1 seconds, later after up to 5."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self.listen(self._notify) as line:
                    pause = _FIRST_PAUSE
                    self._notify_all()
                    await line.until_lost(self.sign_of_life_seconds)
            except DatabaseUnavailable as error:
                log.warning("%s Trying again in %.1f s; what is missed meanwhile is read then.", error, pause)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - so that processes do not all reconnect at once
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _notify(self, member_id: UUID) -> None:
        for follower in self._followers.get(member_id, ()):
            follower.notify()

    def _notify_all(self) -> None:
        for member_id in self._followers:
            self._notify(member_id)
