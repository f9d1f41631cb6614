"""`mipoints …` run as a person runs it: a process, its output and its exit code."""

import asyncio
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path


async def mipoints(
    *arguments: str, env: Mapping[str, str], cwd: Path | None = None, stdin: bytes | None = None
) -> subprocess.CompletedProcess[bytes]:
    """Runs one command to its end."""
    return await asyncio.to_thread(
        subprocess.run,
        [sys.executable, "-m", "mipoints", *arguments],
        env=dict(env),
        cwd=cwd,
        input=stdin or b"",
        capture_output=True,
        timeout=100,
    )


def are_sentences(output: bytes) -> bool:
    """No traceback, no usage: a line or two, each of which ends like a sentence."""
    lines = output.decode().strip().splitlines()
    return 0 < len(lines) <= 2 and all(line[-1] in ".?)" for line in lines) and b"Traceback" not in output
