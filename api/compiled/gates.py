"""Which objects may stand where one is wanted."""

from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, Undefined
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE

from api.compiled.leaves import check_value
from api.compiled.running import Run, Site
from api.compiled.words import NotExpressible, Place, is_awaitable

_MOST_CLASSES = 32


@dataclass(slots=True)
class Gate:
    """Lets an object pass where graphql-core would; what was found of a class is remembered."""

    of: GraphQLObjectType
    known: set[type] = field(default_factory=set)

    @property
    def asks(self) -> bool:
        """Whether the type itself says what is one of it, and has to be asked each time."""
        definition = self.of.extensions.get("strawberry-definition")
        return bool(self.of.is_type_of) and bool(getattr(definition, "is_type_of", None))

    def check(self, value: Any, run: Run | None = None, site: Site | None = None, place: Place = None) -> None:
        """Raises for what may not stand here. Only a type that `asks` needs to know where that is."""
        if type(value) in self.known and (self.of.is_type_of is None or not is_cast(value)):
            return
        check_value(value)
        if value is None or value is Undefined:
            raise TypeError("Null where an object is wanted.")
        is_type_of: Any = self.of.is_type_of
        if is_type_of is not None:
            is_one = is_type_of(value, run.raw_info(site, field_place(place)) if run and site else None)
            if is_awaitable(is_one):
                let_go(is_one)
                raise NotExpressible
            if not is_one:
                raise TypeError(f"{value!r} is no {self.of.name}.")
        if not self.asks and not is_cast(value) and len(self.known) < _MOST_CLASSES:
            self.known.add(type(value))


def is_cast(value: Any) -> bool:
    """Whether somebody said of this very object what type it stands for."""
    return getattr(value, TYPE_CAST_ATTRIBUTE, None) is not None


def is_settled(value: Any) -> bool:
    """Whether the class alone tells what an object is: not for generic types, nor for one that was cast."""
    definition = getattr(type(value), "__strawberry_definition__", None)
    if is_cast(value) or not isinstance(definition, StrawberryObjectDefinition):
        return False
    return definition.concrete_of is None and not definition.is_graphql_generic


def let_go(value: Any) -> None:
    """Ends what will not be awaited."""
    if close := getattr(value, "close", None):
        close()


def field_place(place: Place) -> Place:
    """The field's, where a place is in a list of it."""
    while place is not None and isinstance(place[1], int):
        place = place[0]
    return place
