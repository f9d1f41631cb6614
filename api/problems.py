"""What goes wrong outside the programme's rules: a code for the program and a sentence for the person."""

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """A top-level GraphQL error with its code; the sentence is meant for the client, and `facts` stand beside the code.

    `status` is HTTP's where nothing was run, for clients that asked for GraphQL's own media type.
    """

    code = "BAD_USER_INPUT"
    status: int = 400
    facts: Mapping[str, Any] = {}


class BadUserInput(Problem):
    """The request cannot be answered as it was asked."""


class Unauthenticated(Problem):
    """Nobody known is calling."""

    code = "UNAUTHENTICATED"


class Forbidden(Problem):
    """Somebody known is calling who may not ask this."""

    code = "FORBIDDEN"
    status = 403


class WhoseNotSaid(Forbidden):
    """A service may ask this about anybody, and has named nobody."""

    code = "BAD_USER_INPUT"
    status = 400


class PersistedQueryNotFound(Problem):
    """A document was asked for by an id that nobody told us. Clients of Apollo and urql know these very words."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class Limited(Problem):
    """More than is answered: of one operation, or of one caller in a while (`retry_after`, in seconds, says when)."""

    code = "LIMITED"

    def __init__(self, sentence: str, *, retry_after: int | None = None, **facts: Any) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        self.facts = facts if retry_after is None else facts | {"retryAfter": retry_after}
        self.status = 400 if retry_after is None else 429
