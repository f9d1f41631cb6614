"""The limit: pgbench sends prepared statements to the same Postgres, and its own CPU is not counted."""

import asyncio
import time
from pathlib import Path

from bench.speed.figures import Sample
from bench.speed.meter import Meter
from mipoints.embedded.initdb import postgres_binaries

SCRIPTS = Path(__file__).resolve().parents[1] / "limit"
_BACKENDS_END = 0.3
"""Seconds after which the postmaster has waited for the sessions that ended."""


async def pgbench(
    meter: Meter, script: str, folder: Path, sockets: str, members: int, connections: int, seconds: float
) -> Sample:
    """Runs a script of `limit/` on so many connections. Raises RuntimeError if pgbench fails."""
    prefix = folder / f"pgbench-{script}"
    command = [
        str(postgres_binaries() / "pgbench"), "--no-vacuum", "--protocol=prepared", f"--client={connections}",
        f"--jobs={min(2, connections)}", f"--time={max(1, round(seconds))}", f"--define=members={members}",
        f"--file={SCRIPTS / script}.sql", "--log", f"--log-prefix={prefix}",
        "--host", sockets, "--username=postgres", "postgres",
    ]  # fmt: skip
    before, began = meter.read(), time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await process.communicate()
    took = time.perf_counter() - began
    if process.returncode != 0 or b"number of failed transactions: 0" not in output:
        raise RuntimeError(f"pgbench {script}: {output.decode(errors='replace')}")
    await asyncio.sleep(_BACKENDS_END)
    spent = meter.since(before)
    seconds_each = _logged(folder, prefix.name)
    return Sample(len(seconds_each), took, spent, seconds_each)


def _logged(folder: Path, prefix: str) -> list[float]:
    """Seconds of each transaction, as pgbench logged them; the logs are removed."""
    times = []
    for log in folder.glob(f"{prefix}.*"):
        times += [int(line.split(" ")[2]) / 1e6 for line in log.read_text().splitlines()]
        log.unlink()
    return times
