"""Promises that become due at one moment, credited by one worker: ours, and arq's with a job a promise."""

from functools import partial
from uuid import uuid4

from bench.speed.contenders import ours, usual
from bench.speed.figures import Sample
from bench.speed.http_requests import document, graphql_request, token
from bench.speed.loading import Plan, under_load
from bench.speed.process import Running
from bench.speed.rows.arq_jobs import credit_by_arq
from bench.speed.rows.counting_down import counted_down
from bench.speed.rows.working import DUE, worker_running
from bench.speed.world import Turns, World

SOON = "select count(*) from promises where state = 'PROMISED' and due_at <= programme_now() + interval '6 minutes'"


async def open_row(world: World) -> Turns:
    """Ours, and arq's by default and tuned if there is a Redis."""
    servers = await world.servers(world.our_names())
    turns = {name: partial(credit_after, "6m", world, name, server) for name, server in servers.items()}
    others = list(usual.JOBS) if world.redis_url else []
    return turns | {name: partial(credit_by_arq, world, name) for name in others}


async def credit_after(duration: str, world: World, name: str, server: Running) -> Sample:
    """Members share links, which is not counted; then the clock is moved over the hold, or further."""
    await _share(world, server)
    async with worker_running(world, name) as worker:
        due = await world.owner.fetchval(SOON)
        meter = world.meter.of(worker=worker.pid)
        before = meter.read()
        await ours.run(world.env(), "clock", "advance", duration)
        seconds, counted = await counted_down(lambda: world.owner.fetchval(DUE), due)
        return Sample(due, seconds * due / counted, meter.since(before))


async def _share(world: World, server: Running) -> None:
    text = document("share")
    members = world.next_members("shares", world.options.promises)
    requests = [
        graphql_request(
            {"query": text, "operationName": "Share", "variables": {"product": uuid4().hex, "key": str(uuid4())}},
            token(mi_id),
        )
        for mi_id in members
    ]
    plan = Plan(server.port, requests, "GRANTED", world.options.connections)
    await under_load(world.meter.of(server=server.pid), plan)
