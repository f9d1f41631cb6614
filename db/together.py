"""Statements of one kind that wait leave together: what collects while two are in flight becomes the next one.

Nothing is delayed and no timer runs. A call that finds fewer than two statements of its kind in flight leaves at once,
alone. Otherwise it waits with the others; when a statement comes back, all that wait leave as one. Sharing a statement
shares its round trip and, for a write, its commit.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_IN_FLIGHT = 2
LARGEST_SET = 64


@dataclass(frozen=True, slots=True, eq=False)
class Call(Generic[Item, Result]):
    """One item, and the future that its caller waits for."""

    item: Item
    answered: "asyncio.Future[Result]"

    def fail(self, error: Exception) -> None:
        """Raises the error where the call is awaited, if it still is."""
        if not self.answered.done():
            self.answered.set_exception(error)

    def succeed(self, result: Result) -> None:
        """Gives the result to the caller, if it still waits."""
        if not self.answered.done():
            self.answered.set_result(result)


@dataclass(slots=True, eq=False)
class Together(Generic[Item, Result]):
    """Collects the calls of one kind. `run` takes a set of items and gives their results in the same order.

    Where `run` fails for a set with an error that `is_everyones`, each caller gets that error. With any other error
    each item is run again alone, so that one that fails takes nothing from its neighbours.
    """

    run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]
    is_everyones: Callable[[Exception], bool] = lambda error: False
    _waiting: list[Call[Item, Result]] = field(default_factory=list)
    _in_flight: set["asyncio.Task[None]"] = field(default_factory=set)

    async def __call__(self, item: Item) -> Result:
        """The result of one item. A caller that is cancelled leaves its set, and the set goes on for the others."""
        call: Call[Item, Result] = Call(item, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        self._send()
        return await call.answered

    def _send(self) -> None:
        while self._waiting and len(self._in_flight) < MOST_IN_FLIGHT:
            calls = [call for call in self._waiting[:LARGEST_SET] if not call.answered.done()]
            del self._waiting[:LARGEST_SET]
            if calls:
                self._start(calls)

    def _start(self, calls: list[Call[Item, Result]]) -> None:
        """In a context of its own: no single caller's deadline ends a statement that others wait for."""
        task = asyncio.get_running_loop().create_task(self._carry(calls), context=Context())
        self._in_flight.add(task)
        task.add_done_callback(self._came_back)
        for call in calls:
            call.answered.add_done_callback(partial(_cancel_if_unawaited, task, calls))

    def _came_back(self, task: "asyncio.Task[None]") -> None:
        self._in_flight.discard(task)
        self._send()

    async def _carry(self, calls: list[Call[Item, Result]]) -> None:
        try:
            results = await self.run([call.item for call in calls])
        except Exception as error:
            await self._carry_failed(calls, error)
            return
        for call, result in zip(calls, results, strict=True):
            call.succeed(result)

    async def _carry_failed(self, calls: list[Call[Item, Result]], error: Exception) -> None:
        if len(calls) > 1 and not self.is_everyones(error):
            await asyncio.gather(*(self._carry([call]) for call in calls if not call.answered.done()))
            return
        for call in calls:
            call.fail(error)


def _cancel_if_unawaited(
    task: "asyncio.Task[None]", calls: Sequence[Call[Item, Result]], _answered: "asyncio.Future[Result]"
) -> None:
    """Ends a statement, in Postgres too, once each of its callers was cancelled."""
    if all(call.answered.cancelled() for call in calls):
        task.cancel()
