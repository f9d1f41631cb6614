"""Waiting for something that another process does: by looking, for so long and no longer."""

import asyncio
from collections.abc import Awaitable, Callable

_BETWEEN_LOOKS = 0.05


async def until(is_so: Callable[[], Awaitable[bool]], seconds: float) -> None:
    """Returns as soon as it is so. Raises TimeoutError when it is not within `seconds`."""
    async with asyncio.timeout(seconds):
        while not await is_so():  # noqa: ASYNC110 - what is waited for happens in another process
            await asyncio.sleep(_BETWEEN_LOOKS)
