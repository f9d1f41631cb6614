"""Runs a Postgres on one data directory, which is created if it is absent."""

import signal
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import psutil

from mipoints.embedded.accounts import Account, account_for, socket_folder
from mipoints.embedded.initdb import initialised, postgres_binaries
from mipoints.embedded.problems import EmbeddedServiceError
from mipoints.embedded.servers import (
    SERVER_START_SECONDS,
    SERVER_STOP_SECONDS,
    DataDirectoryLock,
    Server,
    end,
    not_started,
    spawn,
)

ORPHAN_SECONDS = 20  # how long the backends of a killed server may hold on to its shared memory
POSTGRES_STOP = signal.SIGINT  # fast: sessions are ended, the data is left as after any clean shutdown

POSTGRES_SETTINGS = {
    "max_connections": "200",
    "listen_addresses": "",
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


class EmbeddedPostgres:
    """A Postgres 18 that listens on a Unix socket only. It needs no password: only its owner and root can open the
    socket."""

    def __init__(self, url: str, server: Server) -> None:
        self.url = url
        self._server = server

    @classmethod
    def start(cls, data_dir: Path, settings: Mapping[str, str] | None = None) -> Self:
        """Starts the server of this directory, and returns when it accepts connections.

        In: the data directory, created if it is absent (`postgres/`, `postgres.log`), and server settings besides
        POSTGRES_SETTINGS.
        Out: the running server; `url` names its superuser and its database `postgres`.
        Raises EmbeddedServiceError if another process holds the directory or the server does not start.
        """
        with DataDirectoryLock.directory(data_dir, "postgres") as held:
            account = account_for(held.folder / "postgres")
            pgdata = initialised(held.folder, account)
            _stop_abandoned_postgres(pgdata)
            sockets = socket_folder(pgdata, ".s.PGSQL.5432", account)
            command = _postgres_command(pgdata, {**POSTGRES_SETTINGS, **(settings or {})}, sockets)
            process = _start_postgres(command, pgdata, held.folder / "postgres.log", account)
            return cls(
                f"postgresql://postgres@/postgres?host={sockets}",
                Server(process, held.hand_over(), POSTGRES_STOP, sockets),
            )

    def stop(self) -> None:
        """Ends all sessions, shuts down cleanly and unlocks the directory. A second call does nothing."""
        self._server.stop()


def _postgres_command(pgdata: Path, settings: Mapping[str, str], sockets: Path) -> list[str]:
    given = {**settings, "unix_socket_directories": str(sockets)}
    options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    return [str(postgres_binaries() / "postgres"), "-D", str(pgdata), *options]


def _start_postgres(
    command: Sequence[str], pgdata: Path, log: Path, account: Account | None
) -> subprocess.Popen[bytes]:
    """Starts the server, and tries again until ORPHAN_SECONDS are over: the backends of a killed server may run a
    moment longer and keep the new server from starting."""
    was_killed = (pgdata / "postmaster.pid").exists()
    give_up_at = time.monotonic() + (ORPHAN_SECONDS if was_killed else 0)
    while True:
        process = spawn(command, pgdata, log, account, POSTGRES_STOP)
        try:
            if _wait_until_ready(process, pgdata):
                return process
        except BaseException:
            end(process, POSTGRES_STOP)
            raise
        if process.poll() is None:
            end(process, POSTGRES_STOP)
            raise EmbeddedServiceError(f"Postgres was not ready within {SERVER_START_SECONDS} s; its log is {log}.")
        if time.monotonic() >= give_up_at:
            raise not_started("Postgres", log)
        time.sleep(0.5)


def _wait_until_ready(process: subprocess.Popen[bytes], pgdata: Path) -> bool:
    """Returns True when the server's postmaster.pid says that it is ready, False if it died or took too long."""
    give_up_at = time.monotonic() + SERVER_START_SECONDS
    while process.poll() is None and time.monotonic() < give_up_at:
        lines = _postmaster_lines(pgdata)
        if len(lines) >= 8 and lines[0] == str(process.pid) and lines[7].strip() == "ready":
            return True
        time.sleep(0.02)
    return False


def _postmaster_lines(pgdata: Path) -> list[str]:
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _stop_abandoned_postgres(pgdata: Path) -> None:
    """Shuts down a server that still runs on the directory: we hold the lock, so the process that started it is gone.

    A postmaster.pid is removed if its number now belongs to another program: it would keep Postgres from starting.
    """
    lines = _postmaster_lines(pgdata)
    if not lines or not psutil.pid_exists(int(lines[0])):
        return
    server = _process_in(pgdata, int(lines[0]))
    if server is None:
        (pgdata / "postmaster.pid").unlink(missing_ok=True)
        return
    server.send_signal(POSTGRES_STOP)
    try:
        server.wait(SERVER_STOP_SECONDS)
    except psutil.TimeoutExpired as error:
        raise EmbeddedServiceError(
            f"The Postgres left behind in {pgdata} (process {server.pid}) does not stop; end it by hand."
        ) from error


def _process_in(pgdata: Path, pid: int) -> psutil.Process | None:
    """Returns the process with this number if it is a Postgres that works in this directory, else None."""
    try:
        process = psutil.Process(pid)
        is_ours = process.name() == "postgres" and Path(process.cwd()) == pgdata
    except psutil.Error:
        return None
    return process if is_ours else None
