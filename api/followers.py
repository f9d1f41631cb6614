"""Who in this process follows which member, and the one connection on which it hears that a balance has changed.

A notification says whose balance changed and nothing else; what changed is read. So a notification that was missed,
while the connection was being opened again, costs nothing: whoever follows anybody reads once more.
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
    """One follower of one member. However often it is told before it looks, it looks once."""

    _told: asyncio.Event = field(default_factory=asyncio.Event)

    def tell(self) -> None:
        """There is something to look at."""
        self._told.set()

    async def told(self, within: float | None = None) -> None:
        """Returns when there is something to look at, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                await self._told.wait()
        self._told.clear()


@dataclass(slots=True)
class Followers:
    """The followers of this process; the connection is opened for the first of them and kept until `close`."""

    listen: Listen
    most_per_member: int
    sign_of_life_seconds: float = _SIGN_OF_LIFE_SECONDS
    ending: asyncio.Event = field(default_factory=asyncio.Event)
    _followers: dict[UUID, set[Follower]] = field(default_factory=dict)
    _listening: "asyncio.Task[None] | None" = None

    @classmethod
    def of(cls, settings: Settings) -> "Followers":
        """As the settings say."""
        listen = partial(listening, settings.database_url, seconds=settings.deadline_seconds)
        return cls(listen, settings.streams_per_member)

    @property
    def followers(self) -> int:
        """How many follow anybody."""
        return sum(map(len, self._followers.values()))

    @contextmanager
    def follow(self, member_id: UUID) -> Iterator[Follower]:
        """Is told of one member's changes until the end of the block. Raises Limited for one follower too many."""
        followers = self._followers.setdefault(member_id, set())
        if len(followers) >= self.most_per_member:
            raise Limited(f"At most {self.most_per_member} subscriptions of one member are open at a time.")
        following = Follower()
        followers.add(following)
        self._begin_listening()
        try:
            yield following
        finally:
            followers.discard(following)
            if not followers:
                self._followers.pop(member_id, None)

    def end(self) -> None:
        """This process is about to stop: whoever holds a stream open lets go of it."""
        self.ending.set()

    async def close(self) -> None:
        """Ends listening."""
        self.end()
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.wait({self._listening})

    def _begin_listening(self) -> None:
        if self._listening is None and not self.ending.is_set():
            self._listening = asyncio.create_task(self._keep_listening())

    async def _keep_listening(self) -> None:
        """Listens for ever; a lost connection is opened again, soon at first and then every few seconds."""
        pause = _FIRST_PAUSE
        while True:
            try:
                async with self.listen(self._tell) as line:
                    pause = _FIRST_PAUSE
                    self._tell_all()
                    await line.until_lost(self.sign_of_life_seconds)
            except DatabaseUnavailable as error:
                log.warning("%s Trying again in %.1f s; what is missed meanwhile is read then.", error, pause)
            await asyncio.sleep(pause * random.uniform(0.5, 1))  # noqa: S311 - so that not all come back at once
            pause = min(pause * 2, _LONGEST_PAUSE)

    def _tell(self, member_id: UUID) -> None:
        for following in self._followers.get(member_id, ()):
            following.tell()

    def _tell_all(self) -> None:
        for member_id in self._followers:
            self._tell(member_id)
