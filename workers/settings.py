"""arq's own way to start a worker: `python -m arq workers.settings.WorkerSettings`.

`mipoints worker` runs the same functions and keeps the sweeper going when Redis is away.
"""

import asyncio
from typing import Any

from arq.connections import RedisSettings

from loyalty.settings import read_settings
from loyalty.webhooks.producers import ASKABLE
from workers.run import open_sweeper
from workers.wakeups import options, redis_settings


async def open_worker(ctx: dict[str, Any]) -> None:
    """Opens a pool and starts sweeping."""
    ctx["sweeper"] = await open_sweeper(read_settings(askable=ASKABLE))
    ctx["sweeping"] = asyncio.create_task(ctx["sweeper"].run())


async def close_worker(ctx: dict[str, Any]) -> None:
    """Ends the sweeps and closes it."""
    ctx["sweeper"].stop()
    await ctx["sweeping"]
    await ctx["sweeper"].programme.db.close()


def worker_settings() -> dict[str, Any]:
    """Everything arq asks for, read from the environment."""
    url = read_settings(askable=ASKABLE).redis_url
    return {
        **options(),
        "redis_settings": redis_settings(url) if url else RedisSettings(),
        "on_startup": open_worker,
        "on_shutdown": close_worker,
    }


WorkerSettings = worker_settings()
