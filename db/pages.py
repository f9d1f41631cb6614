"""Pages of lists: the part of a list to read, and keys of rows by member."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar
from uuid import UUID

T = TypeVar("T")


MemberAnd = tuple[UUID, T]
"""A member's id and the key of one of its rows."""


@dataclass(frozen=True, slots=True)
class Window(Generic[T]):
    """A part of a list: at most `most` rows between two places (excluded), counted from its start or its end."""

    most: int
    after: T | None = None
    before: T | None = None
    from_end: bool = False

    @property
    def is_first(self) -> bool:
        """Whether it begins at the start of the list and has no other end than its size."""
        return self.after is None and self.before is None and not self.from_end


def columns_of(keys: Sequence[MemberAnd[Any]]) -> tuple[list[UUID], list[Any]]:
    return [member_id for member_id, _ in keys], [local for _, local in keys]


def texts_of(ids: Sequence[UUID]) -> tuple[str, ...]:
    return tuple(str(each) for each in ids)
