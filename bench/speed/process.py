"""A contender's process: started, awaited, stopped."""

import asyncio
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from bench.speed.accounting import tree_seconds

START_SECONDS = 120.0
STOP_SECONDS = 20.0


class DidNotStart(Exception):
    """A process ended or did not answer; the message says which, and where its log is."""


@dataclass(frozen=True, slots=True)
class Launch:
    """How a process is started, and what its log is called. `port` is 0 for one that does not listen."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    cwd: Path
    log: Path
    port: int = 0

    def start(self) -> "Running":
        """Starts it. It may store compiled modules, as it may on a machine that runs it."""
        env = {name: value for name, value in self.env.items() if name != "PYTHONDONTWRITEBYTECODE"}
        with self.log.open("ab") as log:
            process = subprocess.Popen(
                self.command, env=env, cwd=self.cwd, stdout=log, stderr=log, stdin=subprocess.DEVNULL
            )
        return Running(self, process)


@dataclass(slots=True)
class Running:
    """A started process."""

    launch: Launch
    process: "subprocess.Popen[bytes]"

    @property
    def pid(self) -> int:
        return self.process.pid

    @property
    def port(self) -> int:
        return self.launch.port

    async def ready(self) -> dict[str, float]:
        """Waits for `/readyz`; gives the seconds and the CPU seconds that it took. Raises DidNotStart."""
        began = time.perf_counter()
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}") as http:
            while time.perf_counter() - began < START_SECONDS:
                self.check()
                with suppress(httpx.TransportError):
                    if (await http.get("/readyz")).is_success:
                        return {"cpu s": tree_seconds(self.pid), "ready s": time.perf_counter() - began}
                await asyncio.sleep(0.01)
        raise DidNotStart(f"{self.launch.name} does not answer; its log is {self.launch.log}.")

    def check(self) -> None:
        """Raises DidNotStart if the process has ended."""
        if self.process.poll() is not None:
            lines = self.launch.log.read_text(errors="replace").splitlines()
            raise DidNotStart(f"{self.launch.name} ended: {' / '.join(lines[-3:])}")

    async def ask(self, body: Mapping[str, Any], bearer: str) -> dict[str, Any]:
        """The data of one GraphQL request. Raises AssertionError if it has errors."""
        headers = {"authorization": f"Bearer {bearer}"}
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{self.port}", timeout=30) as http:
            answer = (await http.post("/graphql", json=dict(body), headers=headers)).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    async def stop(self) -> None:
        """Sends SIGTERM, and kills the process if it does not end within STOP_SECONDS."""
        self.process.send_signal(signal.SIGTERM)
        try:
            await asyncio.to_thread(self.process.wait, STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            await asyncio.to_thread(self.process.wait)


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port
