"""Waiting for facts: as soon as they come about, and for as long as a machine with busy cores may need."""

from collections.abc import Awaitable, Callable
from inspect import isawaitable

from mipoints.polling import until

PATIENCE = 180
"""Seconds. What takes longer than this never comes; no test depends on its being less."""


async def eventually(is_so: Callable[[], Awaitable[bool] | bool]) -> None:
    """Returns as soon as it is so. Raises TimeoutError when it never is."""

    async def look() -> bool:
        found = is_so()
        return await found if isawaitable(found) else found

    await until(look, PATIENCE)
