"""The home screen: the same document, the same members, every server; pgbench sends its three reads alone."""

from functools import partial

from bench.speed.contenders.limit import pgbench
from bench.speed.figures import Sample
from bench.speed.http_requests import document, graphql_request, token
from bench.speed.loading import Plan, under_load
from bench.speed.process import Running
from bench.speed.world import LIMIT, Turns, World


async def open_row(world: World) -> Turns:
    """Reads of a thousand members in turn, by everybody."""
    body = {"query": document("home"), "operationName": "Home"}
    requests = [graphql_request(body, token(mi_id)) for mi_id in world.readers()]
    servers = await world.servers(world.names())
    turns = {name: partial(read, world, server, requests, "endCursor") for name, server in servers.items()}
    options = world.options
    limit = partial(
        pgbench, world.meter, "home", world.folder, world.databases.sockets, options.members, options.connections,
        options.seconds,
    )  # fmt: skip
    return turns | {LIMIT: limit}


async def read(
    world: World, server: Running, requests: list[str], must_hold: str, connections: int | None = None
) -> Sample:
    """A turn that asks the same requests again and again, for as long and as often as a turn has it."""
    options = world.options
    at_least = options.reads if connections is None else options.reads // 4
    plan = Plan(
        server.port, requests, must_hold, connections or options.connections, options.seconds, at_least, repeats=True
    )
    return await under_load(world.meter.of(server=server.pid), plan)
