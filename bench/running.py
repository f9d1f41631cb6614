"""Runs the whole programme as real processes, for benchmarks: embedded Postgres and Redis, an API, workers."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx

from loyalty.orders.rules.order import Order
from loyalty.settings import Settings
from loyalty.tokens import issue
from mipoints.embedded.postgres import EmbeddedPostgres
from mipoints.embedded.redis import EmbeddedRedis
from tests.support.processes import answering, environment, serving
from tests.support.stage import AUTH_SECRET, ORDER, REGISTER

AT_ONCE = 16
UNLIMITED = {f"MIPOINTS_GRAPHQL_{kind}_BUDGET": "0" for kind in ("MEMBER", "SERVICE", "STRANGER")}
"""Callers have no budget: it would refuse the requests of a benchmark."""


@dataclass(slots=True)
class Programme:
    """A running programme: its addresses, its environment and its workers."""

    url: str
    database_url: str
    env: Mapping[str, str]
    postgres: EmbeddedPostgres
    workers: list["subprocess.Popen[bytes]"] = field(default_factory=list)
    log: Path = Path(os.devnull)
    """The file for the workers' logs; without it they are discarded."""

    def start_worker(self) -> None:
        """Starts one more worker."""
        command = [sys.executable, "-m", "mipoints", "worker"]
        with self.log.open("ab") as log:
            self.workers.append(subprocess.Popen(command, env=dict(self.env), stderr=log))

    async def kill_a_worker(self) -> int:
        """Kills the oldest worker by SIGKILL and starts another one; returns the id of the killed process."""
        oldest = self.workers.pop(0)
        oldest.kill()
        await asyncio.to_thread(oldest.wait)
        self.start_worker()
        return oldest.pid

    def stop_workers(self) -> None:
        """Stops all workers gracefully."""
        for worker in self.workers:
            worker.terminate()
        for worker in self.workers:
            worker.wait(15)

    def storefront_token(self) -> str:
        """Returns a token of the storefront."""
        settings = Settings(database_url=self.database_url, sandbox=True, auth_secret=AUTH_SECRET)
        return issue(settings, member=None, scope="storefront", name="storefront", seconds=3600, market=None)

    async def record_orders(self, orders: Sequence[Order], members: int) -> None:
        """Registers so many members, and records the orders for them in turn."""
        async with httpx.AsyncClient(base_url=self.url, timeout=30) as http:
            for n in range(members):
                person = {"miId": f"mi-{n}", "market": "ES", "birthDate": "1990-05-17"}
                at = orders[0].placed_at.isoformat()
                await self._storefront(http, REGISTER, {"input": person | {"registeredAt": at}, "key": f"join-{n}"})
            waiting = iter(enumerate(orders))

            async def one_after_another() -> None:
                for n, order in waiting:
                    input_ = _as_input(order, f"mi-{n % members}")
                    await self._storefront(http, ORDER, {"input": input_, "key": order.number})

            await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))

    async def audit(self) -> str:
        """Returns `sound`, or the output of `mipoints audit`."""
        command = [sys.executable, "-m", "mipoints", "audit"]
        done = await asyncio.to_thread(subprocess.run, command, env=dict(self.env), capture_output=True, text=True)
        return "sound" if done.returncode == 0 else done.stdout + done.stderr

    async def _storefront(self, http: httpx.AsyncClient, query: str, variables: dict[str, Any]) -> None:
        headers = {"authorization": f"Bearer {self.storefront_token()}"}
        answer = await http.post("/graphql", json={"query": query, "variables": variables}, headers=headers)
        body = answer.json()
        assert "errors" not in body, body
        (result,) = body["data"].values()
        assert "code" not in result, result


async def programme_running(
    folder: Path, stack: ExitStack, *, workers: int, log: Path | None = None, **settings: str
) -> Programme:
    """Starts everything on its own database, and returns when it answers; `stack` ends it.

    `log` receives the logs of all processes. Without it, the workers' logs are discarded and the server's are printed.
    """
    postgres, redis = EmbeddedPostgres.start(folder), EmbeddedRedis.start(folder)
    stack.callback(postgres.stop)
    stack.callback(redis.stop)
    env = environment(postgres.url, MIPOINTS_REDIS_URL=redis.url, **UNLIMITED, **settings)
    command = [sys.executable, "-m", "mipoints", "migrate"]
    await asyncio.to_thread(subprocess.run, command, env=env, check=True, stdout=subprocess.DEVNULL)
    server = stack.enter_context(serving(env, stack.enter_context(log.open("ab")).fileno() if log else None))
    programme = Programme(server.url, postgres.url, env, postgres, log=log or Path(os.devnull))
    stack.callback(programme.stop_workers)
    for _ in range(workers):
        programme.start_worker()
    await answering(server)
    return programme


async def skip_pauses(url: str) -> None:
    """Removes the pauses before new attempts, so that poison deliveries reach their last attempt soon. Otherwise their
    growing pauses take a quarter of an hour together."""
    connection = await asyncpg.connect(url)
    while True:
        await connection.execute(
            "update inbox set not_before = null where state = 'RECEIVED' and not_before is not null"
        )
        await asyncio.sleep(0.2)


async def until_applied(owner: asyncpg.Connection) -> None:
    """Waits until no delivery in the inbox waits for a worker."""
    while await owner.fetchval("select exists (select from inbox where state = 'RECEIVED')"):  # noqa: ASYNC110
        await asyncio.sleep(0.5)


def _as_input(order: Order, mi_id: str) -> dict[str, Any]:
    return {
        "number": order.number,
        "miId": mi_id,
        "placedAt": order.placed_at.isoformat(),
        "currency": order.currency,
        "shippingMinor": order.shipping_minor,
        "lines": [
            {"id": line.id, "productId": line.product_id, "quantity": line.quantity, "paidMinor": line.paid_minor}
            for line in order.lines
        ],
        "parcels": [
            {
                "trackingNumber": parcel.tracking_number,
                "carrier": parcel.carrier,
                "lines": [{"lineId": line, "quantity": pieces} for line, pieces in parcel.pieces.items()],
            }
            for parcel in order.parcels
        ],
    }
