"""Combines concurrent calls into one statement: calls that wait while two statements run are sent together as the next.

There is no timer. If fewer than MOST_IN_FLIGHT statements of a kind are running, a call is sent at once. Otherwise it
waits with the others, and when a statement returns, up to LARGEST_SET waiting calls are sent as one statement. They
share its round trip and, for a write, its commit.
"""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Generic, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

MOST_IN_FLIGHT = 2
LARGEST_SET = 64


@dataclass(frozen=True, slots=True, eq=False)
class Waiting(Generic[Item, Result]):
    """One item, and the future that its caller waits for."""

    item: Item
    answer: "asyncio.Future[Result]"


@dataclass(slots=True, eq=False)
class Together(Generic[Item, Result]):
    """Collects the calls of one kind. `start` starts a statement for a set of items, in a task that gives their results
    in the same order. `give_up` cancels such a task.

    If a statement fails with an error for which `is_everyones` is true, every caller of its set gets that error. After
    any other error each item is sent again alone, so that only callers of items that fail get an error.
    """

    start: Callable[[Sequence[Item]], "asyncio.Task[Sequence[Result]]"]
    give_up: Callable[["asyncio.Task[Sequence[Result]]"], object]
    is_everyones: Callable[[Exception], bool] = lambda error: False
    _waiting: list[Waiting[Item, Result]] = field(default_factory=list)
    _in_flight: set["asyncio.Task[Sequence[Result]]"] = field(default_factory=set)

    def send(self, item: Item) -> "asyncio.Future[Result]":
        """The future result of one item. A caller that no longer wants it cancels it or sets an error; its statement
        goes on as long as another caller waits for it."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(item, answer))
        self._send()
        return answer

    def _send(self) -> None:
        while self._waiting and len(self._in_flight) < MOST_IN_FLIGHT:
            calls = [call for call in self._waiting[:LARGEST_SET] if not call.answer.done()]
            del self._waiting[:LARGEST_SET]
            if calls:
                self._start(calls)

    def _start(self, calls: list[Waiting[Item, Result]]) -> None:
        running = self.start([call.item for call in calls])
        self._in_flight.add(running)
        running.add_done_callback(partial(self._finished, calls))
        for call in calls:
            call.answer.add_done_callback(partial(self._give_up_if_unawaited, running, calls))

    def _finished(self, calls: list[Waiting[Item, Result]], running: "asyncio.Task[Sequence[Result]]") -> None:
        self._in_flight.discard(running)
        if running.cancelled():
            _cancel(calls)
        elif (error := running.exception()) is not None:
            self._fail(calls, error)
        else:
            _succeed(calls, running.result())
        self._send()

    def _fail(self, calls: list[Waiting[Item, Result]], error: BaseException) -> None:
        waiting = [call for call in calls if not call.answer.done()]
        if len(calls) > 1 and isinstance(error, Exception) and not self.is_everyones(error):
            for call in waiting:
                self._start([call])
            return
        for call in waiting:
            call.answer.set_exception(error)

    def _give_up_if_unawaited(
        self,
        running: "asyncio.Task[Sequence[Result]]",
        calls: Sequence[Waiting[Item, Result]],
        _answer: "asyncio.Future[Result]",
    ) -> None:
        """Cancels a statement, in Postgres too, once none of its callers waits for it; the next may start."""
        if running in self._in_flight and all(call.answer.done() for call in calls):
            self._in_flight.discard(running)
            self.give_up(running)
            self._send()


def _succeed(calls: Sequence[Waiting[Item, Result]], results: Sequence[Result]) -> None:
    for call, result in zip(calls, results, strict=True):
        if not call.answer.done():
            call.answer.set_result(result)


def _cancel(calls: Sequence[Waiting[Item, Result]]) -> None:
    for call in calls:
        call.answer.cancel()
