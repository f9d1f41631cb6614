"""Measures how late promises are credited, with Redis running, flushed and stopped. `make bench` prints it.

Two real workers and one API run on embedded Postgres and Redis, with holds of five seconds; in each case fifty members
join and share over HTTP. The delay is the ledger's `recorded_at` minus the promise's `due_at`, both by Postgres' clock.
"""

import asyncio
import subprocess
import sys
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import httpx
from arq.connections import RedisSettings, create_pool
from rich.console import Console
from rich.table import Table

from bench.running import UNLIMITED
from loyalty.settings import Settings
from loyalty.tokens import issue
from mipoints.embedded.postgres import EmbeddedPostgres
from mipoints.embedded.redis import EmbeddedRedis
from tests.support.processes import answering, environment, running, serving
from tests.support.stage import AUTH_SECRET, EARN, REGISTER

HOLD_SECONDS = 5
MEMBERS = 50
SHARE = {"activity": {"socialShare": {"productId": "p-1"}}}


def _migrate(env: dict[str, str]) -> None:
    subprocess.run([sys.executable, "-m", "mipoints", "migrate"], env=env, check=True, stdout=subprocess.DEVNULL)


async def members_share(url: str, settings: Settings, name: str) -> None:
    """Fifty members join and share at the same time."""
    storefront = issue(settings, member=None, scope="storefront", name="storefront", seconds=600, market=None)
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        await asyncio.gather(*(_joins_and_shares(http, settings, storefront, f"{name}-{n}") for n in range(MEMBERS)))


async def _joins_and_shares(http: httpx.AsyncClient, settings: Settings, storefront: str, mi_id: str) -> None:
    own = issue(settings, member=mi_id, scope=None, name=None, seconds=600, market=None)
    person = {"miId": mi_id, "market": "ES", "birthDate": "1990-05-17"}
    await _post(http, storefront, REGISTER, {"input": person, "key": f"join-{mi_id}"})
    await _post(http, own, EARN, {"input": SHARE, "key": "share"})


async def _post(http: httpx.AsyncClient, token: str, query: str, variables: dict[str, object]) -> None:
    headers = {"authorization": f"Bearer {token}"}
    answer = await http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
    assert "errors" not in answer.json(), answer.text


async def lateness(owner: asyncpg.Connection, name: str) -> asyncpg.Record:
    """Waits until all promises of a case are credited, and returns their delays in seconds."""
    while await owner.fetchval("select count(*) from audit.promises where state = 'PROMISED'"):  # noqa: ASYNC110
        await asyncio.sleep(0.2)
    row = await owner.fetchrow(
        "select count(*) as credited, min(extract(epoch from t.recorded_at - p.due_at)) as soonest, "
        "percentile_cont(0.5) within group (order by extract(epoch from t.recorded_at - p.due_at)) as median, "
        "max(extract(epoch from t.recorded_at - p.due_at)) as latest "
        "from promises p join transfers t on t.member_id = p.member_id and t.promise_id = p.promise_id "
        "and t.debit = 'pending' join mi_accounts a on a.member_id = p.member_id where a.mi_id like $1",
        f"{name}-%",
    )
    assert row is not None
    return row


async def run(folder: Path, stack: ExitStack) -> None:
    """Runs all three cases on the same processes, one after the other."""
    postgres, redis = EmbeddedPostgres.start(folder), EmbeddedRedis.start(folder)
    stack.callback(postgres.stop)
    stack.callback(redis.stop)
    env = environment(postgres.url, MIPOINTS_REDIS_URL=redis.url, MIPOINTS_HOLD_SECONDS=str(HOLD_SECONDS), **UNLIMITED)
    await asyncio.to_thread(_migrate, env)
    server = stack.enter_context(serving(env))
    for _ in range(2):
        stack.enter_context(running("worker", env=env))
    await answering(server)
    settings = Settings(database_url=postgres.url, sandbox=True, auth_secret=AUTH_SECRET)
    owner = await asyncpg.connect(postgres.url)

    async def flush() -> None:
        pool = await create_pool(RedisSettings.from_dsn(redis.url))
        await pool.flushall()
        await pool.aclose()

    async def stop() -> None:
        await asyncio.to_thread(redis.stop)

    async def nothing() -> None:
        return

    cases: dict[str, Callable[[], Awaitable[None]]] = {"running": nothing, "flushed": flush, "stopped": stop}
    table = Table(f"Redis, holds of {HOLD_SECONDS} s", "credited", "soonest", "median", "latest")
    for name, happens in cases.items():
        await members_share(server.url, settings, name)
        await happens()
        row = await lateness(owner, name)
        late = [f"{float(row[column]):+.3f} s" for column in ("soonest", "median", "latest")]
        table.add_row(name, str(row["credited"]), *late)
    await owner.close()
    Console().print(table)


def main() -> None:
    """Runs the benchmark in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mipoints-bench-") as folder, ExitStack() as stack:
        asyncio.run(run(Path(folder), stack))


if __name__ == "__main__":
    main()
