"""The cost of the home screen with a thousand and with a hundred thousand members, each in a database of its own."""

from functools import partial

from bench.speed.http_requests import document, graphql_request, token
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
        requests = [graphql_request(body, token(f"seed-{n}")) for n in range(1, members + 1, step)]
        turns[f"{members:,} members"] = partial(read, other, await other.server(OURS), requests, "endCursor", 1)
    return turns
