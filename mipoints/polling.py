"""Waits for something that another process does, by checking again and again for a limited time."""

import asyncio
from collections.abc import Awaitable, Callable

_BETWEEN_LOOKS = 0.05


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Returns as soon as `is_so` returns True. Raises TimeoutError if that takes longer than `seconds`."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - another process changes the condition
            await asyncio.sleep(_BETWEEN_LOOKS)
