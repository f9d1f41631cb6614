"""The memory of a serving process after the load of the other rows and one more turn of home."""

from functools import partial

from bench.speed.accounting import tree_memory
from bench.speed.figures import Sample
from bench.speed.rows import home
from bench.speed.world import LIMIT, Turn, Turns, World


async def open_row(world: World) -> Turns:
    """The servers as they are."""
    reads = await home.open_row(world)
    return {name: partial(_weigh, world, name, turn) for name, turn in reads.items() if name != LIMIT}


async def _weigh(world: World, name: str, read: Turn) -> Sample:
    await read()
    held = tree_memory([(await world.server(name)).pid])
    return Sample(0, 0, extra={"rss MiB": held.rss, "pss MiB": held.pss})
