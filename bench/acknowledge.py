"""How fast deliveries are acknowledged, and what happens while the database stands still. `make bench` prints it.

An open loop offers 400 signed deliveries a second, whatever the answers do: a delivery's time counts from the moment it
was due to be sent. Then Postgres is stopped in the middle (SIGSTOP) and goes on: nothing that was acknowledged may be
missing afterwards.
"""

import asyncio
import os
import signal
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import httpx
import psutil
from rich.console import Console
from rich.table import Table

from bench.running import Programme, programme_running
from loyalty.producers import native
from tests.stage import NATIVE_SECRET

A_SECOND = int(os.environ.get("MIPOINTS_OFFERED", "400"))
SECONDS = int(os.environ.get("MIPOINTS_OFFERED_SECONDS", "20"))
STOPPED_SECONDS = 6


@dataclass(frozen=True, slots=True)
class Answer:
    """One delivery's answer: its id, status (0 for none), and seconds since it was due."""

    event_id: str
    status: int
    seconds: float


async def offer(http: httpx.AsyncClient, name: str, seconds: float) -> list[Answer]:
    """An open loop of deliveries."""
    loop = asyncio.get_running_loop()
    started = loop.time()
    sending = []
    for n in range(int(A_SECOND * seconds)):
        due = started + n / A_SECOND
        await asyncio.sleep(max(0.0, due - loop.time()))
        sending.append(asyncio.create_task(_send(http, f"{name}-{n}", due)))
    return list(await asyncio.gather(*sending))


async def _send(http: httpx.AsyncClient, event_id: str, due: float) -> Answer:
    loop = asyncio.get_running_loop()
    body = b'{"type":"shipment.in_transit","data":{"order_number":"not-told-yet","tracking_number":"T-%s"}}'
    body = body.replace(b"%s", event_id.encode())
    headers = native.sign(NATIVE_SECRET, body, event_id, datetime.now(UTC))
    try:
        answer = await http.post("/webhooks/native", content=body, headers=headers)
    except httpx.TransportError:
        return Answer(event_id, 0, loop.time() - due)
    return Answer(event_id, answer.status_code, loop.time() - due)


def percentile(answers: Sequence[Answer], part: float) -> float:
    """Seconds that this part of the answers took at most."""
    times = sorted(answer.seconds for answer in answers)
    return times[min(len(times) - 1, int(part * len(times)))]


async def run(folder: Path, stack: ExitStack) -> Table:
    """Both cases on the same processes."""
    programme = await programme_running(folder, stack, workers=1)
    owner = await asyncpg.connect(programme.database_url)
    table = Table(
        f"{A_SECOND} deliveries/s offered",
        "2xx",
        "503",
        "others",
        "p50",
        "p99",
        "slowest 2xx",
        "slowest 503",
        "missing",
    )
    limits = httpx.Limits(max_connections=2000, max_keepalive_connections=500)
    async with httpx.AsyncClient(base_url=programme.url, timeout=30, limits=limits) as http:
        await offer(http, "warming-up", 2)
        quiet = await offer(http, "quiet", SECONDS)
        table.add_row(f"{SECONDS} s", *await _row(owner, quiet))
        stopped, _ = await asyncio.gather(offer(http, "stopped", STOPPED_SECONDS + 4), _stop_postgres(programme))
        table.add_row(f"Postgres stopped for {STOPPED_SECONDS} s of it", *await _row(owner, stopped))
    await owner.close()
    return table


async def _stop_postgres(programme: Programme) -> None:
    """Every process of the server stands still, and goes on."""
    await asyncio.sleep(2)
    pgdata = Path(programme.database_url.partition("host=")[2])
    master = next(p for p in psutil.process_iter() if p.name() == "postgres" and p.ppid() == os.getpid())
    family = [master, *master.children(recursive=True)]
    assert family, pgdata
    for process in family:
        process.send_signal(signal.SIGSTOP)
    await asyncio.sleep(STOPPED_SECONDS)
    for process in family:
        process.send_signal(signal.SIGCONT)


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
        Console().print(asyncio.run(run(Path(folder), stack)))


if __name__ == "__main__":
    main()
