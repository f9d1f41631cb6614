"""Objects made of a row: each field is worked out when it is read, so that nothing is done for what nobody asks. Their
classes declare how each field is read, so that a plan can write it without making the object."""

from collections.abc import Callable
from typing import Any, TypeVar

from api.compiled.made import DECLARED, MadeOf, Reading
from api.cursors import Page
from api.schema.pages import PageInfo

T = TypeVar("T")


def of(make: Callable[..., Any], *names: str) -> Reading:
    """A field that is made of some values of a row; without names, of the row itself."""
    return Reading(names, make, make_many=getattr(make, "many", None))


def each_of(make: Callable[[Any], Any], name: str) -> Reading:
    """A field that is a list: an object made of each item of a list in the row."""
    return Reading((name,), make, is_each=True)


def made_of(type_: type[T], *same: str, **others: Reading | str) -> Callable[[Any], T]:
    """How objects of a type are made of a row, their `row`: `same` are called alike in it, `others` are called
    otherwise or are made of it."""
    readings = {name: Reading((name,)) for name in same}
    readings |= {name: Reading((read,)) if isinstance(read, str) else read for name, read in others.items()}
    members: dict[str, Any] = {name: _property(reading) for name, reading in readings.items()}
    members |= {"__init__": _init, "__module__": __name__, DECLARED: MadeOf("row", readings)}
    made: Callable[[Any], T] = type(type_.__name__, (type_,), members)
    return made


def _property(reading: Reading) -> property:
    names = tuple(f"row.{name}" for name in reading.names) or ("row",)
    return property(Reading(names, reading.make, is_each=reading.is_each).reader())


def _init(made: Any, row: Any) -> None:
    made.row = row


def page_of_rows(
    connection: type[T], edge: type[Any], node: Callable[[Any], Any], cursor: Reading
) -> Callable[[Page[Any]], T]:
    """How a connection is made of a page: edges, nodes and cursors as far as they are asked."""
    cursor_of = cursor.reader()
    edge_of = made_of(edge, cursor=cursor, node=of(node))
    info_of = made_of(
        PageInfo,
        has_next_page="has_next",
        has_previous_page="has_previous",
        start_cursor=of(lambda page: cursor_of(page.rows[0]) if page.rows else None),
        end_cursor=of(lambda page: cursor_of(page.rows[-1]) if page.rows else None),
    )
    return made_of(connection, edges=each_of(edge_of, "rows"), nodes=each_of(node, "rows"), page_info=of(info_of))
