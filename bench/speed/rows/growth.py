"""What a thousand and a hundred thousand members cost one that asks for home: databases and servers of their own."""

from functools import partial

from bench.speed.asking import asked, document, token
from bench.speed.rows.home import read
from bench.speed.world import OURS, Turns, World

ENTRIES, COUPONS = 20, 1


async def open_row(world: World) -> Turns:
    """One connection, so that p50 is how long an answer takes and not how long others are waited for."""
    turns = {}
    for members in world.options.growth:
        other = await world.on(f"growth_{members}", members, ENTRIES, COUPONS)
        step = max(1, members // world.options.active)
        body = {"query": document("home"), "operationName": "Home"}
        requests = [asked(body, token(f"seed-{n}")) for n in range(1, members + 1, step)]
        turns[f"{members:,} members"] = partial(read, other, await other.server(OURS), requests, "endCursor", 1)
    return turns
