"""Checks that an object may be the value of a field of an object type."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLObjectType, Undefined
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.cast import TYPE_CAST_ATTRIBUTE

from api.compiled.leaves import check_value
from api.compiled.running import PlanRun, Site
from api.compiled.words import NotExpressible, PathPlace, is_awaitable

_MOST_CLASSES = 32
_NOT_CAST = {None}


@dataclass(slots=True)
class Gate:
    """Accepts an object of type `of` if graphql-core would; accepted classes are cached in `known`."""

    of: GraphQLObjectType
    known: set[type] = field(default_factory=set)

    @property
    def checks_each_object(self) -> bool:
        """Whether the type has an `is_type_of` of its own, which has to be called for each object."""
        definition = self.of.extensions.get("strawberry-definition")
        return bool(self.of.is_type_of) and bool(getattr(definition, "is_type_of", None))

    def check(self, value: Any, run: PlanRun | None = None, site: Site | None = None, place: PathPlace = None) -> None:
        """Raises TypeError for a value of another type, NotExpressible for an awaitable, and a value that is an error.

        Only `checks_each_object` needs the run, the site and the place.
        """
        if type(value) in self.known and (self.of.is_type_of is None or not is_cast(value)):
            return
        check_value(value)
        if value is None or value is Undefined:
            raise TypeError("Null instead of an object.")
        is_type_of: Any = self.of.is_type_of
        if is_type_of is not None:
            is_one = is_type_of(value, run.raw_info(site, field_place(place)) if run and site else None)
            if is_awaitable(is_one):
                close_unawaited(is_one)
                raise NotExpressible
            if not is_one:
                raise TypeError(f"{value!r} is not a {self.of.name}.")
        if not self.checks_each_object and not is_cast(value) and len(self.known) < _MOST_CLASSES:
            self.known.add(type(value))

    def accepts_alike(self, values: Sequence[Any]) -> bool:
        """Whether all values are of one class whose objects are accepted, and none is cast."""
        classes = set(map(type, values))
        return not self.checks_each_object and len(classes) == 1 and classes <= self.known and not any_cast(values)


def any_cast(values: Sequence[Any]) -> bool:
    """Whether `strawberry.cast` set the type of one of these objects."""
    return set(map(_cast_of, values)) != _NOT_CAST


def _cast_of(value: Any) -> Any:
    return getattr(value, TYPE_CAST_ATTRIBUTE, None)


def is_cast(value: Any) -> bool:
    """Whether `strawberry.cast` set the type of this object."""
    return getattr(value, TYPE_CAST_ATTRIBUTE, None) is not None


def is_decided_by_class(value: Any) -> bool:
    """Whether an object's GraphQL type follows from its class alone: not for generic types, nor for a cast object."""
    definition = getattr(type(value), "__strawberry_definition__", None)
    if is_cast(value) or not isinstance(definition, StrawberryObjectDefinition):
        return False
    return definition.concrete_of is None and not definition.is_graphql_generic


def close_unawaited(value: Any) -> None:
    """Closes a coroutine that will not be awaited."""
    if close := getattr(value, "close", None):
        close()


def field_place(place: PathPlace) -> PathPlace:
    """The place of the field, if this place is an item of its list."""
    while place is not None and isinstance(place[1], int):
        place = place[0]
    return place
