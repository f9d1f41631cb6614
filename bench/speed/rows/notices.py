"""Promises credited on a day when every member gets a notice about points that are about to lapse.

A database of its own, with as many members as promises: its clock moves by a month in each turn, so that in each turn
other points of the same members are about to lapse. The worker's notices until the last promise is credited
count as well.
"""

from functools import partial

from bench.speed.rows.credit import credit_after
from bench.speed.world import Turns, World

ENTRIES = 20


async def open_row(world: World) -> Turns:
    """Ours alone: the others know no points that lapse."""
    other = await world.on("notices", world.options.promises, ENTRIES, 0)
    servers = await other.servers(other.our_names())
    return {name: partial(credit_after, "31d", other, name, server) for name, server in servers.items()}
