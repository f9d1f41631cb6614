"""How fast something that is left gets less: from the first that is seen done to the last."""

import asyncio
import time
from collections.abc import Awaitable, Callable

LOOK_SECONDS = 0.01
PATIENCE = 300.0


async def counted_down(left: Callable[[], Awaitable[int]], all_of_it: int) -> tuple[float, int]:
    """Looks until nothing is left; gives the seconds, and how many were done in them.

    Work done before the first look that saw less is in neither, because the worker may have rested until then.
    """
    first_at, first_left = 0.0, all_of_it
    began = time.perf_counter()
    async with asyncio.timeout(PATIENCE):
        while (now_left := await left()) > 0:
            if not first_at and now_left < all_of_it:
                first_at, first_left = time.perf_counter(), now_left
            await asyncio.sleep(LOOK_SECONDS)
    over = time.perf_counter()
    return (over - first_at, first_left) if first_at else (over - began, all_of_it)
