"""How fast deliveries are acknowledged, and what happens while the database stands still. `make bench` prints it.

An open loop in a process of its own (bench/offering.py) offers 400 signed deliveries a second, whatever the answers do:
a delivery's time counts from the moment it was due to be sent until its answer is there. Then Postgres is stopped in
the middle (every process of it, SIGSTOP) and goes on: nothing that was acknowledged may be missing afterwards.

Client, server, worker and Postgres share the machine, so a second table tells the two sides apart: by how much the
client itself was late with sending (which its times include), and how many requests the server's own histogram has
above a tenth of a second and above two and a half seconds (from their handler's beginning to their answer).
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
    """Deliveries of another process; `meanwhile` happens from the moment it begins."""
    command = ["-m", "bench.offering", url, name, str(A_SECOND), str(seconds)]
    process = await asyncio.create_subprocess_exec(
        sys.executable, *command, stdout=asyncio.subprocess.PIPE, limit=2**26
    )
    assert process.stdout is not None
    assert await process.stdout.readline() == b"offering\n"
    happening = asyncio.ensure_future(meanwhile()) if meanwhile is not None else None
    answers, late_seconds = json.loads(await process.stdout.readline())
    await process.wait()
    if happening is not None:
        await happening
    return Offered([Answer(*each) for each in answers], late_seconds)


def percentile(answers: Sequence[Answer], part: float) -> float:
    """Seconds that this part of the answers took at most."""
    times = sorted(answer.seconds for answer in answers)
    return times[min(len(times) - 1, int(part * len(times)))]


async def run(folder: Path, stack: ExitStack) -> tuple[Table, Table]:
    """Both cases on the same processes."""
    programme = await programme_running(folder, stack, workers=1)
    owner = await asyncpg.connect(programme.database_url)
    table = Table(f"{A_SECOND}/s offered", *_COLUMNS)
    sides = Table("both sides", *_SIDES)

    async def case(what: str, name: str, seconds: float, meanwhile: Callable[[], Awaitable[None]] | None) -> None:
        before = await _of_the_server(programme)
        offered = await offer(programme.url, name, seconds, meanwhile)
        counted = [str(after - was) for after, was in zip(await _of_the_server(programme), before, strict=True)]
        table.add_row(what, *await _row(owner, offered.answers))
        sides.add_row(what, f"{offered.late_seconds * 1000:.0f} ms", *counted)

    await offer(programme.url, "warming-up", 2)
    await case(f"{SECONDS} s", "quiet", SECONDS, None)
    what = f"Postgres stopped for {STOPPED_SECONDS} s"
    await case(what, "stopped", STOPPED_SECONDS + 4, lambda: _stop_postgres(folder))
    await owner.close()
    return table, sides


async def _of_the_server(programme: Programme) -> tuple[int, int, int]:
    """What its histogram says of webhooks: how many requests, how many over 0.1 s, how many over 2.5 s."""
    async with httpx.AsyncClient(base_url=programme.url, timeout=30) as http:
        text = (await http.get("/metrics")).text
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = [each for each in families["mipoints_request_seconds"].samples if each.labels.get("route") == "/webhooks"]
    up_to = {each.labels["le"]: int(each.value) for each in samples if "le" in each.labels}
    total = up_to.get("+Inf", 0)
    return total, total - up_to.get("0.1", 0), total - up_to.get("2.5", 0)


async def _stop_postgres(folder: Path) -> None:
    """After two seconds every process of the server stands still, and goes on."""
    await asyncio.sleep(2)
    with standing_still(folder):
        await asyncio.sleep(STOPPED_SECONDS)


async def _row(owner: asyncpg.Connection, answers: Sequence[Answer]) -> list[str]:
    acknowledged = [answer.event_id for answer in answers if 200 <= answer.status < 300]
    missing = await owner.fetchval(
        "select count(*) from unnest($1::text[]) as told (id) "
        "where not exists (select from inbox where producer = 'native' and event_id = told.id)",
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
    """Runs it in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="mipoints-bench-") as folder, ExitStack() as stack:
        Console().print(*asyncio.run(run(Path(folder), stack)), sep="\n")


if __name__ == "__main__":
    main()
