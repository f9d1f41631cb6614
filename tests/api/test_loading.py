"""A loader reads each key once, and keys that are asked for together in one call."""

import asyncio
from collections.abc import Sequence

import pytest

from api.loading import Loader


class Reads:
    """What a loader reads: numbers, doubled; it waits for `gate`, and cannot read 13."""

    def __init__(self) -> None:
        self.calls: list[list[int]] = []
        self.began, self.gate = asyncio.Event(), asyncio.Event()
        self.gate.set()

    async def __call__(self, keys: list[int]) -> Sequence[int]:
        self.calls.append(list(keys))
        self.began.set()
        await self.gate.wait()
        if 13 in keys:
            raise ValueError("thirteen")
        return [key * 2 for key in keys]


async def test_keys_that_are_asked_for_together_are_read_in_one_call_and_once():
    reads = Reads()
    loader = Loader(reads)
    assert await asyncio.gather(*map(loader.load, [1, 2, 1, 3])) == [2, 4, 2, 6]
    assert await loader.load_many([3, 4]) == [6, 8]
    assert await loader.load(1) == 2
    assert reads.calls == [[1, 2, 3], [4]]


async def test_a_call_reads_at_most_so_many_keys():
    reads = Reads()
    assert await Loader(reads, largest=2).load_many([1, 2, 3, 4, 5]) == [2, 4, 6, 8, 10]
    assert reads.calls == [[1, 2], [3, 4], [5]]


async def test_whoever_asks_while_a_key_is_read_waits_for_it():
    reads = Reads()
    reads.gate.clear()
    loader = Loader(reads, largest=1)
    first = asyncio.create_task(loader.load(1))
    await reads.began.wait()
    second = asyncio.create_task(loader.load(1))
    await asyncio.sleep(0)
    reads.gate.set()
    assert (await first, await second) == (2, 2)
    assert reads.calls == [[1]]


async def test_if_the_caller_who_reads_is_cancelled_another_one_reads():
    reads = Reads()
    reads.gate.clear()
    loader = Loader(reads)
    tasks = [asyncio.create_task(loader.load(key)) for key in (1, 2, 1)]
    await reads.began.wait()
    tasks[0].cancel()
    reads.gate.set()
    assert await asyncio.gather(*tasks[1:]) == [4, 2]
    assert reads.calls == [[1, 2], [2, 1]]
    with pytest.raises(asyncio.CancelledError):
        await tasks[0]


async def test_a_cancelled_caller_takes_nothing_from_the_one_who_reads():
    reads = Reads()
    reads.gate.clear()
    loader = Loader(reads)
    first, second = (asyncio.create_task(loader.load(key)) for key in (1, 2))
    await reads.began.wait()
    second.cancel()
    reads.gate.set()
    assert await first == 2
    assert await loader.load(2) == 4
    assert reads.calls == [[1, 2]]


async def test_an_error_is_that_of_every_key_that_was_read_with_it():
    reads = Reads()
    loader = Loader(reads)
    errors = await asyncio.gather(loader.load(13), loader.load(1), return_exceptions=True)
    assert [str(each) for each in errors] == ["thirteen", "thirteen"]
    with pytest.raises(ValueError, match="thirteen"):
        await loader.load(1)
    assert reads.calls == [[13, 1]]


async def test_a_value_that_is_known_is_not_read():
    reads = Reads()
    loader = Loader(reads)
    loader.prime(1, 5)
    assert await loader.load_many([1, 2]) == [5, 4]
    assert reads.calls == [[2]]
