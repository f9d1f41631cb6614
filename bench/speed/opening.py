"""The beginning of a run: Postgres and Redis are started, the database is filled."""

from contextlib import AsyncExitStack
from pathlib import Path

import asyncpg
import psutil

from bench.speed.contenders import mercurius
from bench.speed.databases import Databases, fill_usual
from bench.speed.meter import Meter
from bench.speed.options import Options
from bench.speed.world import World
from mipoints.embedded.redis import EmbeddedRedis


async def open_world(options: Options, folder: Path, stack: AsyncExitStack) -> World:
    """Starts Postgres and Redis, and fills the database; `stack` ends all of it."""
    databases = Databases.start(folder)
    stack.callback(databases.postgres.stop)
    owner = await asyncpg.connect(databases.url())
    stack.push_async_callback(owner.close)
    meter = Meter(databases.postmaster, owner.get_server_pid())
    world = World(options, folder, databases, owner, meter, stack)
    _start_redis(world)
    await databases.fill(world.env(), options.members, options.entries, options.coupons)
    await fill_usual(owner)
    if (reason := mercurius.reason_to_skip()) is not None:
        world.note(reason)
    return world


def _start_redis(world: World) -> None:
    if not EmbeddedRedis.can_be_had():
        world.note("There is no Redis here: arq is skipped.")
        return
    before = {each.pid for each in psutil.Process().children()}
    redis = EmbeddedRedis.start(world.folder)
    world.stack.callback(redis.stop)
    world.redis_url = redis.url
    world.redis_pid = next(each.pid for each in psutil.Process().children() if each.pid not in before)
