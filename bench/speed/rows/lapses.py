"""Promises credited on a day when points of every member lapse.

A database of its own, as for the day of notices, but the notices of the points that lapse are written before the turn.
Its clock begins on the day before the first points lapse, so that points lapse in each turn.
"""

from functools import partial

from bench.speed.contenders import ours
from bench.speed.figures import Sample
from bench.speed.process import Running
from bench.speed.rows.credit import credit_after
from bench.speed.rows.notices import ENTRIES
from bench.speed.world import Turns, World

_NOTICED = "update lots set is_noticed = true where remaining > 0 and lapses_on <= programme_now() + interval '64 days'"
_DAYS_UNTIL_THE_FIRST = "select min(lapses_on) - programme_now()::date from lots where remaining > 0"


async def open_row(world: World) -> Turns:
    """Ours alone: the others know no points that lapse."""
    other = await world.on("lapses", world.options.promises, ENTRIES, 0)
    days = await other.owner.fetchval(_DAYS_UNTIL_THE_FIRST)
    await ours.run(other.env(), "clock", "advance", f"{days - 1}d")
    servers = await other.servers(other.our_names())
    return {name: partial(_credit, other, name, server) for name, server in servers.items()}


async def _credit(world: World, name: str, server: Running) -> Sample:
    await world.owner.execute(_NOTICED)
    return await credit_after("31d", world, name, server)
