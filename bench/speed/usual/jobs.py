"""Promises credited by arq, a job a promise: `arq bench.speed.usual.jobs.Default`."""

from typing import Any, ClassVar

import asyncpg
from arq.connections import RedisSettings

from bench.speed.usual.settings import DATABASE_URL, POOL_SIZE, REDIS_URL


async def credit_promise(context: dict[str, Any], promise_id: int) -> None:
    """Posts a promise once: marked, added to the balance, written into the history, in one transaction."""
    async with context["pool"].acquire() as connection, connection.transaction():
        promise = await connection.fetchrow(
            "update usual.promises set posted_at = now() where id = $1 and posted_at is null "
            "returning member_id, points",
            promise_id,
        )
        if promise is None:
            return
        available = await connection.fetchval(
            "update usual.members set available = available + $2, pending = pending - $2, lifetime = lifetime + $2 "
            "where id = $1 returning available",
            promise["member_id"],
            promise["points"],
        )
        await connection.execute(
            "insert into usual.entries (member_id, kind, points, balance_after, occurred_at) "
            "values ($1, 'FUEL', $2, $3, now())",
            promise["member_id"],
            promise["points"],
            available,
        )


async def open_pool(context: dict[str, Any]) -> None:
    """The worker's connections."""
    context["pool"] = await asyncpg.create_pool(DATABASE_URL, min_size=POOL_SIZE, max_size=POOL_SIZE)


async def close_pool(context: dict[str, Any]) -> None:
    """Gives them back."""
    await context["pool"].close()


class Default:
    """arq as its documents show it."""

    functions: ClassVar[list[Any]] = [credit_promise]
    redis_settings = RedisSettings.from_dsn(REDIS_URL)
    on_startup = open_pool
    on_shutdown = close_pool
