"""Measures how fast deliveries are acknowledged, also while Postgres is stopped. `make bench` prints the figures.

An open loop in its own process (bench/offering.py) sends 400 signed deliveries a second, however slow the answers are.
A delivery's time starts when it was due to be sent and ends when its answer has arrived. In the second case, Postgres
is stopped in the middle (SIGSTOP for all its processes) and continues: every acknowledged delivery must be stored.

Client, server, worker and Postgres share the machine, so a second table separates client and server. It shows how late
the client sent (its times include this), and the server's own histogram: how many requests took more than 0.1 s and
more than 2.5 s, from the start of their handler to their answer.
"""

import asyncio
import json
import os
import sys
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

import asyncpg
import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.console import Console
from rich.table import Table

from bench.offering import Answer, Offered
from bench.running import Programme, programme_running
from tests.support.standing_still import standing_still

A_SECOND = int(os.environ.get("MIPOINTS_OFFERED", "400"))
SECONDS = int(os.environ.get("MIPOINTS_OFFERED_SECONDS", "20"))
STOPPED_SECONDS = 6
_COLUMNS = ("2xx", "503", "others", "p50", "p99", "slowest 2xx", "slowest 503", "missing")
_SIDES = ("client late by", "server: requests", "over 0.1 s", "over 2.5 s")


async def offer(url: str, name: str, seconds: float, meanwhile: Callable[[], Awaitable[None]] | None = None) -> Offered:
    """Sends deliveries for so many seconds from another process, and returns their answers. `meanwhile` starts when
    that process starts to send."""
    command = ["-m", "bench.offering", url, name, str(A_SECOND), str(seconds)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, limit=2**26
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"offering\n"
    disturbance = asyncio.ensure_future(meanwhile()) if meanwhile is not None else None
    answers, late_seconds = json.loads(await process.stdout.readline())
    await process.wait()
    if disturbance is not None:
        await disturbance
    return Offered([Answer(*each) for each in answers], late_seconds)


def percentile(answers: Sequence[Answer], part: float) -> float:
    """Returns the seconds within which this part (0 to 1) of the answers arrived."""
    times = sorted(answer.seconds for answer in answers)
    return times[min(len(times) - 1, int(part * len(times)))]


async def run(folder: Path, stack: ExitStack) -> tuple[Table, Table]:
    """Runs both cases on the same processes, and returns the two tables."""
    programme = await programme_running(folder, stack, workers=1)
    owner = await asyncpg.connect(programme.database_url)
    table = Table(f"{A_SECOND}/s offered", *_COLUMNS)
    sides = Table("both sides", *_SIDES)

    async def case(title: str, name: str, seconds: float, meanwhile: Callable[[], Awaitable[None]] | None) -> None:
        before = await _of_the_server(programme)
        offered = await offer(programme.url, name, seconds, meanwhile)
        counted = [str(after - was) for after, was in zip(await _of_the_server(programme), before, strict=True)]
        table.add_row(title, *await _row(owner, offered.answers))
        sides.add_row(title, f"{offered.late_seconds * 1000:.0f} ms", *counted)

    await offer(programme.url, "warming-up", 2)
    await case(f"{SECONDS} s", "quiet", SECONDS, None)
    title = f"Postgres stopped for {STOPPED_SECONDS} s"
    await case(title, "stopped", STOPPED_SECONDS + 4, lambda: _stop_postgres(folder))
    await owner.close()
    return table, sides


async def _of_the_server(programme: Programme) -> tuple[int, int, int]:
    """Returns the number of webhook requests in the server's histogram: all, those over 0.1 s, those over 2.5 s."""
    async with httpx.AsyncClient(base_url=programme.url, timeout=30) as http:
        text = (await http.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = [each for each in families["mipoints_request_seconds"].samples if each.labels.get("route") == "/webhooks"]
    up_to = {each.labels["le"]: int(each.value) for each in samples if "le" in each.labels}
    total = up_to.get("+Inf", 0)
    return total, total - up_to.get("0.1", 0), total - up_to.get("2.5", 0)


async def _stop_postgres(folder: Path) -> None:
    """Waits two seconds, and then stops all processes of Postgres for STOPPED_SECONDS."""
    await asyncio.sleep(2)
    with standing_still(folder):
        await asyncio.sleep(STOPPED_SECONDS)


async def _row(owner: asyncpg.Connection, answers: Sequence[Answer]) -> list[str]:
    acknowledged = [answer.event_id for answer in answers if 200 <= answer.status < 300]
    missing = await owner.fetchval(
        "select count(*) from unnest($1::text[]) as acknowledged (id) "
        "where not exists (select from inbox where producer = 'native' and event_id = acknowledged.id)",
        acknowledged,
    )
    unavailable = sum(answer.status == 503 for answer in answers)
    return [
        str(len(acknowledged)),
        str(unavailable),
        str(len(answers) - len(acknowledged) - unavailable),
        f"{percentile(answers, 0.5) * 1000:.1f} ms",
        f"{percentile(answers, 0.99) * 1000:.1f} ms",
        _slowest([answer for answer in answers if answer.status < 300]),
        _slowest([answer for answer in answers if answer.status == 503]),
        str(missing),
    ]


def _slowest(answers: Sequence[Answer]) -> str:
    return f"{percentile(answers, 1) * 1000:.0f} ms" if answers else "-"


def main() -> None:
    """Runs the benchmark in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="mipoints-bench-") as folder, ExitStack() as stack:
        Console().print(*asyncio.run(run(Path(folder), stack)), sep="\n")


if __name__ == "__main__":
    main()
