"""A process that is started: CPU and time until its `/readyz` answers, which asks the database."""

from functools import partial

from bench.speed.figures import Sample
from bench.speed.world import Turns, World


async def open_row(world: World) -> Turns:
    """Each server anew; files are in the page cache, compiled modules as the start before left them."""
    return {name: partial(_start, world, name) for name in world.names()}


async def _start(world: World, name: str) -> Sample:
    running = world.launch(name).start()
    try:
        return Sample(0, 0, extra=await running.ready())
    finally:
        await running.stop()
