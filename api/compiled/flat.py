"""Flat objects: only attributes are selected of them, so their text needs no run.

One object is written attribute by attribute. Several of one class are written as a table, and so is an object that is
made of a source; if the table meets an unusual value, the objects are written one by one."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from strawberry.types.cast import TYPE_CAST_ATTRIBUTE

from api.compiled.flat_columns import add_fields
from api.compiled.gates import Gate, any_cast
from api.compiled.leaves import CONSTANT, LeafWriter
from api.compiled.made import MadeOf, declaration_of
from api.compiled.tables import Column, Table
from api.compiled.words import Leaf


@dataclass(frozen=True, slots=True)
class Attribute:
    """A field that is an attribute of the object; `head` is its key in JSON, with the colon."""

    head: str
    name: str
    leaf: LeafWriter

    @property
    def is_read(self) -> bool:
        """False for `__typename`: its head contains its value already."""
        return self.leaf is not CONSTANT


@dataclass(frozen=True, slots=True)
class ClassTable:
    """The table of the objects of one class. `source` reads an object's row; without it, the object is the row."""

    table: Table
    source: Callable[[Any], Any] | None = None

    def rows(self, values: Sequence[Any]) -> Sequence[Any]:
        """The rows of some objects."""
        return values if self.source is None else list(map(self.source, values))


@dataclass(slots=True)
class FlatObject:
    """Writes the objects of one position. `write_fields` writes one object's attributes, without braces."""

    gate: Gate
    attributes: Sequence[Attribute]
    write_fields: Leaf
    has_braces: bool = True
    _by_class: dict[type, ClassTable] = field(default_factory=dict)

    def write(self, value: Any) -> str:
        """One object."""
        known = self._by_class.get(type(value))
        if known is None or getattr(value, TYPE_CAST_ATTRIBUTE, None) is not None:
            self.gate.check(value)
            self._learn(type(value), value)
        elif known.source is not None:
            try:
                return known.table.one(known.source(value))
            except Exception:  # noqa: S110 - an unusual value: the exact writers below write it, or raise
                pass
        return "{" + self.write_fields(value) + "}"

    def many(self, values: Sequence[Any]) -> Sequence[str]:
        """Several objects. Raises for objects that are not all of one known class, and for unusual values."""
        known = self._of_one_class(values)
        return known.table.many(known.rows(values))

    def joined(self, values: Sequence[Any]) -> str:
        """The same, with commas between them."""
        known = self._of_one_class(values)
        return known.table.joined(known.rows(values))

    def made(self, class_: type, source: Any) -> Table:
        """The table of objects that a class makes of sources. Raises LookupError if there is none."""
        known = self._by_class.get(class_)
        if known is None and self.accepts(class_, source):
            known = self._learn(class_, class_(source))
        if known is None or known.source is None:
            raise LookupError
        return known.table

    def accepts(self, class_: type, source: Any) -> bool:
        """Whether the objects that a class makes of sources may stand here."""
        if class_ not in self.gate.known:
            try:
                self.gate.check(class_(source))
            except Exception:  # the exact way makes the object again, and raises the same where it matters
                return False
        return class_ in self.gate.known

    def alike(self, values: Sequence[Any]) -> Sequence[str]:
        """As `many`, of values of one class that the gate has accepted."""
        known = self._learn(type(values[0]), values[0])
        if known is None:
            raise LookupError
        return known.table.many(known.rows(values))

    def _of_one_class(self, values: Sequence[Any]) -> ClassTable:
        (class_,) = set(map(type, values))
        if any_cast(values):
            raise LookupError
        return self._by_class[class_]

    def _learn(self, class_: type, value: Any) -> ClassTable | None:
        """Makes the table of a class that the gate has accepted."""
        if class_ not in self.gate.known or class_ in self._by_class:
            return self._by_class.get(class_)
        self._by_class[class_] = self._of_source(class_, value) or ClassTable(self._table(None, value))
        return self._by_class[class_]

    def _of_source(self, class_: type, value: Any) -> ClassTable | None:
        """None for a class that does not declare how each of the selected attributes is read."""
        declared = declaration_of(class_)
        if declared is None or any(each.name not in declared.readings for each in self.attributes if each.is_read):
            return None
        source = attrgetter(declared.source)
        return ClassTable(self._table(declared, source(value)), source)

    def _table(self, declared: MadeOf | None, row: Any) -> Table:
        """The table of objects whose class declares its readings, or without a declaration, of the objects."""
        pieces, columns = ["{" if self.has_braces else ""], list[Column]()
        add_fields(self.attributes, declared, row, pieces, columns)
        pieces[-1] += "}" if self.has_braces else ""
        return Table(pieces, columns)
