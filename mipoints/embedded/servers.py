"""Starts and ends a server as a child process, and locks its data directory."""

import fcntl
import os
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self

from mipoints.die_with_parent import die_with_parent
from mipoints.embedded.accounts import Account
from mipoints.embedded.problems import EmbeddedServiceError

SERVER_START_SECONDS = 120  # recovery after a crash can take a while
SERVER_STOP_SECONDS = 60


class Server:
    """A running child process and the lock of its directory. The lock is released only after the child has ended."""

    def __init__(
        self, process: subprocess.Popen[bytes], lock: IO[str], stop_signal: signal.Signals, sockets: Path
    ) -> None:
        self._process = process
        self._lock = lock
        self._stop_signal = stop_signal
        self._sockets = sockets

    def stop(self) -> None:
        end(self._process, self._stop_signal)
        with suppress(OSError):  # a folder in /tmp is empty now; a data directory is not, and stays
            self._sockets.rmdir()
        self._lock.close()


class DataDirectoryLock:
    """The lock of a service in a data directory. It is released at the end of the block, unless `hand_over` was
    called."""

    def __init__(self, folder: Path, lock: IO[str], service: str) -> None:
        self.folder = folder
        self._lock = lock
        self._service = service
        self._is_handed_over = False

    @classmethod
    def directory(cls, data_dir: Path, service: str) -> Self:
        try:
            folder = data_dir.expanduser().resolve()
            folder.mkdir(parents=True, exist_ok=True)
            lock = (folder / f"{service}.lock").open("a")
        except OSError as error:
            raise EmbeddedServiceError(f"The data directory {data_dir} cannot be used: {error}.") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise EmbeddedServiceError(
                f"Another process, perhaps another `mipoints dev`, is using {folder}: "
                "stop it first, or name another data directory."
            ) from error
        return cls(folder, lock, service)

    def hand_over(self) -> IO[str]:
        """Returns the lock; the caller must close it."""
        self._is_handed_over = True
        return self._lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self._is_handed_over:
            self._lock.close()
        if isinstance(error, OSError):
            raise EmbeddedServiceError(f"The embedded {self._service} cannot run: {error}.") from error


def spawn(
    command: Sequence[str], folder: Path, log: Path, account: Account | None, last_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    """Starts a child process in its own session: a Ctrl-C at the terminal reaches only us, and we stop the child.

    If we are killed, the child receives `last_signal`.
    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PG", "LC_"))}
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            env={**environment, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            preexec_fn=die_with_parent(last_signal),  # noqa: PLW1509 - two system calls, and no lock is taken
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def end(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    """Sends the stop signal, waits STOP_SECONDS, and then kills the process. Does nothing if the process has ended."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(SERVER_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def not_started(server: str, log: Path) -> EmbeddedServiceError:
    """Returns the error with the last line of the server's log."""
    lines = log.read_text(errors="replace").strip().splitlines()
    last_words = lines[-1] if lines else "it said nothing"
    return EmbeddedServiceError(f"{server} did not start: {last_words} (its log is {log}).")


def package_of(name: str) -> Path | None:
    """Returns the folder of an installed package, or None. The package is not imported, because its import has side
    effects."""
    spec = find_spec(name)
    return Path(spec.submodule_search_locations[0]) if spec and spec.submodule_search_locations else None
