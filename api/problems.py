"""Errors that no rule of the programme decides: each has a code for the program and a sentence for the developer."""

from collections.abc import Mapping
from typing import Any


class Problem(Exception):
    """A top-level GraphQL error. Its message is sent to the client; `facts` are sent beside the code.

    `status` is the HTTP status if nothing was run, for clients that accept GraphQL's own media type.
    """

    code = "BAD_USER_INPUT"
    status: int = 400
    facts: Mapping[str, Any] = {}


class BadUserInput(Problem):
    """The request is invalid; the message names the reason."""


class Unauthenticated(Problem):
    """The caller has no token, or its token was rejected."""

    code = "UNAUTHENTICATED"


class Forbidden(Problem):
    """The caller is authenticated, but may not do this."""

    code = "FORBIDDEN"
    status = 403


class MemberNotNamed(Forbidden):
    """A service called a field about one member without naming the member."""

    code = "BAD_USER_INPUT"
    status = 400


class PersistedQueryNotFound(Problem):
    """The id of the document is unknown. Apollo Client and urql look for exactly this message."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")


class Limited(Problem):
    """A limit was exceeded: by one operation, or by a caller's budget (`retry_after` is the seconds to wait)."""

    code = "LIMITED"

    def __init__(self, sentence: str, *, retry_after: int | None = None, **facts: Any) -> None:
        super().__init__(sentence)
        self.retry_after = retry_after
        self.facts = facts if retry_after is None else facts | {"retryAfter": retry_after}
        self.status = 400 if retry_after is None else 429
