"""Measures how long `make run` takes until it is ready: in a fresh clone, and again. `make bench` prints it.

The first start makes a virtual environment and installs from the lock (package caches as they are), initialises
Postgres, migrates and loads the demo; the second start has all of this already.
"""

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import httpx
from rich.console import Console
from rich.table import Table

from tests.support.processes import free_port

ROOT = Path(__file__).parent.parent
PATIENCE = 300


def seconds_until_ready(checkout: Path, port: int) -> float:
    """Runs `make run` until it prints its banner, stops it with Ctrl-C's signal, and returns the seconds."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("MIPOINTS_", "VIRTUAL_ENV"))}
    started = time.monotonic()
    process = subprocess.Popen(
        ["make", "run", f"ARGS=--port {port}"],
        cwd=checkout,
        env=env,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    assert process.stdout is not None
    for line in process.stdout:
        if "is running" in line:
            break
        if time.monotonic() - started > PATIENCE:
            raise TimeoutError("make run did not become ready.")
    seconds = time.monotonic() - started
    answer = httpx.get(f"http://127.0.0.1:{port}/readyz")
    assert answer.is_success, answer.text
    os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)
    return seconds


def main() -> None:
    """Clones this repository's HEAD into a temporary folder, and starts it twice."""
    with tempfile.TemporaryDirectory(prefix="mipoints-start-") as folder:
        checkout = Path(folder) / "mi-points"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(checkout)], check=True)
        port = free_port()
        table = Table("make run, in a fresh clone", "ready after")
        for name in ("first start", "second start"):
            table.add_row(name, f"{seconds_until_ready(checkout, port):.1f} s")
        Console().print(table)


if __name__ == "__main__":
    main()
