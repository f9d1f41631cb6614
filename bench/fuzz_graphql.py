"""Sends GraphQL from Schemathesis to a real server: `make fuzz` prints the figures, and fails if one is wrong.

It sends every query and mutation of the schema as every kind of caller: valid ones and invalid ones, with odd values
and with values that name real things. None may be answered 5xx, none may cause a fault of ours, no answer may contain
internals, and the ledger must be sound afterwards. Hypothesis starts from a seed: the same seed sends the same
requests.
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
from tests.support.hostile.graphql_sending import SEED, send_all
from tests.support.hostile.graphql_world import callers, peopled
from tests.support.stage import AUTH_SECRET

REQUESTS = int(os.environ.get("MIPOINTS_FUZZ_GRAPHQL", "24000"))
_TROUBLE = ("Traceback", "fault at", "fault around", "The sweeper's part")


async def run(folder: Path, stack: ExitStack) -> tuple[dict[str, str], list[str]]:
    """Runs the requests; returns the figures and the failures."""
    log = folder / "processes.log"
    programme = await programme_running(folder, stack, workers=1, log=log)
    settings = Settings(database_url=programme.database_url, sandbox=True, auth_secret=AUTH_SECRET)
    give = partial(issue, settings, seconds=6 * 3600)
    placed_at = (datetime.now(UTC) - timedelta(hours=12)).isoformat(timespec="seconds")
    async with httpx.AsyncClient(base_url=programme.url, timeout=30) as http:
        known = await peopled(http, give, placed_at)
    began = time.perf_counter()
    seen = await asyncio.to_thread(send_all, programme.url, callers(give), known, REQUESTS)
    return await _judged(programme, seen, time.perf_counter() - began, log)


async def _judged(programme: Programme, seen: Seen, seconds: float, log: Path) -> tuple[dict[str, str], list[str]]:
    log_text = await asyncio.to_thread(log.read_text, "utf-8", "replace")
    faults, audit = sum(log_text.count(each) for each in _TROUBLE), await programme.audit()
    figures = {
        "requests, seconds": f"{seen.requests}, {seconds:.0f}",
        "answers": _counted(seen.statuses),
        "operations": _counted(seen.outcomes),
        "slowest": f"{seen.slowest * 1000:.0f} ms",
        "answers that are wrong in some way": str(len(seen.wrong)),
        "faults in the logs": str(faults),
        "audit": audit,
    }
    failures = [f"{problem}: {request}" for problem, request in seen.wrong.items()]
    failures += [f"{faults} faults in the logs:\n{_around(log_text)}"] if faults else []
    return figures, failures + ([audit] if audit != "sound" else [])


def _counted(counter: Mapping[Any, int]) -> str:
    return ", ".join(f"{count} x {name}" for name, count in sorted(counter.items(), key=lambda each: -each[1]))


def _around(log: str) -> str:
    """Returns the log's lines around the first fault."""
    at = min(log.find(each) for each in _TROUBLE if each in log)
    return log[max(0, at - 300) : at + 3000]


def main() -> None:
    """Runs all of it in a temporary folder, and exits with 1 if a figure is wrong."""
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
