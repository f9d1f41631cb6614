"""The context of every resolver: the caller, the language, and the rows that the request has read."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import strawberry
from graphql import DocumentNode

from api.disconnect import Disconnect
from api.followers import Followers
from api.loaders import Loaders
from api.payers import Payer
from db.pool import DatabaseUnavailable
from loyalty.callers import Caller
from loyalty.ledger.written import Written
from loyalty.programme.programme import Programme

Wake = Callable[[str, float | None], Awaitable[None]]
"""Takes the name of a worker's job, and the seconds until it is due; None for now."""


@dataclass(slots=True)
class Requester:
    """The sender of a request and how it is answered; the operations of one batch share it.

    `payer` pays the cost of its operations. `is_helped` says whether error messages suggest names of the schema to it.
    `is_database_away` becomes true when an operation of the request got no answer from Postgres. `disconnect` is
    the client's (None for a stream, which notices that by itself).
    """

    caller: Caller
    language: str
    request_id: str
    payer: Payer
    is_helped: bool
    is_database_away: bool = False
    disconnect: Disconnect | None = None

    @property
    def has_disconnected(self) -> bool:
        """Whether the client is known to have disconnected, so that no one waits for the answer."""
        return self.disconnect is not None and self.disconnect.is_noticed


@dataclass(slots=True)
class Context:
    """The context of one operation. `wake` wakes a worker after a commit; `changes` is for subscriptions."""

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
        """The caller of the operation."""
        return self.asker.caller

    @property
    def language(self) -> str:
        """The language of sentences for people."""
        return self.asker.language

    @property
    def request_id(self) -> str:
        """The id that errors in the answer and lines in our log both carry."""
        return self.asker.request_id

    def read_anew(self, written: Written | None = None) -> None:
        """Forgets all rows that were read, because something was written; what was `written` need not be read."""
        self.loaders = Loaders(self.programme, written)

    def begin_anew(self) -> None:
        """Prepares a subscription's next answer: forgets the rows, and any database failure, of the one before."""
        self.asker.is_database_away = False
        self.read_anew()

    def check_database(self) -> None:
        """Raises DatabaseUnavailable at once if an earlier field of this request got no answer from Postgres."""
        if self.asker.is_database_away:
            raise DatabaseUnavailable("Postgres did not answer an earlier field of this request.")


Info = strawberry.Info[Context, None]
