"""Sends hostile requests to real processes: `make fuzz` prints the figures, and fails if one is wrong.

First it sends 50,000 requests without valid proof to every producer's addresses, over plain sockets: none may be
accepted, none answered 5xx. Then it sends 10,000 *signed* bodies with strange content, half of them about unknown
orders and half about real ones: none may be answered 5xx, each accepted one must reach a final state, no worker may
die, and the ledger must match its facts. The same seed makes the same requests.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

import asyncpg
from rich.console import Console
from rich.table import Table

from bench.running import Programme, programme_running, skip_pauses, until_applied
from bench.storm import beside
from loyalty.orders.fact_rows import fact_of
from loyalty.orders.rules.facts import Fact
from loyalty.orders.rules.order import Order, OrderLine, Parcel
from loyalty.orders.rules.purchase import worth
from loyalty.orders.rules.shipment import fold
from tests.support.hostile.honest import signed
from tests.support.hostile.hostile import Answers, send_all, strange_bodies, unproven
from tests.support.hostile.spoiling import request
from tests.support.hostile.wire import Request
from tests.support.ledger import ledger, points_in_the_ledger
from tests.support.processes import answering, serving
from tests.support.samples import sample
from tests.support.terms import ES

SEED = int(os.environ.get("MIPOINTS_FUZZ_SEED", "1"))
UNPROVEN = int(os.environ.get("MIPOINTS_FUZZ", "50000"))
STRANGE = UNPROVEN // 10
ORDERS, MEMBERS = 60, 6
_FAULTS_OF_THEIRS = ("The order has no line", "The order has no parcel", "Order 46")
_TROUBLE = ("Traceback", "The sweeper's part")


def some_orders(random: Random, placed_at: datetime) -> list[Order]:
    """Returns orders of two lines with a parcel each. Their numbers are valid for every producer."""
    return [_order(str(4_600_000_000_000_000_000 + n), random, placed_at) for n in range(ORDERS)]


def _order(number: str, random: Random, placed_at: datetime) -> Order:
    lines = tuple(OrderLine(str(10**15 + n), f"p-{n}", 2, random.randint(100, 30_000)) for n in range(2))
    parcels = tuple(Parcel(f"F{number}-{line.id}", "FedEx", {line.id: 2}) for line in lines)
    return Order(number, placed_at, "EUR", lines, 499, 0, parcels)


async def differing(owner: asyncpg.Connection, orders: list[Order]) -> int:
    """Returns how many orders have other points in the ledger than the fold of their stored facts."""
    rows = await owner.fetch("select number, kind, content::text as content, occurred_at, producer from order_facts")
    facts: dict[str, list[Fact]] = {order.number: [] for order in orders}
    for row in rows:
        content = json.loads(row["content"])
        facts[row["number"]].append(fact_of(row["kind"], content, row["occurred_at"], row["producer"]))
    actual = await points_in_the_ledger(owner)
    expected = {each.number: worth(each, fold(each, facts[each.number]).kept, ES, ()).total for each in orders}
    return sum(actual.get(number) != points for number, points in expected.items())


@dataclass(slots=True)
class Run:
    """The figures so far, and the failures among them."""

    figures: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def add(self, name: str, figure: object, *, must: object = None) -> None:
        """Adds a figure. It is a failure if `must` is given and differs."""
        self.figures[name] = str(figure)
        if must is not None and figure != must:
            self.failures.append(f"{name}: {figure}, must be {must}")

    def add_answers(self, name: str, answers: Answers, seconds: float) -> None:
        """Adds the figures of a set of answers. An answer 5xx is a failure."""
        statuses = ", ".join(f"{count} x {status or 'none'}" for status, count in sorted(answers.statuses.items()))
        self.add(f"{name}: sent, seconds", f"{answers.statuses.total()}, {seconds:.0f}")
        self.add(f"{name}: answers", statuses)
        self.add(f"{name}: answered 5xx", answers.of(5), must=0)
        self.add(f"{name}: slowest", f"{answers.slowest * 1000:.0f} ms")
        self.failures += [f"{status} for {sent.how}: {sent.written()[:600]!r}" for status, sent in answers.wrong[:5]]


async def run(folder: Path, stack: ExitStack) -> Run:
    """Runs everything on one database, two servers and one worker."""
    log = folder / "processes.log"
    programme = await programme_running(folder, stack, workers=1, log=log)
    second = stack.enter_context(serving(programme.env, stack.enter_context(log.open("ab")).fileno()))
    await answering(second)
    owner = await asyncpg.connect(programme.database_url)
    placed_at = await owner.fetchval("select date_trunc('second', programme_now()) - interval '12 hours'")
    random, run_ = Random(SEED), Run()
    orders = some_orders(random, placed_at)
    await programme.record_orders(orders, MEMBERS)
    ports = [urlsplit(url).port or 0 for url in (programme.url, second.url)]
    before = await ledger(owner)
    await _unproven(run_, ports, random, owner)
    async with beside(asyncio.create_task(skip_pauses(programme.database_url))):
        await _strange(run_, "strange, unknown orders", ports, strange_bodies(random, STRANGE), owner)
        run_.add("strange, unknown orders: ledger changed", await ledger(owner) != before, must=False)
        await _strange(run_, "strange, real orders", ports, strange_bodies(random, STRANGE, orders), owner)
    await _judge(run_, programme, owner, orders)
    await owner.close()
    return run_


async def _unproven(run_: Run, ports: list[int], random: Random, owner: asyncpg.Connection) -> None:
    started = time.perf_counter()
    answers = await send_all(ports, unproven(random, UNPROVEN), may_be_accepted=False)
    run_.add_answers("unproven", answers, time.perf_counter() - started)
    run_.add("unproven: accepted", answers.of(2), must=0)
    run_.add("unproven: stored", await owner.fetchval("select count(*) from inbox"), must=0)
    body = sample("native_shipment_delivered").sent.body
    honest = [request(signed("native", body, f"evt-honest-{port}")) for port in ports]
    after = await send_all(ports, honest, may_be_accepted=True)
    run_.add("honest ones afterwards: accepted", after.statuses[202], must=len(honest))


async def _strange(
    run_: Run, name: str, ports: list[int], requests: Iterable[Request], owner: asyncpg.Connection
) -> None:
    started = time.perf_counter()
    answers = await send_all(ports, requests, may_be_accepted=True)
    run_.add_answers(name, answers, time.perf_counter() - started)
    await until_applied(owner)


async def _judge(run_: Run, programme: Programme, owner: asyncpg.Connection, orders: list[Order]) -> None:
    rows = await owner.fetch("select state, error from inbox")
    states: Mapping[str, int] = Counter(row["state"] for row in rows)
    run_.add("became", ", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    dead = Counter(row["error"] for row in rows if row["state"] == "DEAD")
    ours = {error: count for error, count in dead.items() if not error.startswith(_FAULTS_OF_THEIRS)}
    run_.add("DEAD by a fault of ours", ours or 0, must=0)
    run_.add("orders whose points differ from the fold of their facts", await differing(owner, orders), must=0)
    run_.add("facts", await owner.fetchval("select count(*) from order_facts"))
    log = programme.log.read_text("utf-8", "replace")
    run_.add("the worker died", programme.workers[0].poll() is not None, must=False)
    run_.add("faults in the logs", sum(log.count(each) for each in _TROUBLE), must=0)
    run_.add("audit", await programme.audit(), must="sound")


def main() -> None:
    """Runs all of it in a temporary folder, and exits with 1 if a figure is wrong."""
    with tempfile.TemporaryDirectory(prefix="mipoints-fuzz-") as folder, ExitStack() as stack:
        run_ = asyncio.run(run(Path(folder), stack))
    table = Table(f"Hostile requests, seed {SEED}", "")
    for name, figure in run_.figures.items():
        table.add_row(name, figure)
    Console().print(table)
    for failure in run_.failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if run_.failures else 0)


if __name__ == "__main__":
    main()
