"""Measures the cost of notifying followers, and the resources that 10,000 clients leave behind. `make bench` prints it.

A commit with a NOTIFY waits for the NOTIFY commit before it, including its flush to the disk. So we notify only of
members with followers. This measures adjustments of members without followers and with followers, with a listener.
"""

import asyncio
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import ExitStack
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median, quantiles
from uuid import UUID

import psutil
from rich.console import Console
from rich.table import Table

from bench.coming_and_going import coming_and_going
from bench.running import Programme as Running
from bench.running import programme_running
from db.ledger.balance_changes import follow_member, listening
from db.pool import Database, connect
from loyalty.callers import Caller
from loyalty.members.eligibility import Registration
from loyalty.members.register import register
from loyalty.operators.adjust import Adjustment, adjust
from loyalty.programme.programme import Programme
from tests.support.stage import settings_for

MEMBERS, AT_ONCE, CHANGES = 200, 16, 2000
OPERATOR = Caller("bench", frozenset({"operator"}), is_service=True)
STOREFRONT = Caller("bench-shop", frozenset({"storefront"}), is_service=True)


def _programme_on(db: Database) -> Programme:
    return Programme.of(db, settings_for("", velocity_per_minute=None, sandbox=False))


async def register_members(db: Database) -> None:
    """Registers MEMBERS members, who have no followers."""
    programme = _programme_on(db)
    for n in range(MEMBERS):
        await register(programme, STOREFRONT, Registration(f"mi-{n}", "ES", date(1990, 5, 17)), f"join-{n}")


async def follow_all(db: Database) -> None:
    """Makes every member followed, so that each of their changes sends a NOTIFY."""
    for n in range(MEMBERS):
        await follow_member(db, f"mi-{n}", datetime.now(UTC) + timedelta(days=1))


async def changes_a_second(db: Database, name: str) -> list[str]:
    """Makes CHANGES adjustments; returns the cells: adjustments a second, median and 99th percentile of their times."""
    programme, waiting, took = _programme_on(db), iter(range(CHANGES)), []

    async def one_after_another() -> None:
        for n in waiting:
            began = time.perf_counter()
            await adjust(programme, OPERATOR, Adjustment(f"mi-{n % MEMBERS}", 1, "bench"), f"{name}-{n}")
            took.append(1000 * (time.perf_counter() - began))

    began = time.perf_counter()
    await asyncio.gather(*(one_after_another() for _ in range(AT_ONCE)))
    seconds = time.perf_counter() - began
    return [f"{CHANGES / seconds:.0f}", f"{median(took):.1f} ms", f"{quantiles(took, n=100)[98]:.1f} ms"]


async def notifying(running: Running) -> Table:
    """Measures the same adjustments without and with NOTIFY. Each is measured twice, in turn, so that neither has a
    warmer server."""
    table = Table(f"{CHANGES} corrections, {AT_ONCE} at once", "a second", "p50", "p99", "received")
    db = await connect(running.database_url, most=AT_ONCE, seconds=30)
    await register_members(db)
    received: list[UUID] = []
    async with listening(running.database_url, received.append, seconds=5):
        await changes_a_second(db, "warm")
        for round_ in (1, 2):
            received.clear()
            await db.execute("update balances set listened_until = null")
            table.add_row("no followers", *await changes_a_second(db, f"quiet-{round_}"), str(len(received)))
            await follow_all(db)
            table.add_row("all are follow_all", *await changes_a_second(db, f"notified-{round_}"), str(len(received)))
    await db.close()
    return table


async def run(folder: Path, stack: ExitStack) -> AsyncIterator[tuple[Table, list[str]]]:
    """Runs both parts on the same processes; yields a table and the failures of each."""
    running = await programme_running(
        folder, stack, workers=0, MIPOINTS_STREAMS_PER_MEMBER="50", MIPOINTS_DEADLINE_SECONDS="30"
    )
    server = next(p for p in psutil.Process().children() if "serve" in p.cmdline())
    yield await notifying(running), []
    yield await coming_and_going(running, server, MEMBERS)


async def show(folder: Path, stack: ExitStack) -> list[str]:
    """Prints each table as soon as it is ready, and returns all failures."""
    failures: list[str] = []
    async for table, failed in run(folder, stack):
        Console().print(table)
        failures += failed
    return failures


def main() -> None:
    """Runs all of it in a temporary folder, and exits with 1 if disconnected clients leave resources behind."""
    with tempfile.TemporaryDirectory(prefix="mipoints-bench-") as folder, ExitStack() as stack:
        failures = asyncio.run(show(Path(folder), stack))
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
