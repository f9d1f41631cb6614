"""Pages: connection arguments become a window; positions in a list become opaque, versioned cursors."""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Generic, NamedTuple, TypeVar
from uuid import UUID

from api.bodies import has_unkeepable_text
from api.moments import isoformat
from api.opaque import opaque
from api.problems import BadUserInput
from db.pages import Window

T = TypeVar("T")
Row = TypeVar("Row")
Plain = str | int | None

DEFAULT_PAGE = 20
LARGEST_PAGE = 100
_VERSION = 1
_LONGEST = 2000
_LAST_SEQ = 2**62
"""No history is that long; the integers after it leave room for arithmetic."""
_NOT_OURS = "This cursor is not one of this list: use `startCursor`, `endCursor` or an edge's `cursor`."


@dataclass(frozen=True, slots=True)
class Places(Generic[T]):
    """How the places of one kind of list are written into cursors, as members of a JSON array, and read from them."""

    list: str
    write: Callable[[T], str]
    read: Callable[[Sequence[Plain]], T]

    def cursor(self, place: T) -> str:
        """The opaque cursor of a place in this list."""
        return opaque(f'[{_VERSION},"{self.list}",{self.write(place)}]')

    def cursor_at(self: "Places[tuple[Any, ...]]", *place: Any) -> str:
        """The same for a place of several parts."""
        return self.cursor(place)

    def place(self, cursor: str) -> T:
        """The place that a cursor names. Raises BadUserInput if the cursor is not one of this list."""
        if len(cursor) > _LONGEST:
            raise BadUserInput(_NOT_OURS)
        try:
            values = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
            version, list_, *place = values
            if (version, list_) != (_VERSION, self.list):
                raise BadUserInput(_NOT_OURS)
            return self.read(place)
        except (binascii.Error, UnicodeError, ValueError, TypeError, AttributeError, OverflowError, RecursionError):
            raise BadUserInput(_NOT_OURS) from None


class PageArguments(NamedTuple):
    """A connection's arguments as the client sent them; None means not sent."""

    first: int | None = None
    after: str | None = None
    last: int | None = None
    before: str | None = None


def window(asked: PageArguments, places: Places[T]) -> Window[T]:
    """The requested part of a list: forwards unless `last` is sent; DEFAULT_PAGE rows unless a number is sent.

    Raises BadUserInput for both `first` and `last`, for a number outside 0 to LARGEST_PAGE, or for a foreign cursor.
    """
    if asked.first is not None and asked.last is not None:
        raise BadUserInput("Ask for `first` or for `last`, not for both.")
    name, most = ("last", asked.last) if asked.last is not None else ("first", asked.first)
    most = DEFAULT_PAGE if most is None else most
    if not 0 <= most <= LARGEST_PAGE:
        raise BadUserInput(f"`{name}` is between 0 and {LARGEST_PAGE}; this asks for {most}.")
    return Window(
        most=most,
        after=places.place(asked.after) if asked.after is not None else None,
        before=places.place(asked.before) if asked.before is not None else None,
        from_end=asked.last is not None,
    )


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows in the list's order, and whether there are more on either side."""

    rows: list[Row]
    has_next: bool
    has_previous: bool


def page_of(rows: Sequence[Row], window: Window[T]) -> Page[Row]:
    """The page of the rows that were read for a window; one row more than its `most` means that there are more."""
    kept, more = list(rows[: window.most]), len(rows) > window.most
    if window.from_end:
        return Page(kept[::-1], has_next=window.before is not None, has_previous=more)
    return Page(kept, has_next=more, has_previous=window.after is not None)


def _moment(value: Plain) -> datetime:
    """A moment in UTC, as the database needs it: at the calendar's ends, an offset can leave the range."""
    moment = datetime.fromisoformat(_text(value))
    if moment.tzinfo is None:
        raise ValueError
    return moment.astimezone(UTC)


def _text(value: Plain) -> str:
    if not isinstance(value, str):
        raise TypeError
    return value


def _read_seq(place: Sequence[Plain]) -> int:
    (seq,) = place
    if type(seq) is not int or not 0 < seq < _LAST_SEQ:
        raise ValueError
    return seq


def _read_moment_and_id(place: Sequence[Plain]) -> tuple[datetime, UUID]:
    moment, id_ = place
    return _moment(moment), UUID(_text(id_))


def _read_due_and_id(place: Sequence[Plain]) -> tuple[datetime | None, UUID]:
    due_at, id_ = place
    return None if due_at is None else _moment(due_at), UUID(_text(id_))


def _read_delivery(place: Sequence[Plain]) -> tuple[datetime, str, str]:
    received_at, producer, event_id = place
    if has_unkeepable_text([producer, event_id]):
        raise ValueError
    return _moment(received_at), _text(producer), _text(event_id)


def _write_moment_and_id(place: tuple[datetime | None, UUID]) -> str:
    moment, id_ = place
    return f'"{isoformat(moment)}","{id_}"' if moment is not None else f'null,"{id_}"'


def _write_delivery(place: tuple[datetime, str, str]) -> str:
    received_at, producer, event_id = place
    return f'"{isoformat(received_at)}",{encode_basestring(producer)},{encode_basestring(event_id)}'


ENTRIES: Places[int] = Places("entries", str, _read_seq)
COUPONS: Places[tuple[datetime, UUID]] = Places("coupons", _write_moment_and_id, _read_moment_and_id)
VERDICTS: Places[tuple[datetime, UUID]] = Places("verdicts", _write_moment_and_id, _read_moment_and_id)
NOTICES: Places[tuple[datetime, UUID]] = Places("notices", _write_moment_and_id, _read_moment_and_id)
PAST_REFUSALS: Places[tuple[datetime, UUID]] = Places("refusals", _write_moment_and_id, _read_moment_and_id)
PENDING: Places[tuple[datetime | None, UUID]] = Places("pending", _write_moment_and_id, _read_due_and_id)
entry_cursor = lru_cache(maxsize=4096)(ENTRIES.cursor)
"""The cursor of a line of history. It depends on the position alone, and most positions are low."""
DELIVERIES: Places[tuple[datetime, str, str]] = Places("deliveries", _write_delivery, _read_delivery)
