"""What goes wrong outside the programme's rules: a code for the program and a sentence for the person."""


class Problem(Exception):
    """A top-level GraphQL error with its code; the sentence is meant for the client."""

    code = "BAD_USER_INPUT"


class BadUserInput(Problem):
    """The request cannot be answered as it was asked."""


class Unauthenticated(Problem):
    """Nobody known is calling."""

    code = "UNAUTHENTICATED"


class Forbidden(Problem):
    """Somebody known is calling who may not ask this."""

    code = "FORBIDDEN"


class Limited(Problem):
    """More was asked for than one caller is given at a time."""

    code = "LIMITED"


class PersistedQueryNotFound(Problem):
    """A document was asked for by an id that nobody told us. Clients of Apollo and urql know these very words."""

    code = "PERSISTED_QUERY_NOT_FOUND"

    def __init__(self) -> None:
        super().__init__("PersistedQueryNotFound")
