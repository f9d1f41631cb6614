"""What graphql-core completes after a plan: resolvers are not run again, what became of them is taken."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from graphql import FieldNode, GraphQLResolveInfo, MiddlewareManager
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

_COUNTED = 4
"""So many turns of the loop are counted one by one after each outcome; whatever comes later is `_LATER` turns later."""
_LATER = 32
"""In so many turns, what an outcome leads to has come about."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one resolver: it returned `value`, or raised `error`, in a turn of the loop if it was awaited.
    `source` is held, so that no other object takes its place in memory."""

    source: Any
    value: Any
    error: Exception | None
    turn: int | None


@dataclass(slots=True)
class Kept:
    """What became of resolvers, by the object they were asked of and the node that asked.

    Where several things went wrong (`in_order`) each is told in its turn again, as errors stand in an answer in the
    order in which they came about, and the first hides others.
    """

    in_order: bool = False
    _outcomes: dict[tuple[int, int], Outcome] = field(default_factory=dict)
    _turn: int = 0
    _counted: int = -1
    _waiting: dict[int, list["asyncio.Future[None]"]] = field(default_factory=dict)
    _now: int = 0

    def begin(self) -> None:
        """An execution begins, whose turns are counted."""
        self._counted = 0
        asyncio.get_running_loop().call_soon(self._count)

    def _count(self) -> None:
        self._turn += 1
        self._counted += 1
        if self._counted < _COUNTED:
            asyncio.get_running_loop().call_soon(self._count)

    def awaited(self, source: Any, node: FieldNode, value: Any, error: Exception | None = None) -> None:
        """Something that was awaited returned, or raised, just now."""
        if self._counted >= _COUNTED:
            self._turn += _LATER
            self.begin()
        self._counted = 0
        self._outcomes[id(source), id(node)] = Outcome(source, value, error, self._turn)

    def at_once(self, source: Any, node: FieldNode, value: Any, error: Exception | None = None) -> None:
        """Something returned, or raised, without being awaited."""
        self._outcomes[id(source), id(node)] = Outcome(source, value, error, None)

    def resolve(self, next_: Callable[..., Any], source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        """A middleware of graphql-core: what is kept, or else what the resolver says now."""
        outcome = self._outcomes.get((id(source), id(info.field_nodes[0])))
        if outcome is None:
            return next_(source, info, **arguments)
        if outcome.turn is not None:
            return self._told(outcome, outcome.turn)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def _told(self, outcome: Outcome, turn: int) -> Any:
        if self.in_order and self._now + 1 == turn:
            await asyncio.sleep(0)
        elif self.in_order and self._now < turn:
            told: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(turn, []).append(told)
            await told
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def begin_telling(self) -> None:
        """graphql-core begins: its turns are those that were counted."""
        self._now = 0
        asyncio.get_running_loop().call_soon(self._tell)

    def _tell(self) -> None:
        """One turn later, before all else in it; whoever is told now goes on in the next turn."""
        self._now += 1
        if self._now < self._turn:
            asyncio.get_running_loop().call_soon(self._tell)
        for each in self._waiting.pop(self._now + 1, ()):
            if not each.done():
                each.set_result(None)


@dataclass(frozen=True, slots=True)
class Raised:
    """A plan has no answer: something raised, or was not what a plan can express. graphql-core has to be asked."""

    kept: Kept


_KEPT: ContextVar[Kept | None] = ContextVar("kept", default=None)


@contextmanager
def replaying(raised: Raised) -> Iterator[None]:
    """Inside, an execution by ReplayingExecutor takes what is kept. It has to be of the same document's node."""
    before = _KEPT.set(raised.kept)
    try:
        yield
    finally:
        _KEPT.reset(before)


class ReplayingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor; inside `replaying` it asks no resolver whose outcome is kept."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        kept = _KEPT.get()
        if kept is not None:
            others = self.middleware_manager.middlewares if self.middleware_manager else ()
            self.middleware_manager = MiddlewareManager(*others, kept)
            if kept.in_order:
                kept.begin_telling()
