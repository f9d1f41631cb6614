"""Runs a coroutine until a stop signal: Ctrl-C, SIGTERM, or a closed terminal."""

import asyncio
import signal
from collections.abc import Coroutine
from contextlib import suppress

from mipoints.console import say

_STOPS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


async def until_stopped(running: Coroutine[None, None, None]) -> None:
    """Cancels `running` at a signal, and returns when its cleanup is done. Raises an error that `running` raises."""
    loop = asyncio.get_running_loop()
    work = asyncio.create_task(running)
    for number in _STOPS:
        loop.add_signal_handler(number, _cancel_once, work)
    with suppress(asyncio.CancelledError):
        await work


def _cancel_once(work: "asyncio.Task[None]") -> None:
    """Cancels before it prints, because the terminal may be gone. A second Ctrl-C does not disturb the cleanup."""
    if work.cancelling() == 0:
        work.cancel()
        say("\nStopping …")
