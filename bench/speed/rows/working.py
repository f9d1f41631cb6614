"""Our worker, running for a turn; and waiting until nothing is left for it to do."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from bench.speed.contenders import ours
from bench.speed.process import Running
from bench.speed.world import World

LOOK_SECONDS = 0.01
PATIENCE = 300.0

DUE = "select count(*) from promises where state = 'PROMISED' and due_at <= programme_now()"
RECEIVED = "select exists (select from inbox where state = 'RECEIVED')"


@asynccontextmanager
async def worker_running(world: World, name: str) -> AsyncIterator[Running]:
    """`mipoints worker` of one of our checkouts, once nothing is left for it to do."""
    checkout = world.checkout(name)
    running = ours.worker(f"worker-{name}", world.env(), world.log(f"worker-{name}"), checkout).start()
    try:
        await until_quiet(world, running)
        yield running
    finally:
        await running.stop()


async def until_quiet(world: World, worker: Running) -> None:
    """Until nothing received or due waits, and the worker has come to rest."""
    await until_applied(world)
    async with asyncio.timeout(PATIENCE):
        while await world.owner.fetchval(DUE):  # noqa: ASYNC110 - the condition is in the database
            await asyncio.sleep(LOOK_SECONDS)
    before, now = -1.0, world.meter.of(worker=worker.pid).read()["worker"]
    while now - before > 0.02 or now < 0.1:
        worker.check()
        await asyncio.sleep(0.3)
        before, now = now, world.meter.of(worker=worker.pid).read()["worker"]


async def until_applied(world: World) -> None:
    """Until nothing in the inbox waits for a worker."""
    async with asyncio.timeout(PATIENCE):
        while await world.owner.fetchval(RECEIVED):  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)
