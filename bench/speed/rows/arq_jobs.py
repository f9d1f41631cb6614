"""The same by arq: jobs are queued under another name first, and become the worker's queue at one moment."""

import asyncio

from arq.connections import ArqRedis, RedisSettings, create_pool
from arq.constants import default_queue_name

from bench.speed.contenders import usual
from bench.speed.figures import Sample
from bench.speed.process import Running
from bench.speed.rows.counting_down import counted_down
from bench.speed.world import World

_STAGED = "bench:staged"
_PROMISE = """
insert into usual.promises (member_id, points, due_at)
select 1 + (n % (select count(*) from usual.members)), 2, now() from generate_series(1, $1) as n
returning id
"""
_LEFT = "select count(*) from usual.promises where id between $1 and $2 and posted_at is null"


async def credit_by_arq(world: World, name: str) -> Sample:
    """One turn of arq's worker; Redis counts, for arq cannot work without it."""
    assert world.redis_url is not None
    ids = [row["id"] for row in await world.owner.fetch(_PROMISE, world.options.promises)]
    worker = usual.worker(name, world.usual_env(), world.log(name.replace(", ", "-"))).start()
    redis = await create_pool(RedisSettings.from_dsn(world.redis_url))
    try:
        await _stage(redis, ids)
        meter = world.meter.of(worker=worker.pid, redis=world.redis_pid)
        await _until_looked(redis, worker)
        before = meter.read()
        await redis.rename(_STAGED, default_queue_name)
        seconds, counted = await counted_down(lambda: world.owner.fetchval(_LEFT, min(ids), max(ids)), len(ids))
        return Sample(len(ids), seconds * len(ids) / counted, meter.since(before))
    finally:
        await worker.stop()
        await redis.flushall()
        await redis.aclose()


async def _stage(redis: ArqRedis, ids: list[int]) -> None:
    waiting = iter(ids)

    async def one_after_another() -> None:
        for promise in waiting:
            await redis.enqueue_job("credit_promise", promise, _queue_name=_STAGED)

    await asyncio.gather(*(one_after_another() for _ in range(16)))


async def _until_looked(redis: ArqRedis, worker: Running) -> None:
    """Until the worker has written its first health check: it is running. Raises DidNotStart."""
    async with asyncio.timeout(60):
        while not await redis.exists(default_queue_name + ":health-check"):
            worker.check()
            await asyncio.sleep(0.05)
