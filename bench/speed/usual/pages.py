"""Pages of lists, newest first: one row more than requested shows whether there is another page."""

import base64
from collections.abc import Callable, Sequence
from typing import TypeVar

import asyncpg

from bench.speed.usual.types import Connection, Edge, PageInfo

T = TypeVar("T")

ENTRIES = "select * from usual.entries where member_id = $1 and id < $2 order by id desc limit $3"
COUPONS = "select * from usual.coupons where member_id = $1 and id < $2 order by id desc limit $3"
_BEFORE_ALL = 2**63 - 1


def cursor_of(row: asyncpg.Record) -> str:
    """An opaque text for a row's place."""
    return base64.b64encode(f"id:{row['id']}".encode()).decode()


def place_of(cursor: str | None) -> int:
    """The id that a page comes after. Raises ValueError for a text that is no cursor."""
    return int(base64.b64decode(cursor).decode().removeprefix("id:")) if cursor else _BEFORE_ALL


def page_of(rows: Sequence[asyncpg.Record], first: int, make: Callable[[asyncpg.Record], T]) -> Connection[T]:
    """Rows as a connection."""
    edges = [Edge(cursor=cursor_of(row), node=make(row)) for row in rows[:first]]
    end = edges[-1].cursor if edges else None
    return Connection(edges=edges, page_info=PageInfo(has_next_page=len(rows) > first, end_cursor=end))
