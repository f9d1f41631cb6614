"""Writers of one value: a leaf writer, which needs the value alone, or one that needs the run as well."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

from api.compiled.fields import Write
from api.compiled.leaves import NULL, LeafWriter
from api.compiled.running import PlanRun, Site
from api.compiled.words import Contained, Leaf, Many, PathPlace, Text


@dataclass(frozen=True, slots=True)
class RunWriter:
    """Writes a value with the run and the place. `many` writes several usual values without them. `ready` writes what
    it can of the items of a list in advance, or gives None; `write` takes an item's share as a fourth value."""

    write: Callable[..., Text]
    many: Many | None = None
    ready: Callable[[Sequence[Any]], Sequence[Any] | None] | None = None


ColumnWriter = Callable[[Sequence[Any]], Sequence[Any]]
"""What can be written in advance of a part of several objects: its text, or what is ready of it, or None."""
Position = LeafWriter | RunWriter
"""The writer of a value: from the value alone, or with the run and the place."""


def in_run(position: Position) -> Write:
    """The position as a writer with a run. A value that `fast` does not write is written by `exact`."""
    if not isinstance(position, LeafWriter):
        return position.write
    fast, exact = position.fast, position.exact

    def write(value: Any, run: PlanRun, place: PathPlace) -> Text:
        try:
            return fast(value)
        except Exception:  # the exact writer writes it, or raises
            return _noted(exact, value, run)

    return write


def _noted(exact: Leaf, value: Any, run: PlanRun) -> str:
    try:
        return exact(value)
    except Contained as error:
        run.note(error)
        return NULL


def of_attribute(site: Site, attribute: str, complete: Callable[..., Text]) -> Callable[..., Text]:
    """A writer that reads the attribute from the object and writes it with `complete`."""
    read, key, typename = attrgetter(attribute), site.key, site.parent.name

    def write(source: Any, run: PlanRun, place: PathPlace, *ready: Any) -> Text:
        return complete(read(source), run, (place, key, typename), *ready)

    return write


def column_of(attribute: str, position: RunWriter) -> ColumnWriter | None:
    """Writes the attribute of several objects, or what is ready of it."""
    many, ready, read = position.many, position.ready, attrgetter(attribute)
    if many is not None:
        return lambda objects: many(list(map(read, objects)))
    if ready is not None:
        return lambda objects: ready(list(map(read, objects))) or [None] * len(objects)
    return None
