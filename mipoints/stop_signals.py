"""Running until somebody says stop: Ctrl-C, SIGTERM, or a terminal that is closed."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress

from mipoints.console import say

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_stopped(running: Coroutine[None, None, None]) -> None:
    """Returns when `running` has cleared up after a signal; raises what it raises by itself."""
    loop = asyncio.get_running_loop()
    work = asyncio.create_task(running)
    for number in _STOPS:
        loop.add_signal_handler(number, _cancel_once, work)
    with suppress(asyncio.CancelledError):
        await work


def _cancel_once(work: "asyncio.Task[None]") -> None:
    """Stops first and speaks then, for the terminal may be gone; a second Ctrl-C does not disturb the clearing up."""
    if work.cancelling() == 0:
        work.cancel()
        say("\nStopping …")
