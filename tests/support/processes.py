"""Runs `mipoints serve` and `mipoints worker` as real processes for tests, as an operator starts them."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import httpx

from tests.support.patience import PATIENCE
from tests.support.stage import AUTH_SECRET, WEBHOOK_SECRETS


def environment(database_url: str, **more: str) -> dict[str, str]:
    """Returns a sandbox's environment for one database, without any settings of the test run's own environment."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("MIPOINTS_")}
    return inherited | {
        "MIPOINTS_DATABASE_URL": database_url,
        "MIPOINTS_SANDBOX": "on",
        "MIPOINTS_AUTH_SECRET": AUTH_SECRET,
        "MIPOINTS_WEBHOOK_SECRETS": json.dumps(WEBHOOK_SECRETS),
        **more,
    }


def free_port() -> int:
    """Returns a port that is not in use."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


@contextmanager
def running(*arguments: str, env: Mapping[str, str], log: int | None = None) -> Iterator[subprocess.Popen[bytes]]:
    """Runs `mipoints …` as its own process, and ends it with SIGTERM; with SIGKILL if it does not end.

    `log` is an open file for its standard error.
    """
    process = subprocess.Popen([sys.executable, "-m", "mipoints", *arguments], env=dict(env), stderr=log)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(PATIENCE)
        process.kill()
        process.wait()


@dataclass(frozen=True, slots=True)
class Server:
    url: str
    process: subprocess.Popen[bytes]


@contextmanager
def serving(env: Mapping[str, str], log: int | None = None) -> Iterator[Server]:
    """Runs `mipoints serve` on a free port. `answering` waits until it accepts requests."""
    port = free_port()
    with running("serve", "--host", "127.0.0.1", "--port", str(port), env=env, log=log) as process:
        yield Server(f"http://127.0.0.1:{port}", process)


async def answering(server: Server, path: str = "/readyz", seconds: float = PATIENCE) -> httpx.Response:
    """The first successful answer of a server that is just starting."""
    async with asyncio.timeout(seconds), httpx.AsyncClient() as http:
        while True:
            with suppress(httpx.TransportError):
                answer = await http.get(server.url + path)
                if answer.is_success:
                    return answer
            await asyncio.sleep(0.05)
