"""The usual Strawberry server, and arq's workers: as processes."""

import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench.speed.contenders.ours import ROOT
from bench.speed.http_requests import SECRET, WEBHOOK_SECRET
from bench.speed.process import Launch, free_port

_UVICORN = ("--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning")
JOBS: Mapping[str, Sequence[str]] = {
    "arq": ("-m", "arq", "bench.speed.usual.jobs.Default"),
    "arq, tuned": ("-m", "bench.speed.usual.tuned"),
}


def environment(database_url: str, redis_url: str | None, pool_size: int = 10) -> dict[str, str]:
    """The environment of its processes."""
    variables = {
        "DATABASE_URL": database_url,
        "AUTH_SECRET": SECRET,
        "WEBHOOK_SECRET": WEBHOOK_SECRET,
        "POOL_SIZE": str(pool_size),
    }
    return dict(os.environ) | variables | ({"REDIS_URL": redis_url} if redis_url else {})


def serve(env: Mapping[str, str], log: Path) -> Launch:
    """Uvicorn with one process, on uvloop and httptools."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", "bench.speed.usual.app:app", "--port", str(port), *_UVICORN]
    return Launch("usual", command, env, ROOT, log, port)


def worker(name: str, env: Mapping[str, str], log: Path) -> Launch:
    """arq's worker, by default or tuned."""
    return Launch(name, [sys.executable, *JOBS[name]], env, ROOT, log)
