"""What every resolver can ask: who is calling, in which language, and the request's readings."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import strawberry
from graphql import DocumentNode

from api.loaders import Loaders
from db.pool import DatabaseUnavailable
from loyalty.callers import Caller
from loyalty.programme import Programme

Wake = Callable[[str, float | None], Awaitable[None]]
"""The name of what is to be done, and in how many seconds; None for now."""


@dataclass(slots=True)
class Context:
    """One operation's surroundings. `wake` tells workers, after a commit, that there is something to do; `is_helped`
    says whether the caller is told names of the schema."""

    programme: Programme
    caller: Caller
    language: str
    wake: Wake
    document: DocumentNode
    request_id: str
    is_helped: bool = True
    loaders: Loaders = field(init=False)
    is_database_away: bool = False

    def __post_init__(self) -> None:
        self.loaders = Loaders(self.programme)

    def read_anew(self) -> None:
        """Forgets what was read: something was written."""
        self.loaders = Loaders(self.programme)

    def check_database(self) -> None:
        """Raises DatabaseUnavailable at once where an earlier field of this request waited for it in vain."""
        if self.is_database_away:
            raise DatabaseUnavailable("Postgres did not answer an earlier field of this request.")


Info = strawberry.Info[Context, None]
