"""However `mipoints dev` ends, and even if its output is not read any more, everything that it started ends too."""

import asyncio
import fcntl
import os
import pty
import shlex
import signal
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests.cli.test_sandbox import READY_SECONDS, bare_environment
from tests.support.patience import PATIENCE
from tests.support.processes import Server, answering, free_port

READY = b"Ctrl-C stops everything"


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One checkout for all tests of this file, so that its data is created once."""
    return tmp_path_factory.mktemp("checkout")


@dataclass(slots=True)
class OnATerminal:
    """A shell command that runs on its own terminal; `screen` is the output that was read so far."""

    process: subprocess.Popen[bytes]
    terminal: int
    screen: bytes = b""

    async def is_ready(self) -> list[psutil.Process]:
        """Waits for the banner; returns every process that the command has started."""
        async with asyncio.timeout(READY_SECONDS):
            while READY not in self.screen:
                self.screen += await asyncio.to_thread(os.read, self.terminal, 65_536)
        return psutil.Process(self.process.pid).children(recursive=True)

    def press_ctrl_c(self) -> None:
        os.write(self.terminal, b"\x03")

    def close(self) -> None:
        """Closes the terminal: reading and writing it then fails, and its session receives a SIGHUP."""
        os.close(self.terminal)
        self.terminal = -1


def _take_the_terminal() -> None:
    """In the new process. A test run that was started by nohup ignores SIGHUP, and its children would, too."""
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)


@pytest.fixture
def typed(checkout: Path) -> Iterator[Callable[[str], OnATerminal]]:
    """Types `mipoints dev` and the rest of a line on a new terminal; kills the remaining processes at the end."""
    opened: list[OnATerminal] = []

    def type_line(rest: str) -> OnATerminal:
        dev = f"{shlex.quote(sys.executable)} -m mipoints dev --port {free_port()} 2>&1"
        command = f"trap : INT; {dev} {rest}"  # like the shell that a person types into, this one stays
        master, slave = pty.openpty()
        process = subprocess.Popen(
            ["sh", "-c", command],
            cwd=checkout, env=bare_environment(), stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
            preexec_fn=_take_the_terminal,  # noqa: PLW1509 - two system calls
        )  # fmt: skip
        os.close(slave)
        opened.append(OnATerminal(process, master))
        return opened[-1]

    yield type_line
    for each in opened:
        kill_all([psutil.Process(each.process.pid)] if each.process.poll() is None else [])
        each.process.wait()
        if each.terminal >= 0:
            os.close(each.terminal)


def kill_all(processes: list[psutil.Process]) -> None:
    """Kills the processes that a failed test left running, in the sequence in which they were found."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):  # it ended by itself meanwhile
            for child in process.children(recursive=True):
                child.kill()
            process.kill()


async def are_gone(processes: list[psutil.Process]) -> bool:
    """Whether all of them end in time; those that do not are killed."""
    _, alive = await asyncio.to_thread(psutil.wait_procs, processes, PATIENCE)
    kill_all(alive)
    return not alive


async def test_ctrl_c_stops_everything_even_if_the_output_is_not_read_any_more(
    typed: Callable[[str], OnATerminal], tmp_path: Path
):
    line = typed(f"| tee {tmp_path / 'log'}")
    started = await line.is_ready()
    assert len(started) >= 6
    reader = next(each for each in started if each.name() == "tee")
    reader.kill()
    assert await are_gone([reader])
    line.press_ctrl_c()
    assert await are_gone(started)
    assert "Traceback" not in line.screen.decode()


async def test_a_terminal_that_is_closed_stops_everything(typed: Callable[[str], OnATerminal]):
    line = typed("")
    started = await line.is_ready()
    line.close()
    assert await are_gone(started)


async def test_output_that_is_never_read_stops_nothing_and_a_sigterm_stops_everything(checkout: Path):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "mipoints", "dev", "--port", str(port)],
        cwd=checkout, env=bare_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    assert process.stdout is not None
    process.stdout.close()
    await answering(Server(f"http://127.0.0.1:{port}", process), seconds=READY_SECONDS)
    started = psutil.Process(process.pid).children(recursive=True)
    assert len(started) >= 4
    process.send_signal(signal.SIGTERM)
    assert await asyncio.to_thread(process.wait, PATIENCE) == 0
    assert await are_gone(started)
