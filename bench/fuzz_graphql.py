"""GraphQL from Schemathesis at a real server: `make fuzz` prints the figures, and fails where one is not as it must be.

Every query and mutation of the schema, valid ones and such that break a rule, with values that are odd or name real
things, asked by every kind of caller: none is answered 5xx, none is a fault of ours, no answer tells of what is inside,
and the books are sound afterwards. Hypothesis begins from a seed, so the same seed asks the same.
"""

import asyncio
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.table import Table

from bench.running import Programme, programme_running
from loyalty.settings import Settings
from loyalty.tokens import issue
from tests.support.hostile.graphql_answers import Seen
from tests.support.hostile.graphql_asking import SEED, ask_all
from tests.support.hostile.graphql_world import callers, peopled
from tests.support.stage import AUTH_SECRET

REQUESTS = int(os.environ.get("MIPOINTS_FUZZ_GRAPHQL", "24000"))
_TROUBLE = ("Traceback", "fault at", "fault around", "The sweeper's part")


async def run(folder: Path, stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """The figures, and what is not as it must be."""
    log = folder / "processes.log"
    programme = await programme_running(folder, stack, workers=1, log=log)
    settings = Settings(database_url=programme.database_url, sandbox=True, auth_secret=AUTH_SECRET)
    give = partial(issue, settings, seconds=6 * 3600)
    placed_at = (datetime.now(UTC) - timedelta(hours=12)).isoformat(timespec="seconds")
    async with httpx.AsyncClient(base_url=programme.url, timeout=30) as http:
        known = await peopled(http, give, placed_at)
    began = time.perf_counter()
    seen = await asyncio.to_thread(ask_all, programme.url, callers(give), known, REQUESTS)
    return await _judged(programme, seen, time.perf_counter() - began, log)


async def _judged(programme: Programme, seen: Seen, seconds: float, log: Path) -> tuple[dict[str, str], list[str]]:
    told = await asyncio.to_thread(log.read_text, "utf-8", "replace")
    faults, audit = sum(told.count(each) for each in _TROUBLE), await programme.audit()
    figures = {
        "requests, seconds": f"{seen.asked}, {seconds:.0f}",
        "answers": _counted(seen.statuses),
        "operations": _counted(seen.outcomes),
        "slowest": f"{seen.slowest * 1000:.0f} ms",
        "answers that are wrong in some way": str(len(seen.wrong)),
        "faults in the logs": str(faults),
        "audit": audit,
    }
    failures = [f"{problem}: {what}" for problem, what in seen.wrong.items()]
    failures += [f"{faults} faults in the logs:\n{_around(told)}"] if faults else []
    return figures, failures + ([audit] if audit != "sound" else [])


def _counted(counter: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} x {what}" for what, count in sorted(counter.items(), key=lambda each: -each[1]))


def _around(log: str) -> str:
    """What the log says of the first fault."""
    at = min(log.find(each) for each in _TROUBLE if each in log)
    return log[max(0, at - 300) : at + 3000]


def main() -> None:
    """Runs it in a folder of its own, and exits with 1 where a figure is not what it must be."""
    with tempfile.TemporaryDirectory(prefix="mipoints-fuzz-") as folder, ExitStack() as stack:
        figures, failures = asyncio.run(run(Path(folder), stack))
    table = Table(f"GraphQL from Schemathesis, seed {SEED}", "")
    for name, figure in figures.items():
        table.add_row(name, figure)
    Console().print(table)
    for failure in failures:
        print(failure, file=sys.stderr)
    sys.exit(1 if failures else 0)


if __name__ == "__main__":
    main()
