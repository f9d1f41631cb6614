"""Writers of lists, nullable values, unions and interfaces."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from graphql import GraphQLInterfaceType, GraphQLUnionType, Undefined
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.union import StrawberryUnion

from api.compiled import columns
from api.compiled.fields import Write
from api.compiled.gates import close_unawaited, field_place, is_cast, is_decided_by_class
from api.compiled.leaves import NULL, LeafWriter, check_value, containing
from api.compiled.running import PlanRun, Site
from api.compiled.waiting import joined, raised_after
from api.compiled.words import Leaf, NotExpressible, PathPlace, Text, is_awaitable

_MOST_CLASSES = 64
_NO_LISTS = (str, bytes, bytearray, memoryview, Mapping)


def items_of(value: Any) -> list[Any] | tuple[Any, ...]:
    """The items of a list. Raises TypeError for a value that is not a list, and NotExpressible for an iterator:
    graphql-core could not read it again."""
    if type(value) is list or type(value) is tuple:
        return value
    check_value(value)
    if isinstance(value, Iterator) or hasattr(value, "__aiter__"):
        raise NotExpressible
    if not isinstance(value, Iterable) or isinstance(value, _NO_LISTS):
        raise TypeError(f"{value!r} is not a list.")
    return list(value)


def leaf_list(item: LeafWriter, *, is_nullable: bool) -> LeafWriter:
    """Writes a list whose items need no run."""
    fast, exact = _list_of(item.fast, _joined(item)), _list_of(item.exact, None)
    if is_nullable:
        fast, exact = _or_undefined(fast), containing(_or_undefined(exact))
    return LeafWriter(fast, exact, columns.one_by_one(fast), items=item)


def _joined(item: LeafWriter) -> Callable[[Sequence[Any]], str]:
    """Writes several items at once, with commas between them. Raises for any unusual one."""
    return item.flat.joined if item.flat else lambda items: ",".join(item.many(items))


def _list_of(leaf: Leaf, joined: Callable[[Sequence[Any]], str] | None) -> Leaf:
    def write(value: Any) -> str:
        items = items_of(value)
        if joined and items:
            try:
                return f"[{joined(items)}]"
            except Exception:  # noqa: S110 - an item is unusual: they are written one by one
                pass
        return "[" + ",".join([leaf(item) for item in items]) + "]"

    return write


def _or_undefined(write: Leaf) -> Leaf:
    return lambda value: NULL if value is None or value is Undefined else write(value)


def whole_list(write_item: Write) -> Write:
    """Writes any list; its awaitable items are awaited together."""

    def join(texts: list[Any]) -> str:
        return "[" + ",".join(texts) + "]"

    def write(value: Any, run: PlanRun, place: PathPlace) -> Text:
        texts: list[Any] = []
        waiting: list[int] = []
        try:
            for index, item in enumerate(items_of(value)):
                text = write_item(item, run, (place, index, None))
                if type(text) is not str:
                    waiting.append(index)
                texts.append(text)
        except Exception as error:
            if not waiting:
                raise
            return raised_after(error, [texts[each] for each in waiting])
        return joined(texts, waiting, join)

    return write


def or_null(write: Write) -> Write:
    """The same writer for a nullable value."""

    def write_or_null(value: Any, run: PlanRun, place: PathPlace) -> Text:
        if value is None or value is Undefined:
            return NULL
        try:
            text = write(value, run, place)
        except Exception as error:
            run.note(error)
            return NULL
        return text if isinstance(text, str) else _noted(text, run)

    return write_or_null


async def _noted(text: Awaitable[str], run: PlanRun) -> str:
    """The text, or null if it raises; the error is noted."""
    try:
        return await text
    except Exception as error:
        run.note(error)
        return NULL


@dataclass(slots=True)
class Abstract:
    """A union or an interface: its type resolver decides the type of each value."""

    of: GraphQLUnionType | GraphQLInterfaceType
    site: Site
    members: Mapping[str, Write]
    _by_class: dict[type, Write] = field(default_factory=dict)

    def write(self, value: Any, run: PlanRun, place: PathPlace) -> Text:
        """Writes a value. Raises TypeError if its type is not one of the possible types."""
        member = self._by_class.get(type(value))
        if member is None or is_cast(value):
            member = self._decide(value, run, place)
        return member(value, run, place)

    def _decide(self, value: Any, run: PlanRun, place: PathPlace) -> Write:
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
        member = self.members[name]
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
