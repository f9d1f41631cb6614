"""Objects made of a row: each field is worked out when it is first read; fields without a reader cost nothing. Their
classes declare how each field is read, so that a plan can write it without making the object."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

from api.compiled.made import DECLARED, MadeOf, Reading
from api.cursors import Page
from api.schema.pages import PageInfo

T = TypeVar("T")
FieldSource = Reading | Callable[[Any], Any] | str


def of(make: Callable[..., Any], *names: str) -> Reading:
    """A field that is made of some values of a row; without names, of the row itself. If `make` has `many`, that makes
    the values of several rows."""
    return Reading(names, make, make_many=getattr(make, "many", None))


def each_of(make: Callable[[Any], Any], name: str) -> Reading:
    """A field that is a list: an object made of each item of a list in the row."""
    return Reading((name,), make, is_each=True)


def made_of(type_: type[T], *same: str, **others: FieldSource) -> Callable[[Any], T]:
    """How objects of a type are made of a row, their `row`: `same` are called alike in it, `others` are called
    otherwise, or are functions of it, or are made of some of its values."""
    readings = {name: Reading((name,)) for name in same} | {name: _reading(read) for name, read in others.items()}
    members: dict[str, Any] = {name: _descriptor(reading) for name, reading in readings.items()}
    members |= {"__init__": _init, "__module__": __name__, DECLARED: MadeOf("row", readings)}
    made: Callable[[Any], T] = type(type_.__name__, (type_,), members)
    return made


def _reading(read: FieldSource) -> Reading:
    if isinstance(read, Reading):
        return read
    return Reading((read,)) if isinstance(read, str) else of(read)


class _Once:
    """A field that is worked out when it is first read, and then stays the same object."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, made: Any, owner: type) -> Any:
        value = made.__dict__[self.name] = self.read(made.row)
        return value


def _descriptor(reading: Reading) -> Any:
    if reading.make is None:
        return property(attrgetter(f"row.{reading.names[0]}"))
    return _Once(reading.reader())


def _init(made: Any, row: Any) -> None:
    made.row = row


def page_of_rows(
    connection: type[T], edge: type[Any], node: Callable[[Any], Any], cursor: Reading
) -> Callable[[Page[Any]], T]:
    """How a connection is made of a page: edges, nodes and cursors as far as they are asked."""
    cursor_of = cursor.reader()
    edge_of = made_of(edge, cursor=cursor, node=node)
    info_of = made_of(
        PageInfo,
        has_next_page="has_next",
        has_previous_page="has_previous",
        start_cursor=lambda page: cursor_of(page.rows[0]) if page.rows else None,
        end_cursor=lambda page: cursor_of(page.rows[-1]) if page.rows else None,
    )
    return made_of(connection, edges=each_of(edge_of, "rows"), nodes=each_of(node, "rows"), page_info=info_of)
