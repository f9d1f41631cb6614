"""A Postgres of a bench's own, with the programme and a member with a history, in this process."""

import tempfile
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

import asyncpg

from db.migrate import migrate
from db.pool import set_json_codec
from loyalty.programme.load import load_shipped
from mipoints.embedded.postgres import EmbeddedPostgres
from tests.support.fresh import open_shared
from tests.support.stage import Stage, open_stage

ENTRIES, COUPONS = 40, 3
_ADJUST = """mutation($points: Int!, $key: ID!) {
  adjustPoints(miId: "mi-1", points: $points, reason: "a figure", idempotencyKey: $key) { __typename } }"""


async def nobody(*_: object) -> None:
    """Wakes nobody."""


async def fill(stage: Stage) -> None:
    """A member with its history, its coupons and promises."""
    await stage.register()
    operator = stage.token(scope="operator", name="op-1")
    for number in range(ENTRIES):
        await stage.ask(_ADJUST, {"points": 100, "key": f"adjust-{number}"}, operator)
    for number in range(COUPONS):
        await stage.redeem(key=f"coupon-{number}")
    for activity in ({"fuel": {}}, {"linkShare": {"productId": "p-1"}}, {"socialShare": {"productId": "p-1"}}):
        await stage.earn(activity)


async def migrate_and_load(url: str) -> None:
    """Makes the programme's tables and loads the shipped terms."""
    connection = await asyncpg.connect(url)
    await set_json_codec(connection)
    await migrate(connection)
    await load_shipped(connection)
    await connection.close()


@asynccontextmanager
async def filled_stage() -> AsyncIterator[Stage]:
    """A member with its history, on a server that ends with the block."""
    async with AsyncExitStack() as stack:
        server = EmbeddedPostgres.start(Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mipoints-"))))
        stack.callback(server.stop)
        await migrate_and_load(server.url)
        shared = await stack.enter_async_context(open_shared(server.url))
        stage = await stack.enter_async_context(open_stage(shared))
        await fill(stage)
        yield stage
