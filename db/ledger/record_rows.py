"""The rows of decisions as the statement takes them: for each list an array of tuples, in the order of the columns of
its type (migrations 0021, 0022, 0030, 0040 and 0043)."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import fields
from datetime import date
from functools import cache
from operator import attrgetter
from typing import TYPE_CHECKING, Any
from uuid import UUID

from db.ledger.sealing import sealed

if TYPE_CHECKING:
    from db.ledger.record import DecidedChanges

_JSON = {"cap", "facts", "lines", "parcels", "content", "earlier_zones", "before", "after", "answer"}
"""The columns that are JSON; their types have them as text, because asyncpg writes no jsonb within a row."""


def rows_of(decided: "Sequence[DecidedChanges]", name: str) -> list[tuple[Any, ...]]:
    """The rows that decisions have in one list of `Changes`, at least one; each with its member's id first."""
    if name == "transfers":
        return [row for each in decided for row in sealed(each.member, each.changes.transfers)]
    rows = [(each.member.member_id, row) for each in decided for row in getattr(each.changes, name)]
    columns = _columns(type(rows[0][1]))  # type: ignore[arg-type]
    return [(member_id, *columns(row)) for member_id, row in rows]


@cache
def _columns(type_: type[Any]) -> Callable[[object], Iterable[Any]]:
    """How a row's columns are read, in the order of its fields."""
    names = [each.name for each in fields(type_)]
    if not _JSON.isdisjoint(names):
        return lambda row: [_json(getattr(row, name)) if name in _JSON else getattr(row, name) for name in names]
    return attrgetter(*names) if len(names) > 1 else lambda row: (getattr(row, names[0]),)


def _json(value: object) -> str | None:
    return None if value is None else _encode(value)


def _plain(value: object) -> str:
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(f"{type(value).__name__} has no place in a change.")


_encode = json.JSONEncoder(default=_plain).encode
