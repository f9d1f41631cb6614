"""Tables: flat objects of one class, written together, column by column.

A *row* is where the values come from: the object itself, or its source (made.py). Objects that are made of the same
source as the object around them are written in its rows."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import repeat
from operator import attrgetter
from typing import Any

from api.compiled.made import Reading
from api.compiled.words import Leaf, Many

FEW = 5
"""Fewer rows are written faster one by one."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column: how its values are read from rows, and how many or one of them are written."""

    reading: Reading
    write: Many
    fast: Leaf


class Table:
    """The pieces of constant text in each row, and the columns between them."""

    def __init__(self, pieces: Sequence[str], columns: Sequence[Column]) -> None:
        self._names = list(dict.fromkeys(name for each in columns for name in each.reading.names))
        self._read = attrgetter(*self._names) if self._names else None
        self._columns = [(self._places(each.reading), each.reading, each.write) for each in columns]
        self._singles = [(each.reading.reader(), each.fast) for each in columns]
        self._pieces = list(pieces)
        self._row = [cell for piece in pieces for cell in (piece, "")]
        self._row[-2:] = [f"{pieces[-1]},"]

    def one(self, row: Any) -> str:
        """One row."""
        cells = self._row.copy()
        for place, (read, write) in enumerate(self._singles):
            cells[2 * place + 1] = write(read(row))
        cells[-1] = self._pieces[-1]
        return "".join(cells)

    def joined(self, rows: Sequence[Any]) -> str:
        """The rows with commas between them; there is at least one. Raises for any unusual value."""
        if len(rows) < FEW:
            return ",".join(map(self.one, rows))
        cells, width = self._row * len(rows), len(self._row)
        for place, texts in enumerate(self._texts(rows)):
            cells[2 * place + 1 :: width] = texts
        cells[-1] = self._pieces[-1]
        return "".join(cells)

    def many(self, rows: Sequence[Any]) -> list[str]:
        """The text of each row."""
        if len(rows) < FEW:
            return list(map(self.one, rows))
        cells: list[Any] = []
        for piece, texts in zip(self._pieces, self._texts(rows)):  # noqa: B905 - there is a last piece
            cells += (repeat(piece), texts)
        return ["".join(each) for each in zip(*cells, repeat(self._pieces[-1], len(rows)))]  # noqa: B905

    def _places(self, reading: Reading) -> tuple[int, ...]:
        return tuple(self._names.index(name) for name in reading.names)

    def _texts(self, rows: Sequence[Any]) -> Iterator[Sequence[str]]:
        """The texts of each column."""
        read = self._values(rows)
        for places, reading, write in self._columns:
            if reading.make is None:
                yield write(read[places[0]])
                continue
            values = [read[place] for place in places] or [rows]
            yield write((reading.make_many or partial(_made, reading.make))(*values))

    def _values(self, rows: Sequence[Any]) -> Sequence[Sequence[Any]]:
        """The values of each attribute that is read."""
        if self._read is None:
            return ()
        values = list(map(self._read, rows))
        return [values] if len(self._names) == 1 else list(zip(*values, strict=True))


def _made(make: Callable[..., Any], *columns: Sequence[Any]) -> list[Any]:
    return list(map(make, *columns))
