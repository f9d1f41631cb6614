"""What a write costs: CPU time of this process and of Postgres, whose database has members with a history.

`python -m bench.writing`: each row is asked of the application in this process, without HTTP, by as many clients as
`--at-once` says (16), so that the driver, the engine and the verb count, and no client. Rounds take turns; a figure is
the median of them. `--rows redeem,fuel` runs some of the rows, `--profile` prints the costliest functions instead.
Figures of one run may be compared, those of two machines may not.
"""

import argparse
import asyncio
import cProfile
import gc
import json
import pstats
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import uvloop
from rich.console import Console
from rich.table import Table
from starlette.applications import Starlette
from starlette.types import Message, Scope

from api.app import create_app
from bench.filled import migrate_and_load, nobody
from bench.speed.accounting import process_seconds, tree_seconds
from bench.speed.databases import SETTINGS
from bench.speed.http_requests import SECRET, WEBHOOK_SECRET, document, graphql_request, token, webhook_request
from bench.speed.rows.order import order_input
from db.pool import connect
from loyalty.programme.programme import Programme
from loyalty.settings import Settings
from loyalty.tokens import Verifier
from loyalty.webhooks.apply import apply_some
from mipoints.embedded.postgres import EmbeddedPostgres
from mipoints.seed_shape import Shape
from mipoints.seeding import seed

WRITES = 400


@dataclass(frozen=True, slots=True)
class Asked:
    """A request as the server hands it to the application."""

    scope: Scope
    body: bytes

    @classmethod
    def of(cls, text: str) -> "Asked":
        """From a request as it is sent."""
        head, _, body = text.partition("\r\n\r\n")
        first, *lines = head.split("\r\n")
        path = first.split()[1]
        scope: Scope = {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1",
            "method": "POST", "scheme": "http", "path": path, "raw_path": path.encode(), "query_string": b"",
            "root_path": "", "server": ("127.0.0.1", 8000), "client": ("127.0.0.1", 50000),
            "headers": [tuple(part.encode() for part in line.split(": ", 1)) for line in lines],
        }  # fmt: skip
        return cls(scope, body.encode())

    async def ask(self, app: Starlette) -> bytes:
        """The body of the answer."""
        pieces: list[bytes] = []
        coming: list[Message] = [{"type": "http.request", "body": self.body, "more_body": False}]

        async def receive() -> Message:
            return coming.pop() if coming else await asyncio.get_running_loop().create_future()

        async def send(message: Message) -> None:
            pieces.append(message.get("body", b""))

        await app({**self.scope, "state": {}}, receive, send)
        return b"".join(pieces)


@dataclass(slots=True)
class Bench:
    """A programme with its application, and the members that have not been used yet."""

    programme: Programme
    app: Starlette
    postmaster: int
    owner: asyncpg.Connection
    at_once: int
    reward: str
    _next: dict[str, "count[int]"]

    def members(self, row: str, how_many: int) -> list[str]:
        """The next members of a row."""
        numbers = self._next.setdefault(row, count(1))
        return [f"seed-{next(numbers)}" for _ in range(how_many)]

    async def send(self, requests: Sequence[Asked], expected: str) -> None:
        """Sends the requests by clients that each wait for their answer."""
        waiting = iter(requests)

        async def client() -> None:
            for request in waiting:
                answer = await request.ask(self.app)
                assert expected.encode() in answer, answer

        await asyncio.gather(*(client() for _ in range(self.at_once)))

    async def cost(self, work: Callable[[], Awaitable[None]]) -> tuple[float, float]:
        """Milliseconds a write: of this process, and of Postgres."""
        own = self.owner.get_server_pid()
        before, began = tree_seconds(self.postmaster) - process_seconds(own), time.process_time()
        await work()
        ours = time.process_time() - began
        return ours / WRITES * 1e3, (tree_seconds(self.postmaster) - process_seconds(own) - before) / WRITES * 1e3


Row = Callable[[Bench], Awaitable[Callable[[], Awaitable[None]]]]
"""Prepares a turn, and gives what is to be measured."""


async def redeem(bench: Bench) -> Callable[[], Awaitable[None]]:
    """The cheapest reward, for each of the next members."""
    text, input_ = document("redeem"), {"rewardId": bench.reward}
    asked = [
        _graphql(text, "Redeem", {"input": input_, "key": str(uuid4())}, token(mi_id))
        for mi_id in bench.members("redeem", WRITES)
    ]
    return partial(bench.send, asked, "PointsRedeemed")


async def fuel(bench: Bench) -> Callable[[], Awaitable[None]]:
    """Fuel, for each of the next members."""
    text = document("fuel")
    asked = [_graphql(text, "Fuel", {"key": str(uuid4())}, token(mi_id)) for mi_id in bench.members("fuel", WRITES)]
    return partial(bench.send, asked, "GRANTED")


async def order(bench: Bench) -> Callable[[], Awaitable[None]]:
    """An order of two lines in a parcel, for each of the next members."""
    return partial(bench.send, _orders(bench, [f"B-{uuid4().hex}" for _ in range(WRITES)]), "OrderRecorded")


async def delivery(bench: Bench) -> Callable[[], Awaitable[None]]:
    """The parcel of a recorded order arrives: its webhook is stored, and then applied."""
    numbers = [f"D-{uuid4().hex}" for _ in range(WRITES)]
    await bench.send(_orders(bench, numbers), "OrderRecorded")
    asked = [Asked.of(webhook_request(f"delivered-{number}", _delivered(number))) for number in numbers]

    async def deliver() -> None:
        await bench.send(asked, "")
        while await apply_some(bench.programme):
            pass

    return deliver


ROWS: dict[str, Row] = {"redeem": redeem, "fuel": fuel, "order": order, "delivery": delivery}


def _orders(bench: Bench, numbers: Sequence[str]) -> list[Asked]:
    text, bearer = document("order"), token("storefront", scope="storefront")
    return [
        _graphql(text, "Order", {"input": order_input(number, mi_id), "key": number}, bearer)
        for number, mi_id in zip(numbers, bench.members("orders", len(numbers)), strict=True)
    ]


def _delivered(number: str) -> dict[str, Any]:
    return {"type": "shipment.delivered", "data": {"order_number": number, "tracking_number": f"T-{number}"}}


def _graphql(text: str, name: str, variables: dict[str, Any], bearer: str) -> Asked:
    return Asked.of(graphql_request({"query": text, "operationName": name, "variables": variables}, bearer))


@asynccontextmanager
async def opened(at_once: int, members: int) -> AsyncIterator[Bench]:
    """A Postgres of its own with members of twenty lines of history."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="mipoints-")))
        server = EmbeddedPostgres.start(folder, SETTINGS)
        stack.callback(server.stop)
        await migrate_and_load(server.url)
        await seed(server.url, members, Shape(entries=20, coupons=1), "ES", lambda _: None)
        owner = await asyncpg.connect(server.url)
        stack.push_async_callback(owner.close)
        await owner.execute("vacuum analyze")
        settings = Settings(
            database_url=server.url, auth_secret=SECRET, sandbox=True, velocity_per_minute=60,
            graphql_service_budget=0, webhook_secrets={"native": (WEBHOOK_SECRET,)},
        )  # fmt: skip
        db = await connect(server.url, most=settings.pool_size, seconds=20)
        stack.push_async_callback(db.close)
        programme = Programme.of(db, settings)
        app = create_app(settings, programme, nobody, Verifier(settings))
        postmaster = int((folder / "postgres" / "postmaster.pid").read_text().splitlines()[0])
        bench = Bench(programme, app, postmaster, owner, at_once, "", {})
        yield replace(bench, reward=await _reward(bench))


async def _reward(bench: Bench) -> str:
    answer = await _graphql(document("rewards"), "Rewards", {}, token("seed-1")).ask(bench.app)
    rewards = json.loads(answer)["data"]["rewards"]
    return str(min(rewards, key=lambda each: each["cost"])["id"])


async def measured(bench: Bench, rows: Sequence[str], rounds: int) -> None:
    """Prints the table."""
    figures: dict[str, list[tuple[float, float]]] = {name: [] for name in rows}
    for number in range(rounds + 1):
        for name in rows:
            cost = await bench.cost(await ROWS[name](bench))
            figures[name] += [cost] if number else []
    table = Table("a write", "this process, ms", "Postgres, ms", "together")
    for name, costs in figures.items():
        ours, postgres = (statistics.median(part) for part in zip(*costs, strict=True))
        table.add_row(name, f"{ours:.3f}", f"{postgres:.3f}", f"{ours + postgres:.3f}")
    Console(width=100).print(table)


async def profiled(bench: Bench, rows: Sequence[str], by: str) -> None:
    """Prints the functions that cost the most."""
    for name in rows:
        await (await ROWS[name](bench))()
        work, profile = await ROWS[name](bench), cProfile.Profile()
        profile.enable()
        await work()
        profile.disable()
        pstats.Stats(profile).sort_stats(by).print_stats(90)


async def main(options: argparse.Namespace) -> None:
    """Runs the rows that are asked for."""
    rows = options.rows.split(",")
    async with opened(options.at_once, (options.rounds + 1) * WRITES * 2) as bench:
        gc.collect()
        gc.freeze()  # as `mipoints serve` does
        if options.profile:
            await profiled(bench, rows, options.profile)
        else:
            await measured(bench, rows, options.rounds)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", default=",".join(ROWS))
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--at-once", type=int, default=16)
    parser.add_argument("--profile", nargs="?", const="tottime")
    return parser.parse_args()


if __name__ == "__main__":
    uvloop.run(main(_options()))
