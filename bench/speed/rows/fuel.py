"""Fuel, once a day for each member: a verdict, a slot, a day, a promise and its transfer; pgbench writes three rows."""

from functools import partial
from uuid import uuid4

from bench.speed.contenders.limit import pgbench
from bench.speed.figures import Sample
from bench.speed.http_requests import document, graphql_request, token
from bench.speed.loading import Plan, under_load
from bench.speed.process import Running
from bench.speed.world import LIMIT, Turns, World


async def open_row(world: World) -> Turns:
    """Each of the next members collects."""
    turns = {name: partial(_collect, world, await world.server(name)) for name in world.our_names()}
    options = world.options
    limit = partial(
        pgbench, world.meter, "fuel", world.folder, world.databases.sockets, options.members, options.connections,
        options.seconds,
    )  # fmt: skip
    return turns | {LIMIT: limit}


async def _collect(world: World, server: Running) -> Sample:
    text = document("fuel")
    requests = [
        graphql_request({"query": text, "operationName": "Fuel", "variables": {"key": str(uuid4())}}, token(mi_id))
        for mi_id in world.next_members("fuel", world.options.writes)
    ]
    plan = Plan(server.port, requests, "GRANTED", world.options.connections)
    return await under_load(world.meter.of(server=server.pid), plan)
