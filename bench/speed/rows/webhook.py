"""A signed delivery: verified, stored, committed, acknowledged. The usual server inserts one row."""

from functools import partial
from typing import Any
from uuid import uuid4

from bench.speed.contenders.limit import pgbench
from bench.speed.figures import Sample
from bench.speed.http_requests import webhook_request
from bench.speed.loading import Plan, under_load
from bench.speed.process import Running
from bench.speed.world import LIMIT, USUAL, Turns, World


async def open_row(world: World) -> Turns:
    """News of parcels whose order is not known yet; no worker runs meanwhile."""
    names = [*world.our_names(), USUAL]
    servers = await world.servers(names)
    turns = {name: partial(_send, world, server) for name, server in servers.items()}
    options = world.options
    limit = partial(
        pgbench, world.meter, "webhook", world.folder, world.databases.sockets, options.members, options.connections,
        options.seconds,
    )  # fmt: skip
    return turns | {LIMIT: limit}


async def _send(world: World, server: Running) -> Sample:
    requests = [webhook_request(f"stored-{uuid4().hex}", _in_transit()) for _ in range(2 * world.options.writes)]
    plan = Plan(server.port, requests, "", world.options.connections)
    return await under_load(world.meter.of(server=server.pid), plan)


def _in_transit() -> dict[str, Any]:
    number = uuid4().hex
    return {"type": "shipment.in_transit", "data": {"order_number": number, "tracking_number": f"T-{number}"}}
