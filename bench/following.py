"""What telling of changes costs, and what 10,000 clients that come and go leave behind. `make bench` prints it.

A NOTIFY makes its commit wait for the one before it, the flush to the disk included. So only members who are followed
are told of. Measured are corrections of members nobody follows, and of members who are all followed, beside a listener.
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


async def people_join(db: Database) -> None:
    """So many members, whom nobody follows."""
    programme = _programme_on(db)
    for n in range(MEMBERS):
        await register(programme, STOREFRONT, Registration(f"mi-{n}", "ES", date(1990, 5, 17)), f"join-{n}")


async def followed(db: Database) -> None:
    """From now on every change of every member is told."""
    for n in range(MEMBERS):
        await follow_member(db, f"mi-{n}", datetime.now(UTC) + timedelta(days=1))


async def changes_a_second(db: Database, name: str) -> list[str]:
    """Corrections a second, and how long one takes: the median and the slowest but one in a hundred."""
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


async def telling(running: Running) -> Table:
    """The same corrections, told and untold, twice in turn so that neither has the warmer server."""
    table = Table(f"{CHANGES} corrections, {AT_ONCE} at once", "a second", "p50", "p99", "heard")
    db = await connect(running.database_url, most=AT_ONCE, seconds=30)
    await people_join(db)
    heard: list[UUID] = []
    async with listening(running.database_url, heard.append, seconds=5):
        await changes_a_second(db, "warm")
        for round_ in (1, 2):
            heard.clear()
            await db.execute("update balances set listened_until = null")
            table.add_row("nobody follows", *await changes_a_second(db, f"untold-{round_}"), str(len(heard)))
            await followed(db)
            table.add_row("all are followed", *await changes_a_second(db, f"told-{round_}"), str(len(heard)))
    await db.close()
    return table


async def run(folder: Path, stack: ExitStack) -> AsyncIterator[tuple[Table, list[str]]]:
    """Both on the same processes; a table, and what is not as it must be."""
    running = await programme_running(
        folder, stack, workers=0, MIPOINTS_STREAMS_PER_MEMBER="50", MIPOINTS_DEADLINE_SECONDS="30"
    )
    server = next(p for p in psutil.Process().children() if "serve" in p.cmdline())
    yield await telling(running), []
    yield await coming_and_going(running, server, MEMBERS)


async def show(folder: Path, stack: ExitStack) -> list[str]:
    """Each table as soon as it is there; gives what is not as it must be."""
    failures: list[str] = []
    async for table, found in run(folder, stack):
        Console().print(table)
        failures += found
    return failures


def main() -> None:
    """Runs it in a folder of its own, and exits with 1 where clients that are gone leave something behind."""
    with tempfile.TemporaryDirectory(prefix="mipoints-bench-") as folder, ExitStack() as stack:
        failures = asyncio.run(show(Path(folder), stack))
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
