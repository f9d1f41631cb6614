"""Running Node scripts against an API in this process: real clients, from npm."""

import asyncio
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.support.patience import PATIENCE

HERE = Path(__file__).parent
_SEARCHED = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
NODE = shutil.which("node", path=_SEARCHED)

needs_node = pytest.mark.skipif(
    os.environ.get("MIPOINTS_CLIENTS") != "must" and (NODE is None or not (HERE / "node_modules").is_dir()),
    reason="Node or the clients' packages are not installed: `make clients` does it.",
)
"""Skips a test without Node; with MIPOINTS_CLIENTS=must, as in CI, the test fails instead."""


async def run_script(name: str, *arguments: str, cwd: Path = HERE, **env: str) -> str:
    """The output of a script. Fails with the whole output unless the exit code is 0."""
    assert NODE is not None, "There is no Node: `make clients` installs it."
    inherited = {key: value for key, value in os.environ.items() if key in {"PATH", "HOME", "TMPDIR", "LANG"}}
    process = await asyncio.create_subprocess_exec(
        NODE, str(HERE / name), *arguments,
        cwd=cwd, env=inherited | env, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        async with asyncio.timeout(PATIENCE):
            output, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    printed = output.decode("utf-8", "replace")
    assert process.returncode == 0, printed
    return printed
