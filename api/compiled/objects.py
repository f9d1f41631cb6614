"""Objects: their fields are written as one text."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from operator import attrgetter
from typing import Any

from api.compiled.flat import Attribute, FlatObject
from api.compiled.gates import Gate
from api.compiled.leaves import NULL
from api.compiled.positions import ColumnWriter
from api.compiled.running import PlanRun, Site
from api.compiled.waiting import joined, raised_after
from api.compiled.words import Contained, Leaf, PathPlace, Text


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A part of an object: the text before it, and its writer. `leaf` is the same writer if it needs no run, because
    all of the part are `attributes`. `column` does in advance what it can for several objects of one accepted class."""

    head: str
    write: Callable[..., Text]
    leaf: Leaf | None = None
    attributes: Sequence[Attribute] = ()
    column: ColumnWriter | None = None


def segment(attributes: Sequence[Attribute]) -> Leaf:
    """Writes attributes in this order, without braces."""
    template = ",".join(each.head.replace("%", "%%") + "%s" for each in attributes)
    names = [each.name for each in attributes]
    fast, exact = [each.leaf.fast for each in attributes], [each.leaf.exact for each in attributes]
    if len(attributes) == 1:
        return _alone(attributes[0])
    read = attrgetter(*names)

    def write(source: Any) -> str:
        values = read(source)
        try:
            return template % tuple([leaf(value) for leaf, value in zip(fast, values)])  # noqa: B905 - as long
        except Exception:  # a value was of an unusual type: the exact writers write it, or raise
            return template % tuple(_each(exact, values))

    return write


def _each(exact: Sequence[Leaf], values: Sequence[Any]) -> list[str]:
    """Raises an error at once, and the first contained one after the last value."""
    texts: list[str] = []
    contained: Contained | None = None
    for leaf, value in zip(exact, values, strict=True):
        try:
            texts.append(leaf(value))
        except Contained as error:
            contained = contained or error
    if contained is not None:
        raise contained
    return texts


def _alone(attribute: Attribute) -> Leaf:
    head, read = attribute.head, attrgetter(attribute.name)
    fast, exact = attribute.leaf.fast, attribute.leaf.exact

    def write(source: Any) -> str:
        value = read(source)
        try:
            return head + fast(value)
        except Exception:  # as above
            return head + exact(value)

    return write


@dataclass(slots=True)
class WholeObject:
    """Any object: its parts in order; awaitable parts are awaited together. Without a gate, it is the root."""

    parts: Sequence[AnswerPart]
    gate: Gate | None = None
    site: Site | None = None
    _template: str = field(init=False)
    _columns: Sequence[ColumnWriter | None] = field(init=False)

    def __post_init__(self) -> None:
        self._template = "{" + ",".join(each.head.replace("%", "%%") + "%s" for each in self.parts) + "}"
        self._columns = [_column(self.gate, each) for each in self.parts]

    def write(self, value: Any, run: PlanRun, place: PathPlace, ready: Sequence[Any] | None = None) -> Text:
        """The object. `ready` has for each part its text, or what is ready of it, or None."""
        if self.gate is not None and ready is None:
            self.gate.check(value, run, self.site, place)
        texts: list[Any] = list(ready) if ready is not None else [None] * len(self.parts)
        waiting: list[int] = []
        try:
            for number, part in enumerate(self.parts):
                done = texts[number]
                if type(done) is str:
                    continue
                try:
                    text: Any = part.write(value, run, place) if done is None else part.write(value, run, place, done)
                except Contained as error:
                    run.note(error)
                    text = NULL
                if type(text) is not str:
                    waiting.append(number)
                texts[number] = text
        except Exception as error:
            if not waiting:
                raise
            return raised_after(error, [texts[each] for each in waiting])
        return joined(texts, waiting, self._join)

    def _join(self, texts: list[Any]) -> str:
        return self._template % tuple(texts)

    def ready(self, items: Sequence[Any]) -> Sequence[Any] | None:
        """The parts of each item that columns can write; None if the items are not alike, or a value is unusual."""
        if self.gate is None or not any(self._columns) or not self.gate.accepts_alike(items):
            return None
        try:
            columns = [column(items) if column else [None] * len(items) for column in self._columns]
        except Exception:  # an unusual value: the items are written one by one
            return None
        return list(zip(*columns, strict=True))


def _column(gate: Gate | None, part: AnswerPart) -> ColumnWriter | None:
    if gate is None or part.leaf is None:
        return part.column
    flat = FlatObject(gate, part.attributes, part.leaf, has_braces=False)
    return flat.alike
