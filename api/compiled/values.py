"""Writers of lists and nullable values."""

from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from graphql import Undefined

from api.compiled import columns
from api.compiled.leaves import NULL, LeafWriter, check_value, containing
from api.compiled.positions import RunWriter
from api.compiled.running import PlanRun
from api.compiled.tables import FEW
from api.compiled.waiting import joined, raised_after
from api.compiled.words import Leaf, NotExpressible, PathPlace, Text

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


def whole_list(item: RunWriter) -> RunWriter:
    """Writes any list; its awaitable items are awaited together."""
    write_item, prepare = item.write, item.ready

    def join(texts: list[Any]) -> str:
        return "[" + ",".join(texts) + "]"

    def write(value: Any, run: PlanRun, place: PathPlace) -> Text:
        items = items_of(value)
        ready = prepare(items) if prepare and len(items) >= FEW else None
        texts: list[Any] = []
        waiting: list[int] = []
        try:
            for index, each in enumerate(items):
                there = (place, index, None)
                text = write_item(each, run, there, ready[index]) if ready else write_item(each, run, there)
                if type(text) is not str:
                    waiting.append(index)
                texts.append(text)
        except Exception as error:
            if not waiting:
                raise
            return raised_after(error, [texts[each] for each in waiting])
        return joined(texts, waiting, join)

    return RunWriter(write)


def or_null(position: RunWriter) -> RunWriter:
    """The same writer for a nullable value."""
    write = position.write

    def write_or_null(value: Any, run: PlanRun, place: PathPlace, *ready: Any) -> Text:
        if value is None or value is Undefined:
            return NULL
        try:
            text = write(value, run, place, *ready)
        except Exception as error:
            run.note(error)
            return NULL
        return text if isinstance(text, str) else _noted(text, run)

    many = columns.or_nulls(position.many, NULL) if position.many else None
    return RunWriter(write_or_null, many, position.ready)


async def _noted(text: Awaitable[str], run: PlanRun) -> str:
    """The text, or null if it raises; the error is noted."""
    try:
        return await text
    except Exception as error:
        run.note(error)
        return NULL
