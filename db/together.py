"""Combines concurrent calls into one statement: calls that wait while a statement runs are sent together as the next.

A call is sent at once if no statement of its kind is running, or one that has a single call. Otherwise it waits with
the others, and when the statement returns, up to LARGEST_SET waiting calls are sent as one. They share its round trip
and, for a write, its commit. No call is delayed so that others may join it. A statement that has been running for
SLOW_SECONDS holds up no one any longer: what waits is sent beside it, with up to MOST_IN_FLIGHT statements at a time.
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
SLOW_SECONDS = 0.05


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
    _in_flight: dict["asyncio.Task[Sequence[Result]]", asyncio.TimerHandle | None] = field(default_factory=dict)
    """The running statements, each with the moment at which it holds up no one any longer; None: it holds up no one."""

    def send(self, item: Item) -> "asyncio.Future[Result]":
        """The future result of one item. A caller that no longer wants it cancels it or sets an error; its statement
        goes on as long as another caller waits for it."""
        answer: asyncio.Future[Result] = asyncio.get_running_loop().create_future()
        self._waiting.append(Waiting(item, answer))
        self._send()
        return answer

    def _send(self) -> None:
        while self._waiting and len(self._in_flight) < MOST_IN_FLIGHT and not any(self._in_flight.values()):
            calls = [call for call in self._waiting[:LARGEST_SET] if not call.answer.done()]
            del self._waiting[:LARGEST_SET]
            if calls:
                self._start(calls)

    def _start(self, calls: list[Waiting[Item, Result]]) -> None:
        running, loop = self.start([call.item for call in calls]), asyncio.get_running_loop()
        self._in_flight[running] = loop.call_later(SLOW_SECONDS, self._overtake, running) if len(calls) > 1 else None
        running.add_done_callback(partial(self._finished, calls))
        for call in calls:
            call.answer.add_done_callback(partial(self._give_up_if_unawaited, running, calls))

    def _overtake(self, running: "asyncio.Task[Sequence[Result]]") -> None:
        if running in self._in_flight:
            self._in_flight[running] = None
            self._send()

    def _forget(self, running: "asyncio.Task[Sequence[Result]]") -> None:
        """A statement that has ended, or for which no caller waits, delays no other."""
        if (slow := self._in_flight.pop(running, None)) is not None:
            slow.cancel()

    def _finished(self, calls: list[Waiting[Item, Result]], running: "asyncio.Task[Sequence[Result]]") -> None:
        self._forget(running)
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
            self._forget(running)
            self.give_up(running)
            self._send()


def _succeed(calls: Sequence[Waiting[Item, Result]], results: Sequence[Result]) -> None:
    for call, result in zip(calls, results, strict=True):
        if not call.answer.done():
            call.answer.set_result(result)


def _cancel(calls: Sequence[Waiting[Item, Result]]) -> None:
    for call in calls:
        call.answer.cancel()
