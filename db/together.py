"""Combines concurrent calls into one statement: calls that wait while a statement runs are sent together as the next.

A call is sent at once if no statement of its kind is running, or one that has a single call. Otherwise it waits with
the others, and when the statement returns, up to LARGEST_SET waiting calls are sent as one. They share its round trip
and, for a write, its commit. No call is delayed so that others may join it. A statement that has been running for
SLOW_SECONDS holds up no one any longer: what waits is sent beside it, with up to MOST_IN_FLIGHT statements at a time.
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
SLOW_SECONDS = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Call(Generic[Item, Result]):
    """One item, and the future that its caller waits for."""

    item: Item
    answered: "asyncio.Future[Result]"

    def fail(self, error: Exception) -> None:
        """Raises the error in the caller, if it still waits."""
        if not self.answered.done():
            self.answered.set_exception(error)

    def succeed(self, result: Result) -> None:
        """Gives the result to the caller, if it still waits."""
        if not self.answered.done():
            self.answered.set_result(result)


@dataclass(slots=True, eq=False)
class Together(Generic[Item, Result]):
    """Collects the calls of one kind. `run` takes a set of items and gives their results in the same order.

    If `run` fails for a set with an error for which `is_everyones` is true, every caller gets that error. After any
    other error each item is run again alone, so that only callers of items that fail get an error.
    """

    run: Callable[[Sequence[Item]], Awaitable[Sequence[Result]]]
    is_everyones: Callable[[Exception], bool] = lambda error: False
    _waiting: list[Call[Item, Result]] = field(default_factory=list)
    _in_flight: dict["asyncio.Task[None]", asyncio.TimerHandle | None] = field(default_factory=dict)
    """The running statements, each with the moment at which it holds up no one any longer; None: it holds up no one."""

    async def __call__(self, item: Item) -> Result:
        """The result of one item. If this caller is cancelled, its set still runs for the others."""
        call: Call[Item, Result] = Call(item, asyncio.get_running_loop().create_future())
        self._waiting.append(call)
        self._send()
        return await call.answered

    def _send(self) -> None:
        while self._waiting and len(self._in_flight) < MOST_IN_FLIGHT and not any(self._in_flight.values()):
            calls = [call for call in self._waiting[:LARGEST_SET] if not call.answered.done()]
            del self._waiting[:LARGEST_SET]
            if calls:
                self._start(calls)

    def _start(self, calls: list[Call[Item, Result]]) -> None:
        """Starts a task in its own context, so that one caller's deadline does not end the others' statement."""
        loop = asyncio.get_running_loop()
        task = loop.create_task(self._run_set(calls), context=Context())
        self._in_flight[task] = loop.call_later(SLOW_SECONDS, self._overtake, task) if len(calls) > 1 else None
        task.add_done_callback(self._finished)
        for call in calls:
            call.answered.add_done_callback(partial(_cancel_if_unawaited, task, calls))

    def _overtake(self, task: "asyncio.Task[None]") -> None:
        self._in_flight[task] = None
        self._send()

    def _finished(self, task: "asyncio.Task[None]") -> None:
        if (slow := self._in_flight.pop(task)) is not None:
            slow.cancel()
        self._send()

    async def _run_set(self, calls: list[Call[Item, Result]]) -> None:
        try:
            results = await self.run([call.item for call in calls])
        except Exception as error:
            await self._run_alone_or_fail(calls, error)
            return
        for call, result in zip(calls, results, strict=True):
            call.succeed(result)

    async def _run_alone_or_fail(self, calls: list[Call[Item, Result]], error: Exception) -> None:
        if len(calls) > 1 and not self.is_everyones(error):
            await asyncio.gather(*(self._run_set([call]) for call in calls if not call.answered.done()))
            return
        for call in calls:
            call.fail(error)


def _cancel_if_unawaited(
    task: "asyncio.Task[None]", calls: Sequence[Call[Item, Result]], _answered: "asyncio.Future[Result]"
) -> None:
    """Cancels a statement, in Postgres too, once all of its callers were cancelled."""
    if all(call.answered.cancelled() for call in calls):
        task.cancel()
