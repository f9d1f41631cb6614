"""Objects made of a row: each field is worked out when it is first read; nothing is done for what nobody asks."""

from collections.abc import Callable
from operator import attrgetter
from typing import Any, TypeVar

from api.cursors import Page, Places
from api.schema.pages import PageInfo

T = TypeVar("T")
Row = TypeVar("Row")
FieldSource = Callable[[Any], Any] | str


def made_of(type_: type[T], *same: str, **others: FieldSource) -> Callable[[Any], T]:
    """How objects of a type are made of a row, their `row`: `same` are called alike in it, `others` are called
    otherwise or are functions of it."""
    properties: dict[str, Any] = {name: property(attrgetter(f"row.{name}")) for name in same}
    properties |= {name: _descriptor(read) for name, read in others.items()}
    made: Callable[[Any], T] = type(type_.__name__, (type_,), {"__init__": _init, "__module__": __name__, **properties})
    return made


class _Once:
    """A field that is worked out when it is first read, and then stays the same object."""

    def __init__(self, read: Callable[[Any], Any]) -> None:
        self.read = read

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, made: Any, owner: type) -> Any:
        value = made.__dict__[self.name] = self.read(made.row)
        return value


def _descriptor(read: FieldSource) -> Any:
    return property(attrgetter(f"row.{read}")) if isinstance(read, str) else _Once(read)


def _init(made: Any, row: Any) -> None:
    made.row = row


def page_of_rows(
    connection: type[T],
    edge: type[Any],
    node_of: Callable[[Row], Any],
    places: Places[Any],
    place_of: Callable[[Row], Any],
) -> Callable[[Page[Row]], T]:
    """How a connection is made of a page: edges, nodes and cursors as far as they are asked."""

    def cursor_of(row: Row) -> str:
        return places.cursor(place_of(row))

    edge_of = made_of(edge, cursor=cursor_of, node=node_of)
    info_of = made_of(
        PageInfo,
        has_next_page="has_next",
        has_previous_page="has_previous",
        start_cursor=lambda page: cursor_of(page.rows[0]) if page.rows else None,
        end_cursor=lambda page: cursor_of(page.rows[-1]) if page.rows else None,
    )
    return made_of(
        connection,
        edges=lambda page: [edge_of(row) for row in page.rows],
        nodes=lambda page: [node_of(row) for row in page.rows],
        page_info=info_of,
    )
