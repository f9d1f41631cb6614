"""Arguments that several fields share, each with its description."""

from typing import Annotated, Any, TypeVar

import strawberry

from api.cursors import PageArguments

T = TypeVar("T")

First = Annotated[
    int | None, strawberry.argument(description="At most so many from the start, 0 to 100 (default: 20).")
]
After = Annotated[str | None, strawberry.argument(description="Only what comes after this cursor.")]
Last = Annotated[
    int | None, strawberry.argument(description="At most so many from the end, 0 to 100; not with `first`.")
]
Before = Annotated[str | None, strawberry.argument(description="Only what comes before this cursor.")]
IdempotencyKey = Annotated[
    strawberry.ID,
    strawberry.argument(
        description="Chosen by you, 1 to 200 characters, kept for ever: the same key with the same input gets the "
        "first answer, so a request may be repeated safely. A UUID will do."
    ),
]

NOT_GIVEN: Any = strawberry.UNSET


def given(value: T | None) -> T | None:
    """An argument's value; None if it was not given."""
    return None if value is NOT_GIVEN else value


def page_arguments(
    first: int | None, after: str | None, last: int | None = None, before: str | None = None
) -> PageArguments:
    """The arguments of a connection; those that were not given are None."""
    return PageArguments(given(first), given(after), given(last), given(before))
