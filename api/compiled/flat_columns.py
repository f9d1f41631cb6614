"""The columns of flat objects: each field is a column, or several if it is an object made of the same source."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from api.compiled.leaves import LeafWriter
from api.compiled.made import MadeOf, Reading, declaration_of
from api.compiled.tables import Column

if TYPE_CHECKING:
    from api.compiled.flat import Attribute, FlatObject


def add_fields(
    attributes: "Sequence[Attribute]", declared: MadeOf | None, row: Any, pieces: list[str], columns: list[Column]
) -> None:
    """Adds the fields of an object to the pieces and columns of its rows. `row` is one of them."""
    for number, each in enumerate(attributes):
        pieces[-1] += f",{each.head}" if number else each.head
        if not each.is_read:
            continue
        reading, flat = declared.readings[each.name] if declared else Reading((each.name,)), each.leaf.flat
        class_: Any = reading.make
        inner = declaration_of(class_)
        if inner and flat and not reading.names and flat.accepts(class_, row):
            pieces[-1] += "{"
            add_fields(flat.attributes, inner, row, pieces, columns)
            pieces[-1] += "}"
            continue
        columns.append(_column(reading, each.leaf, is_made=inner is not None))
        pieces.append("")


def _column(reading: Reading, leaf: LeafWriter, *, is_made: bool) -> Column:
    if is_made and reading.names and not reading.is_each and leaf.flat:
        return _made(leaf.flat, reading)
    if is_made and reading.is_each and leaf.items and leaf.items.flat:
        return _lists(leaf.items.flat, reading)
    return Column(Reading((), reading.reader()) if reading.is_each else reading, leaf.many, leaf.fast)


def _made(flat: "FlatObject", reading: Reading) -> Column:
    """A column of objects, written from their sources."""
    class_: Any = reading.make
    return Column(
        Reading(reading.names),
        lambda sources: flat.made(class_, sources[0]).many(sources),
        lambda source: flat.made(class_, source).one(source),
    )


def _lists(flat: "FlatObject", reading: Reading) -> Column:
    """A column of lists of objects, written from lists of their sources."""
    class_: Any = reading.make

    def joined(sources: Any) -> str:
        if type(sources) is not list and type(sources) is not tuple:
            raise TypeError
        return f"[{flat.made(class_, sources[0]).joined(sources)}]" if sources else "[]"

    return Column(Reading(reading.names), lambda values: list(map(joined, values)), joined)
