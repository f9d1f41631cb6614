"""A parcel was delivered: the signed webhook is stored, and a worker settles the order. Measured until the last one."""

from functools import partial
from typing import Any
from uuid import uuid4

from bench.speed.figures import Sample
from bench.speed.http_requests import webhook_request
from bench.speed.loading import Plan, under_load
from bench.speed.process import Running
from bench.speed.rows.order import record_orders
from bench.speed.rows.working import until_applied, worker_running
from bench.speed.world import Turns, World


async def open_row(world: World) -> Turns:
    """Orders are recorded first, which is not counted; then each is delivered."""
    return {name: partial(_deliver, world, name, await world.server(name)) for name in world.our_names()}


async def _deliver(world: World, name: str, server: Running) -> Sample:
    numbers = [f"D-{uuid4().hex}" for _ in range(world.options.writes)]
    await record_orders(world, server, numbers)
    async with worker_running(world, name) as worker:
        requests = [webhook_request(f"delivered-{number}", _delivered(number)) for number in numbers]
        plan = Plan(server.port, requests, "", world.options.connections)
        meter = world.meter.of(server=server.pid, worker=worker.pid)
        sample = await under_load(meter, plan, partial(until_applied, world))
    await _check(world, numbers)
    return sample


async def _check(world: World, numbers: list[str]) -> None:
    settled = await world.owner.fetchval("select count(*) from inbox where order_number = any($1)", numbers)
    applied = await world.owner.fetchval(
        "select count(*) from inbox where order_number = any($1) and state = 'APPLIED'", numbers
    )
    assert settled == applied == len(numbers), f"{applied} of {len(numbers)} deliveries were settled."


def _delivered(number: str) -> dict[str, Any]:
    return {"type": "shipment.delivered", "data": {"order_number": number, "tracking_number": f"T-{number}"}}
