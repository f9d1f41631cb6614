"""What every resolver can ask: who is calling, in which language, and the request's readings."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import strawberry
from graphql import DocumentNode

from api.followers import Followers
from api.loaders import Loaders
from api.payers import Payer
from db.pool import DatabaseUnavailable
from loyalty.callers import Caller
from loyalty.programme.programme import Programme

Wake = Callable[[str, float | None], Awaitable[None]]
"""The name of what is to be done, and in how many seconds; None for now."""


@dataclass(slots=True)
class Requester:
    """Who sends a request and how it is answered; the operations of one batch share it.

    `payer` is whose budget its operations are taken from; `is_helped` says whether names of the schema are suggested.
    `is_database_away` is known once an operation of the request waited for Postgres in vain; `disconnect` is done once
    the client has disconnected (None: whoever carries the answer notices by itself).
    """

    caller: Caller
    language: str
    request_id: str
    payer: Payer
    is_helped: bool
    is_database_away: bool = False
    disconnect: "asyncio.Future[None] | None" = None

    @property
    def has_disconnected(self) -> bool:
        """Whether it is known that nobody waits for the answer any more."""
        return self.disconnect is not None and self.disconnect.done()


@dataclass(slots=True)
class Context:
    """One operation's surroundings. `wake` tells workers, after a commit, that there is something to do."""

    programme: Programme
    asker: Requester
    wake: Wake
    document: DocumentNode
    changes: Followers
    loaders: Loaders = field(init=False)

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.programme)

    @property
    def caller(self) -> Caller:
        """Who is calling."""
        return self.asker.caller

    @property
    def language(self) -> str:
        """The language of sentences for people."""
        return self.asker.language

    @property
    def request_id(self) -> str:
        """What an answer's errors and our log have in common."""
        return self.asker.request_id

    def read_anew(self) -> None:
        """Forgets what was read: something was written."""
        self.loaders = Loaders(self.programme)

    def begin_anew(self) -> None:
        """A subscription's next answer: what the one before it read, or could not read, says nothing of this one."""
        self.asker.is_database_away = False
        self.read_anew()

    def check_database(self) -> None:
        """Raises DatabaseUnavailable at once where an earlier field of this request waited for it in vain."""
        if self.asker.is_database_away:
            raise DatabaseUnavailable("Postgres did not answer an earlier field of this request.")


Info = strawberry.Info[Context, None]
