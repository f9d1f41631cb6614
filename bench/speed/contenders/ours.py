"""This project: one `mipoints serve`, and one `mipoints worker` if a row needs it, started by the command line.

The budgets and the velocity limit are those of production. It runs as a sandbox for two reasons: its clock can be
moved, and it verifies the same HS256 tokens as the others.
"""

import asyncio
import json
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.speed.http_requests import SECRET, WEBHOOK_SECRET
from bench.speed.process import Launch, free_port

ROOT = Path(__file__).resolve().parents[3]
PRODUCTION = {
    "MIPOINTS_GRAPHQL_MEMBER_BUDGET": "10000",
    "MIPOINTS_GRAPHQL_SERVICE_BUDGET": "1000000",
    "MIPOINTS_GRAPHQL_STRANGER_BUDGET": "10000",
    "MIPOINTS_VELOCITY_PER_MINUTE": "60",
}


def environment(database_url: str, redis_url: str | None, settings: Sequence[str]) -> dict[str, str]:
    """The environment of our processes; `settings` are further variables, such as `MIPOINTS_POOL_SIZE=20`."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MIPOINTS_")}
    ours = {
        "MIPOINTS_DATABASE_URL": database_url,
        "MIPOINTS_SANDBOX": "on",
        "MIPOINTS_AUTH_SECRET": SECRET,
        "MIPOINTS_WEBHOOK_SECRETS": json.dumps({"native": [WEBHOOK_SECRET]}),
    }
    further = dict(each.split("=", 1) for each in settings)
    return inherited | PRODUCTION | ours | ({"MIPOINTS_REDIS_URL": redis_url} if redis_url else {}) | further


def python_of(checkout: Path) -> str:
    """The interpreter of another checkout; of this one the interpreter that runs."""
    return sys.executable if checkout == ROOT else str(checkout / ".venv" / "bin" / "python")


def serve(name: str, env: Mapping[str, str], log: Path, checkout: Path = ROOT) -> Launch:
    """`mipoints serve` on a free port."""
    port = free_port()
    command = [python_of(checkout), "-m", "mipoints", "serve", "--host", "127.0.0.1", "--port", str(port)]
    return Launch(name, command, env, checkout, log, port)


def worker(name: str, env: Mapping[str, str], log: Path, checkout: Path = ROOT) -> Launch:
    """`mipoints worker`."""
    return Launch(name, [python_of(checkout), "-m", "mipoints", "worker"], env, checkout, log)


async def run(env: Mapping[str, str], *arguments: str) -> None:
    """Runs a command of `mipoints` to its end. Raises RuntimeError with its output if it fails."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mipoints", *arguments,
        env=dict(env), cwd=ROOT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    output, _ = await process.communicate()
    if process.returncode != 0:
        raise RuntimeError(f"mipoints {' '.join(arguments)}: {output.decode(errors='replace')}")
