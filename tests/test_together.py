"""Calls that wait leave together; one that fails, is late or is cancelled takes nothing from its neighbours."""

import asyncio
from collections.abc import Sequence

import pytest

from db.together import LARGEST_SET, Together


class Statements:
    """What was sent, as sets, each answered when `answer` says so."""

    def __init__(self) -> None:
        self.sets: list[list[int]] = []
        self.cancelled: list[list[int]] = []
        self.may_answer = asyncio.Event()

    def start(self, items: Sequence[int]) -> "asyncio.Task[list[int]]":
        return asyncio.ensure_future(self.run(items))

    async def run(self, items: Sequence[int]) -> list[int]:
        self.sets.append(list(items))
        try:
            await self.may_answer.wait()
        except asyncio.CancelledError:
            self.cancelled.append(list(items))
            raise
        if any(item < 0 for item in items):
            raise ValueError(str([item for item in items if item < 0]))
        return [item * 10 for item in items]


async def everything_runs() -> None:
    """Until each task waits for something that a test has to do."""
    for _ in range(20):
        await asyncio.sleep(0)


async def _waits(answer: "asyncio.Future[int]") -> int:
    return await answer


async def begun(together: Together[int, int], items: Sequence[int]) -> list["asyncio.Task[int]"]:
    """Calls that have been made, in this order, before anything is answered."""
    tasks = [asyncio.ensure_future(_waits(together.send(item))) for item in items]
    await everything_runs()
    return tasks


async def test_a_call_alone_leaves_at_once():
    statements = Statements()
    statements.may_answer.set()
    assert await Together(statements.start, asyncio.Task.cancel).send(1) == 10
    assert statements.sets == [[1]]


async def test_what_waits_while_two_are_in_flight_leaves_as_one_and_each_caller_gets_its_own():
    statements = Statements()
    tasks = await begun(Together(statements.start, asyncio.Task.cancel), range(10))
    assert statements.sets == [[0], [1]]
    statements.may_answer.set()
    assert await asyncio.gather(*tasks) == [item * 10 for item in range(10)]
    assert statements.sets == [[0], [1], [2, 3, 4, 5, 6, 7, 8, 9]]


async def test_a_set_has_a_largest_size():
    statements = Statements()
    tasks = await begun(Together(statements.start, asyncio.Task.cancel), range(LARGEST_SET * 2 + 5))
    statements.may_answer.set()
    await asyncio.gather(*tasks)
    assert [len(each) for each in statements.sets] == [1, 1, LARGEST_SET, LARGEST_SET, 3]


async def test_one_that_fails_is_the_only_one_that_fails():
    statements = Statements()
    tasks = await begun(Together(statements.start, asyncio.Task.cancel), [1, 2, 3, -4, 5])
    statements.may_answer.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [str(result) for result in results] == ["10", "20", "30", "[-4]", "50"]


async def test_an_error_that_is_everyones_is_given_to_each_and_nothing_is_sent_again():
    statements = Statements()
    tasks = await begun(Together(statements.start, asyncio.Task.cancel, lambda error: True), [1, 2, 3, -4])
    statements.may_answer.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(result) for result in results] == [int, int, ValueError, ValueError]
    assert len(statements.sets) == 3


async def test_one_that_is_cancelled_leaves_its_neighbours_alone():
    statements = Statements()
    tasks = await begun(Together(statements.start, asyncio.Task.cancel), [1, 2, 3, 4, 5])
    tasks[3].cancel()
    await asyncio.sleep(0)
    statements.may_answer.set()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert [result for result in results if isinstance(result, int)] == [10, 20, 30, 50]
    assert statements.sets == [[1], [2], [3, 5]]


async def test_a_statement_that_nobody_waits_for_any_more_is_cancelled():
    statements = Statements()
    tasks = await begun(Together(statements.start, asyncio.Task.cancel), [1, 2])
    tasks[0].cancel()
    await everything_runs()
    assert statements.cancelled == [[1]]
    statements.may_answer.set()
    assert await tasks[1] == 20
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]


async def test_a_slow_set_holds_up_no_one_for_long():
    statements = Statements()
    together = Together(statements.start, asyncio.Task.cancel)
    tasks = await begun(together, [1, 2, 3, 4])
    statements.may_answer.set()
    statements.may_answer = asyncio.Event()
    await asyncio.gather(*tasks[:2])
    tasks += await begun(together, [5])
    assert statements.sets == [[1], [2], [3, 4]]
    while [5] not in statements.sets:  # noqa: ASYNC110 - the set is overtaken after a time
        await asyncio.sleep(0.01)
    statements.may_answer.set()
    assert await asyncio.gather(*tasks) == [10, 20, 30, 40, 50]
