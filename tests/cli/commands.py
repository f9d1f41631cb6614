"""`mipoints …` as a person types it: its arguments, its output and its exit code."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from mipoints.cli import app

_one_at_a_time = asyncio.Lock()


@dataclass(frozen=True, slots=True)
class Done:
    """What a command printed, and the code it ended with."""

    returncode: int
    stdout: bytes
    stderr: bytes


async def mipoints(
    *arguments: str, env: Mapping[str, str], cwd: Path | None = None, stdin: bytes | None = None
) -> Done:
    """Runs one command to its end, in this process; a fault in it rises here instead of being a traceback."""
    others = {name: None for name in os.environ if name not in env}

    def run() -> Done:
        with chdir(cwd or Path()):
            result = CliRunner().invoke(app, arguments, input=stdin, env=others | dict(env), prog_name="mipoints")
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout_bytes, result.stderr_bytes)

    async with _one_at_a_time:
        return await asyncio.to_thread(run)


async def mipoints_process(
    *arguments: str, env: Mapping[str, str], cwd: Path | None = None, stdin: bytes | None = None
) -> Done:
    """Runs one command to its end as a process of its own: for what starts servers, and for a shell's own view."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "mipoints", *arguments],
        env=dict(env),
        cwd=cwd,
        input=stdin or b"",
        capture_output=True,
        timeout=100,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def are_sentences(output: bytes) -> bool:
    """No traceback, no usage: a line or two, each of which ends like a sentence."""
    lines = output.decode().strip().splitlines()
    return 0 < len(lines) <= 2 and all(line[-1] in ".?)" for line in lines) and b"Traceback" not in output
