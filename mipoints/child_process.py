"""Processes that a sandbox starts and stops. Each has its own session, and none runs longer than the sandbox."""

import asyncio
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from mipoints.console import say
from mipoints.die_with_parent import die_with_parent
from mipoints.problems import UserError

CHILD_STOP_SECONDS = 15.0
_LINE_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class ChildProcess:
    """A running `mipoints …` process. Each line of its output is forwarded, with the process's name in front."""

    name: str
    process: asyncio.subprocess.Process

    @classmethod
    async def start(cls, name: str, *arguments: str, env: Mapping[str, str]) -> Self:
        """Starts `mipoints` with these arguments and this interpreter. A Ctrl-C at the terminal does not reach the
        process, because it has its own session; use `stop`."""
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "mipoints",
            *arguments,
            env=dict(env),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            preexec_fn=die_with_parent(signal.SIGTERM),
            limit=_LINE_BYTES,
        )
        return cls(name, process)

    async def forward(self) -> None:
        """Copies the process's lines to stderr until it ends. It keeps reading even if our stderr is closed: if it
        stopped, the process would block as soon as the pipe is full."""
        assert self.process.stdout is not None
        while True:
            try:
                line = await self.process.stdout.readline()
            except ValueError:
                line = b"(a line too long to show)\n"
            if not line:
                return
            say(f"{self.name:>6} | {line.decode(errors='replace').rstrip()}", sys.stderr)

    async def ended(self) -> None:
        """Waits until the process ends by itself, and then raises Problem: it should run until `stop`."""
        code = await self.process.wait()
        raise UserError(f"The {self.name} ended by itself (exit code {code}), so everything was stopped.")

    async def stop(self) -> None:
        """Sends SIGTERM, and SIGKILL if the process has not ended within 15 seconds."""
        if self.process.returncode is not None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(CHILD_STOP_SECONDS):
                await self.process.wait()
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
