"""Replaying: graphql-core completes an answer of a plan with the recorded outcomes, without running resolvers again."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from graphql import FieldNode, GraphQLResolveInfo, MiddlewareManager
from strawberry.schema.schema import StrawberryGraphQLCoreExecutionContext

_COUNTED = 4
"""So many turns of the event loop are counted after an outcome; a later outcome is counted as `_LATER` turns later."""
_LATER = 32
"""Within this many turns, graphql-core has handled an outcome and everything that follows from it."""


class ResolverOutcome(NamedTuple):
    """The outcome of one resolver: the value it returned, or the error it raised. `turn` is the turn of the event loop
    in which that happened, or None if nothing was awaited. Outcomes are found by the id of `source`, so `source` is
    held here: no other object can get the same id."""

    source: Any
    value: Any
    error: Exception | None
    turn: int | None


@dataclass(slots=True)
class Outcomes:
    """The outcomes of resolvers, by object and field node; recorded while a plan runs, and replayed to graphql-core.

    After several errors (`in_order`), each outcome is replayed in the turn in which it happened: the order of errors
    in an answer, and which error hides another, depend on it.
    """

    in_order: bool = False
    _outcomes: dict[tuple[int, int], ResolverOutcome] = field(default_factory=dict)
    _turn: int = 0
    _counted: int = -1
    _soon: Any = None
    _waiting: dict[int, list["asyncio.Future[None]"]] = field(default_factory=dict)
    _now: int = 0

    def begin_recording(self) -> None:
        """Starts to count turns of the event loop, when a plan starts."""
        self._counted = 0
        self._soon = asyncio.get_running_loop().call_soon
        self._soon(self._count)

    def _count(self) -> None:
        self._turn += 1
        self._counted += 1
        if self._counted < _COUNTED:
            self._soon(self._count)

    def add_awaited(self, source: Any, node: FieldNode, value: Any, error: Exception | None = None) -> None:
        """Records that an awaited resolver has just returned or raised."""
        if self._counted >= _COUNTED:
            self._turn += _LATER
            self.begin_recording()
        self._counted = 0
        self._outcomes[id(source), id(node)] = ResolverOutcome(source, value, error, self._turn)

    def add_immediate(self, source: Any, node: FieldNode, value: Any, error: Exception | None = None) -> None:
        """Records that a resolver returned or raised without being awaited."""
        self._outcomes[id(source), id(node)] = ResolverOutcome(source, value, error, None)

    def resolve(self, next_: Callable[..., Any], source: Any, info: GraphQLResolveInfo[Any], **arguments: Any) -> Any:
        """A middleware of graphql-core: gives the recorded outcome; without one, calls the resolver."""
        outcome = self._outcomes.get((id(source), id(info.field_nodes[0])))
        if outcome is None:
            return next_(source, info, **arguments)
        if outcome.turn is not None:
            return self._replayed(outcome, outcome.turn)
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    async def _replayed(self, outcome: ResolverOutcome, turn: int) -> Any:
        if self.in_order and self._now + 1 == turn:
            await asyncio.sleep(0)
        elif self.in_order and self._now < turn:
            reached: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._waiting.setdefault(turn, []).append(reached)
            await reached
        if outcome.error is not None:
            raise outcome.error
        return outcome.value

    def begin_replaying(self) -> None:
        """Starts to count turns again, when graphql-core starts: they correspond to the recorded ones."""
        self._now = 0
        asyncio.get_running_loop().call_soon(self._next_turn)

    def _next_turn(self) -> None:
        """Runs first in each turn. Outcomes that it releases now continue in the next turn."""
        self._now += 1
        if self._now < self._turn:
            asyncio.get_running_loop().call_soon(self._next_turn)
        for each in self._waiting.pop(self._now + 1, ()):
            if not each.done():
                each.set_result(None)


@dataclass(frozen=True, slots=True)
class Incomplete:
    """The result of a plan that could not finish: an error was raised, or a value was not expressible. graphql-core
    completes the answer."""

    outcomes: Outcomes


_REPLAYED: ContextVar[Outcomes | None] = ContextVar("replayed", default=None)


@contextmanager
def replaying(incomplete: Incomplete) -> Iterator[None]:
    """Inside, ReplayingExecutor uses the recorded outcomes. It has to run the same parsed document."""
    before = _REPLAYED.set(incomplete.outcomes)
    try:
        yield
    finally:
        _REPLAYED.reset(before)


class ReplayingExecutor(StrawberryGraphQLCoreExecutionContext):
    """Strawberry's executor; inside `replaying` it calls no resolver whose outcome is recorded."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        outcomes = _REPLAYED.get()
        if outcomes is not None:
            others = self.middleware_manager.middlewares if self.middleware_manager else ()
            self.middleware_manager = MiddlewareManager(*others, outcomes)
            if outcomes.in_order:
                outcomes.begin_replaying()
