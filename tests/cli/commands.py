"""Runs `mipoints …` as a person does: arguments in, output and exit code out."""

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
from tests.support.patience import PATIENCE

_one_at_a_time = asyncio.Lock()


@dataclass(frozen=True, slots=True)
class Done:
    """The output of a command, and its exit code."""

    returncode: int
    stdout: bytes
    stderr: bytes


async def mipoints(
    *arguments: str, env: Mapping[str, str], cwd: Path | None = None, stdin: bytes | None = None
) -> Done:
    """Runs one command to its end in this process, so that a fault in it is raised here."""
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
    """Runs one command to its end as its own process: for commands that start servers, and for the view of a shell."""
    done = await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "mipoints", *arguments],
        env=dict(env),
        cwd=cwd,
        input=stdin or b"",
        capture_output=True,
        timeout=PATIENCE,
    )
    return Done(done.returncode, done.stdout, done.stderr)


def are_sentences(output: bytes) -> bool:
    """Returns whether the output is one or two lines that end like sentences: no traceback and no usage."""
    lines = output.decode().strip().splitlines()
    return 0 < len(lines) <= 2 and all(line[-1] in ".?)" for line in lines) and b"Traceback" not in output
