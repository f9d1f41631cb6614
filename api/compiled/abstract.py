"""Writers of unions and interfaces."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLUnionType, Undefined
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.union import StrawberryUnion

from api.compiled.fields import Write
from api.compiled.gates import any_cast, close_unawaited, field_place, is_cast, is_decided_by_class
from api.compiled.leaves import LeafWriter, check_value
from api.compiled.positions import Position, in_run
from api.compiled.running import PlanRun, Site
from api.compiled.words import Leaf, NotExpressible, PathPlace, Text, is_awaitable

_MOST_CLASSES = 64


@dataclass(slots=True)
class Abstract:
    """A union or an interface: its type resolver decides the type of each value."""

    of: GraphQLUnionType | GraphQLInterfaceType
    site: Site
    members: Mapping[str, Position]
    _by_class: dict[type, tuple[Write, Leaf | None]] = field(default_factory=dict)
    _writers: dict[str, tuple[Write, Leaf | None]] = field(init=False)

    def __post_init__(self) -> None:
        self._writers = {
            name: (in_run(each), each.fast if isinstance(each, LeafWriter) else None)
            for name, each in self.members.items()
        }

    def write(self, value: Any, run: PlanRun, place: PathPlace) -> Text:
        """Writes a value. Raises TypeError if its type is not one of the possible types."""
        member = self._by_class.get(type(value))
        if member is None or is_cast(value):
            member = self._decide(value, run, place)
        return member[0](value, run, place)

    def many(self, values: Sequence[Any]) -> Sequence[str]:
        """Several values, of classes that are decided, and whose objects need no run. Raises for all others."""
        if any_cast(values):
            raise LookupError
        leaves = [self._by_class[type(value)][1] for value in values]
        return [leaf(value) for leaf, value in zip(leaves, values, strict=True)]  # type: ignore[misc]

    def _decide(self, value: Any, run: PlanRun, place: PathPlace) -> tuple[Write, Leaf | None]:
        check_value(value)
        resolve: Any = self.of.resolve_type
        if value is None or value is Undefined:
            raise TypeError("Null instead of an object.")
        if resolve is None:
            raise NotExpressible
        name = resolve(value, run.raw_info(self.site, field_place(place)), self.of)
        if is_awaitable(name):
            close_unawaited(name)
            raise NotExpressible
        if not isinstance(name, str) or name not in self.members:
            raise TypeError(f"{value!r} is not a {self.of.name}.")
        member = self._writers[name]
        if self._is_by_class and is_decided_by_class(value) and len(self._by_class) < _MOST_CLASSES:
            self._by_class[type(value)] = member
        return member

    @property
    def _is_by_class(self) -> bool:
        """Whether the type resolver is Strawberry's own, which decides by the class."""
        definition = self.of.extensions.get("strawberry-definition")
        if isinstance(definition, StrawberryUnion):
            return type(definition).get_type_resolver is StrawberryUnion.get_type_resolver
        return isinstance(definition, StrawberryObjectDefinition) and definition.resolve_type is None
