"""A loader: reads each row of a request once, and the rows that are asked for at about the same time in one call.

The first caller of a batch waits for two turns of the event loop, in which others may join, and then reads for all of
them: a row that one caller asks for costs no task and no future. If that caller is cancelled, another one reads."""

import asyncio
from collections.abc import Awaitable, Callable, Hashable, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


@dataclass(slots=True)
class _Batch(Generic[K]):
    """The keys that one caller reads, and the others that wait for it."""

    keys: list[K]
    _waiting: list["asyncio.Future[None]"] = field(default_factory=list)

    async def ended(self) -> None:
        """Waits until it was read, or was given up."""
        waiting = asyncio.get_running_loop().create_future()
        self._waiting.append(waiting)
        await waiting

    def end(self) -> None:
        """Wakes all that wait."""
        for each in self._waiting:
            if not each.done():
                each.set_result(None)


@dataclass(slots=True)
class Loader(Generic[K, V]):
    """`read` gives the values of some keys, in their order; it is called for at most `largest` keys at a time. With 1
    it is called at once, since no other caller can join."""

    read: Callable[[list[K]], Awaitable[Sequence[V]]]
    largest: int = 500
    _values: dict[K, V] = field(default_factory=dict)
    _errors: dict[K, Exception] = field(default_factory=dict)
    _batches: dict[K, _Batch[K]] = field(default_factory=dict)
    _open: _Batch[K] | None = None

    async def load(self, key: K) -> V:
        """The value of a key. Raises the error that `read` raised for its batch."""
        while key not in self._values:
            if key in self._errors:
                raise self._errors[key]
            batch = self._batches.get(key) or self._joined(key)
            await (batch.ended() if batch is not None else self._lead(key))
        return self._values[key]

    async def load_many(self, keys: Sequence[K]) -> list[V]:
        """The values of several keys, in their order."""
        return await asyncio.gather(*map(self.load, keys))

    def prime(self, key: K, value: V) -> None:
        """Takes a value that is known already."""
        self._values.setdefault(key, value)

    def _joined(self, key: K) -> _Batch[K] | None:
        """The batch that the key was added to; None if there is none that others may join."""
        batch = self._open
        if batch is None or len(batch.keys) >= self.largest:
            return None
        batch.keys.append(key)
        self._batches[key] = batch
        return batch

    async def _lead(self, key: K) -> None:
        """Reads the key, and those that join it."""
        batch = self._open = self._batches[key] = _Batch([key])
        try:
            if self.largest > 1:
                await asyncio.sleep(0)
                await asyncio.sleep(0)
            self._close(batch)
            self._values.update(zip(batch.keys, await self.read(batch.keys), strict=True))
        except Exception as error:
            self._errors.update(dict.fromkeys(batch.keys, error))
        finally:
            self._close(batch)
            for each in batch.keys:
                del self._batches[each]
            batch.end()

    def _close(self, batch: _Batch[K]) -> None:
        if self._open is batch:
            self._open = None
