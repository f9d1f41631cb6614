"""Mercurius on Fastify: one Node process."""

import os
import shutil
import sys
from pathlib import Path

from bench.speed.http_requests import SECRET
from bench.speed.process import Launch, free_port

HERE = Path(__file__).resolve().parents[1] / "mercurius"
_SEARCHED = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
NODE = shutil.which("node", path=_SEARCHED)


def reason_to_skip() -> str | None:
    """A sentence that says why it cannot run here; None if it can."""
    if NODE is None:
        return "Mercurius is skipped: there is no Node 20 or newer here (`make bench-speed` installs it)."
    if not (HERE / "node_modules").is_dir():
        return "Mercurius is skipped: its npm packages are not installed (`make bench-speed` installs them)."
    return None


def serve(sockets: str, database: str, log: Path, pool_size: int = 10) -> Launch:
    """`node server.mjs` in production mode; `sockets` is the folder of Postgres' socket."""
    assert NODE is not None
    port = free_port()
    variables = {
        "DATABASE_HOST": sockets,
        "DATABASE": database,
        "AUTH_SECRET": SECRET,
        "PORT": str(port),
        "POOL_SIZE": str(pool_size),
        "NODE_ENV": "production",
    }
    return Launch("mercurius", [NODE, "server.mjs"], dict(os.environ) | variables, HERE, log, port)
