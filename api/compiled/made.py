"""Objects made of a source, such as a row: how each field is read from it, so that a plan can write a field without
making the object.

A class declares it in `__made_of__`. A plan uses the declaration only for objects of exactly that class, and only for
the fields in it. A reading has no effects and gives the same value as the object's own attribute."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any

DECLARED = "__made_of__"


@dataclass(frozen=True, slots=True)
class Reading:
    """One field: `make` of the source's attributes `names`, or of the source itself if there are none. Without `make`
    it is the one attribute. With `is_each`, the one attribute is a list, and `make` makes each item. `make_many` makes
    the values of several sources of their columns: a list for each name."""

    names: tuple[str, ...] = ()
    make: Callable[..., Any] | None = None
    is_each: bool = False
    make_many: Callable[..., Sequence[Any]] | None = None

    def reader(self) -> Callable[[Any], Any]:
        """Reads the field's value from a source."""
        make = self.make
        if make is None:
            return attrgetter(*self.names)
        if not self.names:
            return make
        read, is_one = attrgetter(*self.names), len(self.names) == 1
        if self.is_each:
            return lambda source: [make(item) for item in read(source)]
        return (lambda source: make(read(source))) if is_one else (lambda source: make(*read(source)))


@dataclass(frozen=True, slots=True)
class MadeOf:
    """The declaration of a class: the attribute that holds the source, and the readings of its fields by name. The
    class is called with the source alone."""

    source: str
    readings: Mapping[str, Reading]


def declaration_of(class_: Any) -> MadeOf | None:
    """The declaration of exactly this class; None if it has none, or only inherits one."""
    declared = vars(class_).get(DECLARED) if isinstance(class_, type) else None
    return declared if isinstance(declared, MadeOf) else None
