"""The settings with which arq starts a worker itself: `python -m arq workers.settings.WorkerSettings`.

`mipoints worker` runs the same functions, and its sweeper also works while Redis is away.
"""

import asyncio
from typing import Any

from arq.connections import RedisSettings

from loyalty.settings import read_settings
from loyalty.webhooks.producers import ASKABLE
from workers.run import open_sweeper
from workers.wakeups import options, redis_settings


async def open_worker(ctx: dict[str, Any]) -> None:
    """Opens a pool and starts the sweeper."""
    ctx["sweeper"] = await open_sweeper(read_settings(askable=ASKABLE))
    ctx["sweeping"] = asyncio.create_task(ctx["sweeper"].run())


async def close_worker(ctx: dict[str, Any]) -> None:
    """Stops the sweeper, waits for its current sets, and closes the pool."""
    ctx["sweeper"].stop()
    await ctx["sweeping"]
    await ctx["sweeper"].programme.db.close()


def worker_settings() -> dict[str, Any]:
    """Returns the settings of arq's worker class, read from the environment."""
    url = read_settings(askable=ASKABLE).redis_url
    return {
        **options(),
        "redis_settings": redis_settings(url) if url else RedisSettings(),
        "on_startup": open_worker,
        "on_shutdown": close_worker,
    }


WorkerSettings = worker_settings()
