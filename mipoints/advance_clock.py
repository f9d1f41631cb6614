"""Moves the sandbox's clock and waits until all due work is done."""

import asyncio
from datetime import datetime, timedelta

from db import clock
from db.pool import Database
from loyalty.programme.rules.durations import parse_duration
from mipoints.problems import UserError

STALLED_AFTER = 30.0
_BETWEEN_LOOKS = 0.05


async def advance_clock(db: Database, text: str) -> datetime:
    """Moves the clock by a duration such as 13mo or 1d12h; returns the new moment. Raises BadDuration."""
    duration = parse_duration(text)
    remainder = timedelta(days=duration.days, seconds=duration.seconds)
    return await clock.advance(db, duration.months, remainder)


async def wait_until_done(db: Database, stalled_after: float = STALLED_AFTER) -> None:
    """Returns when no work is due any more. Raises Problem if the amount of due work stays the same for
    `stalled_after` seconds."""
    loop = asyncio.get_running_loop()
    due, moved_at = await clock.work_due(db), loop.time()
    while due:
        await asyncio.sleep(_BETWEEN_LOOKS)
        left = await clock.work_due(db)
        if left != due:
            due, moved_at = left, loop.time()
        elif loop.time() - moved_at > stalled_after:
            raise UserError(f"{due} things are due, and none was done for {stalled_after:.0f} s: is a worker running?")
