"""How a value is written, by itself alone or within a run, and the one as the other."""

from operator import attrgetter
from typing import Any

from api.compiled.fields import Write
from api.compiled.leaves import NULL, LeafWriter
from api.compiled.running import Run, Site
from api.compiled.words import Contained, Leaf, Place, Text

Position = LeafWriter | Write
"""How a value is written: by itself alone, or within a run."""


def in_run(position: Position) -> Write:
    """Within a run, a called field's value is as likely as not of another type: what is not known at once is exact."""
    if not isinstance(position, LeafWriter):
        return position
    fast, exact = position.fast, position.exact

    def write(value: Any, run: Run, place: Place) -> Text:
        try:
            return fast(value)
        except Exception:  # the exact writer says what it is, or raises
            return _noted(exact, value, run)

    return write


def _noted(exact: Leaf, value: Any, run: Run) -> str:
    try:
        return exact(value)
    except Contained as error:
        run.note(error)
        return NULL


def of_attribute(site: Site, attribute: str, complete: Write) -> Write:
    read, key, typename = attrgetter(attribute), site.key, site.parent.name

    def write(source: Any, run: Run, place: Place) -> Text:
        return complete(read(source), run, (place, key, typename))

    return write
