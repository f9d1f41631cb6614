"""Objects: their fields are written as one text."""

from collections.abc import Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from api.compiled.fields import Write
from api.compiled.flat import Attribute
from api.compiled.gates import Gate
from api.compiled.leaves import NULL
from api.compiled.running import PlanRun, Site
from api.compiled.waiting import joined, raised_after
from api.compiled.words import Contained, Leaf, PathPlace, Text


@dataclass(frozen=True, slots=True)
class AnswerPart:
    """A part of an object: the text before it, and its writer. `leaf` is the same writer if it needs no run, because
    all of the part are `attributes`."""

    head: str
    write: Write
    leaf: Leaf | None = None
    attributes: Sequence[Attribute] = ()


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


def whole_object(gate: Gate | None, site: Site | None, parts: Sequence[AnswerPart]) -> Write:
    """Writes any object: its parts in order; awaitable parts are awaited together. Without a gate, it is the root."""
    template = "{" + ",".join(each.head.replace("%", "%%") + "%s" for each in parts) + "}"
    writes = [each.write for each in parts]

    def join(texts: list[Any]) -> str:
        return template % tuple(texts)

    def write(value: Any, run: PlanRun, place: PathPlace) -> Text:
        if gate is not None:
            gate.check(value, run, site, place)
        texts: list[Any] = []
        waiting: list[int] = []
        try:
            for part in writes:
                try:
                    text = part(value, run, place)
                except Contained as error:
                    run.note(error)
                    text = NULL
                if type(text) is not str:
                    waiting.append(len(texts))
                texts.append(text)
        except Exception as error:
            if not waiting:
                raise
            return raised_after(error, [texts[each] for each in waiting])
        return joined(texts, waiting, join)

    return write
