"""Points into a coupon: a transaction here, a row lock and seven statements there, one function, one statement."""

from functools import partial
from uuid import uuid4

from bench.speed.contenders.limit import pgbench
from bench.speed.figures import Sample
from bench.speed.http_requests import document, graphql_request, token
from bench.speed.loading import Plan, under_load
from bench.speed.process import Running
from bench.speed.world import LIMIT, Turns, World


async def open_row(world: World) -> Turns:
    """Each redeems the cheapest reward once for each of the next members."""
    servers = await world.servers(world.names())
    turns = {name: partial(_redeem, world, name, server, await _reward(server)) for name, server in servers.items()}
    options = world.options
    limit = partial(
        pgbench, world.meter, "redeem", world.folder, world.databases.sockets, options.members, options.connections,
        options.seconds,
    )  # fmt: skip
    return turns | {LIMIT: limit}


async def _reward(server: Running) -> str:
    """A server's id of the cheapest reward."""
    data = await server.ask({"query": document("rewards")}, token("seed-1"))
    return str(min(data["rewards"], key=lambda each: each["cost"])["id"])


async def _redeem(world: World, name: str, server: Running, reward: str) -> Sample:
    purpose = "redeem" if name in world.our_names() else "redeem, usual"
    requests = [_request(mi_id, reward) for mi_id in world.next_members(purpose, world.options.writes)]
    plan = Plan(server.port, requests, "PointsRedeemed", world.options.connections)
    return await under_load(world.meter.of(server=server.pid), plan)


def _request(mi_id: str, reward: str) -> str:
    variables = {"input": {"rewardId": reward}, "key": str(uuid4())}
    body = {"query": document("redeem"), "operationName": "Redeem", "variables": variables}
    return graphql_request(body, token(mi_id))
