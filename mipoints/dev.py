"""`mipoints dev`: runs the whole programme on one machine with one data directory. One Ctrl-C stops everything."""

import asyncio
import fcntl
import os
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from db.pool import connect
from loyalty.settings import Settings, read_settings
from loyalty.webhooks.producers import ASKABLE
from mipoints.banner import banner
from mipoints.child_process import ChildProcess
from mipoints.client import Api, new_http, until_ready
from mipoints.console import say
from mipoints.demo import Demo
from mipoints.embedded.postgres import EmbeddedPostgres
from mipoints.embedded.problems import EmbeddedServiceError
from mipoints.embedded.redis import EmbeddedRedis
from mipoints.listening import listen
from mipoints.migrating import bring_up_to_date
from mipoints.problems import UserError
from mipoints.sandbox import home, secrets_of, write_env_file
from mipoints.stop_signals import until_stopped

HOST = "127.0.0.1"
_SHARED = ("MIPOINTS_OUTGOING_ALLOW_PRIVATE",)
"""Settings of this process that other commands in the checkout use too, until the next start of the sandbox."""


@dataclass(frozen=True, slots=True)
class Sandbox:
    """One checkout's sandbox: its directory and the port of its API."""

    folder: Path
    port: int

    @property
    def url(self) -> str:
        """The address of the API."""
        return f"http://{HOST}:{self.port}"


def run(port: int, *, fresh: bool) -> None:
    """Runs the sandbox until Ctrl-C, SIGTERM or SIGHUP. Raises Problem if it cannot start, or if the API or the worker
    ends by itself."""
    sandbox = Sandbox(home(), port)
    with _only_one(sandbox.folder):
        listen(HOST, port).close()
        if fresh:
            _forget(sandbox.folder)
        asyncio.run(until_stopped(_run(sandbox)))


def _only_one(folder: Path) -> IO[str]:
    """Locks the directory until this process ends. Raises Problem if another process holds the lock."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "dev.lock").open("a")
    except OSError as error:
        raise UserError(f"The sandbox's directory {folder} cannot be used: {error.strerror}.") from error
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise UserError("A sandbox is running in this checkout already: use that one, or stop it first.") from error
    return lock


def _forget(folder: Path) -> None:
    """Removes the sandbox's data. A server that an earlier run left running is stopped first."""
    if _named("DATABASE_URL"):
        raise UserError("--fresh forgets the sandbox's own Postgres only: empty the database you named yourself.")
    if (folder / "postgres").exists():
        with suppress(EmbeddedServiceError):
            EmbeddedPostgres.start(folder).stop()
        shutil.rmtree(folder / "postgres")


async def _run(sandbox: Sandbox) -> None:
    async with AsyncExitStack() as stack:
        environ = _environment(sandbox, stack)
        settings = read_settings(environ, askable=ASKABLE)
        await bring_up_to_date(settings, say)
        serving = ("serve", "--host", HOST, "--port", str(sandbox.port))
        children = [
            await _child(stack, "api", *serving, env=environ),
            await _child(stack, "worker", "worker", env=environ),
        ]
        ends = [asyncio.ensure_future(child.ended()) for child in children]
        stack.callback(_cancel_all, ends)
        getting_ready = asyncio.ensure_future(_get_ready(sandbox, settings))
        stack.callback(_cancel_all, [getting_ready])
        await _first_of(getting_ready, *ends)
        say(banner(sandbox.url, settings))
        await _first_of(*ends)


async def _child(stack: AsyncExitStack, name: str, *arguments: str, env: Mapping[str, str]) -> ChildProcess:
    """Starts a child process. The stack stops it, and then waits until its last lines are shown."""
    child = await ChildProcess.start(name, *arguments, env=env)
    forwarding = asyncio.ensure_future(child.forward())
    stack.push_async_callback(asyncio.wait, [forwarding])
    stack.push_async_callback(child.stop)
    return child


async def _first_of(*tasks: "asyncio.Future[None]") -> None:
    """Waits for the first task that ends, and returns or raises as that task does."""
    done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


def _cancel_all(tasks: "Sequence[asyncio.Future[None]]") -> None:
    for task in tasks:
        task.cancel()


async def _get_ready(sandbox: Sandbox, settings: Settings) -> None:
    """Waits until the API is ready, and sends it the demo data if it does not have them yet."""
    db = await connect(settings.database_url, most=settings.pool_size, seconds=settings.deadline_seconds)
    try:
        async with new_http() as http:
            api = Api(http, sandbox.url)
            await until_ready(api)
            await Demo(api, settings, db).load()
    finally:
        await db.close()


def _environment(sandbox: Sandbox, stack: AsyncExitStack) -> dict[str, str]:
    """Starts a Postgres and a Redis of our own where the environment names none, and returns the environment for the
    child processes. Other commands in this checkout read it from sandbox.env."""
    redis_url = _named("REDIS_URL") or _own_redis(sandbox.folder, stack)
    ours = {
        "MIPOINTS_DATABASE_URL": _named("DATABASE_URL") or _own_postgres(sandbox.folder, stack),
        **({"MIPOINTS_REDIS_URL": redis_url} if redis_url else {}),
        "MIPOINTS_SANDBOX": "on",
        "MIPOINTS_SANDBOX_URL": sandbox.url,
        **{name: os.environ[name] for name in _SHARED if os.environ.get(name)},
        **secrets_of(sandbox.folder),
    }
    write_env_file(sandbox.folder, ours)
    return dict(os.environ) | ours


def _named(name: str) -> str | None:
    return os.environ.get(f"MIPOINTS_{name}") or os.environ.get(name)


def _own_postgres(folder: Path, stack: AsyncExitStack) -> str:
    server = EmbeddedPostgres.start(folder)
    stack.callback(server.stop)
    return server.url


def _own_redis(folder: Path, stack: AsyncExitStack) -> str | None:
    """Starts the sandbox's own Redis and returns its URL. Returns None if the machine has no Redis: workers then only
    look for due work a little later."""
    if not EmbeddedRedis.can_be_had():
        say("There is no Redis on this machine, so nothing wakes the worker early: it looks for due work by itself.")
        return None
    server = EmbeddedRedis.start(folder)
    stack.callback(server.stop)
    return server.url
