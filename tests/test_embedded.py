"""The embedded servers start, answer, stop completely, and start again after every kind of end."""

import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlparse

import asyncpg
import psutil
import pytest
from arq.connections import RedisSettings, create_pool

from mipoints.embedded import initdb, postgres, servers
from mipoints.embedded.postgres import EmbeddedPostgres
from mipoints.embedded.problems import EmbeddedServiceError
from mipoints.embedded.redis import EmbeddedRedis
from tests.conftest import NO_REDIS
from tests.support.patience import PATIENCE

needs_redis = pytest.mark.skipif(not EmbeddedRedis.can_be_had(), reason=NO_REDIS)

# Starts both servers, in its main thread or in another one that ends, prints their URLs, and waits to be killed.
HOLDER = """
import sys, threading, time
from pathlib import Path
from mipoints.embedded.postgres import EmbeddedPostgres
from mipoints.embedded.redis import EmbeddedRedis
servers = []
def start():
    servers.extend((EmbeddedPostgres.start(Path(sys.argv[1])), EmbeddedRedis.start(Path(sys.argv[1]))))
if sys.argv[2] == "thread":
    thread = threading.Thread(target=start)
    thread.start()
    thread.join()
else:
    start()
print(servers[0].url, flush=True)
time.sleep(600)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A folder with a path that is short enough for a server's socket; no server in it outlives the test."""
    folder = Path(tempfile.mkdtemp(prefix="mipoints-test-"))
    yield folder
    for process in processes_in(folder):
        process.kill()
    shutil.rmtree(folder, ignore_errors=True)


def processes_in(folder: Path) -> list[psutil.Process]:
    """Returns every process whose working directory is the folder: both servers and all their children."""
    processes = []
    for process in psutil.process_iter():
        try:
            if Path(process.cwd()).is_relative_to(folder):
                processes.append(process)
        except psutil.Error:
            continue
    return processes


def postmaster(data_dir: Path) -> int:
    return int((data_dir / "postgres" / "postmaster.pid").read_text().splitlines()[0])


async def ask(url: str, question: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(question)
    finally:
        await connection.close()


async def test_postgres_has_the_settings_we_rely_on(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir, {"work_mem": "5MB"})
    try:
        assert str(await ask(server.url, "select version()")).startswith("PostgreSQL 18.")
        assert await ask(server.url, "show max_connections") == "200"
        assert await ask(server.url, "show server_encoding") == "UTF8"
        assert await ask(server.url, "show timezone") == "UTC"
        assert await ask(server.url, "show work_mem") == "5MB"
        assert await ask(server.url, "show listen_addresses") == ""
        assert await ask(server.url, "select upper('é')") == "É"
    finally:
        server.stop()


def test_psql_takes_the_url_too(data_dir: Path) -> None:
    server = EmbeddedPostgres.start(data_dir)
    try:
        psql = initdb.postgres_binaries() / "psql"
        answer = subprocess.check_output([psql, server.url, "-Atc", "select 1 + 1"], text=True)
        assert answer.strip() == "2"
    finally:
        server.stop()


@needs_redis
async def test_redis_answers_arq(data_dir: Path) -> None:
    server = EmbeddedRedis.start(data_dir)
    try:
        pool = await create_pool(RedisSettings.from_dsn(server.url))
        assert await pool.ping()
        await pool.aclose()
    finally:
        server.stop()


@needs_redis
def test_stop_leaves_no_process_and_may_be_called_twice(data_dir: Path) -> None:
    servers = EmbeddedPostgres.start(data_dir), EmbeddedRedis.start(data_dir)
    assert processes_in(data_dir)
    for server in servers:
        server.stop()
        server.stop()
    assert processes_in(data_dir) == []


async def test_data_survives_a_restart(data_dir: Path) -> None:
    first = EmbeddedPostgres.start(data_dir)
    await ask(first.url, "create table survivors as select 42 as answer")
    first.stop()
    second = EmbeddedPostgres.start(data_dir)
    try:
        assert await ask(second.url, "select answer from survivors") == 42
    finally:
        second.stop()


async def test_a_killed_server_comes_back_with_its_data(data_dir: Path) -> None:
    first = EmbeddedPostgres.start(data_dir)
    await ask(first.url, "create table survivors as select 42 as answer")
    os.kill(postmaster(data_dir), signal.SIGKILL)
    first.stop()
    second = EmbeddedPostgres.start(data_dir)
    try:
        assert await ask(second.url, "select answer from survivors") == 42
    finally:
        second.stop()


async def killed_holder(data_dir: Path, starter: str) -> list[psutil.Process]:
    """Kills (-9) a process that has started both servers in its data directory; returns the processes it started."""
    holder = subprocess.Popen([sys.executable, "-c", HOLDER, data_dir, starter], stdout=subprocess.PIPE, text=True)
    assert holder.stdout
    await ask(holder.stdout.readline().strip(), "create table survivors as select 42 as answer")
    started = processes_in(data_dir)
    assert started
    holder.kill()
    holder.communicate()
    return started


@needs_redis
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux sends a child a signal when its parent was killed")
async def test_servers_shut_down_cleanly_when_the_process_that_started_them_is_killed(data_dir: Path):
    started = await killed_holder(data_dir, "main")
    assert psutil.wait_procs(started, PATIENCE)[1] == []
    assert "database system is shut down" in (data_dir / "postgres.log").read_text().splitlines()[-1]
    postgres = EmbeddedPostgres.start(data_dir)
    try:
        assert await ask(postgres.url, "select answer from survivors") == 42
    finally:
        postgres.stop()


@needs_redis
async def test_servers_that_were_left_running_are_replaced(data_dir: Path) -> None:
    """A child gets no signal on systems other than Linux, and, as here, if a thread other than the main one started
    it."""
    await killed_holder(data_dir, "thread")
    abandoned = postmaster(data_dir)

    postgres = EmbeddedPostgres.start(data_dir)
    redis = EmbeddedRedis.start(data_dir)
    try:
        assert postmaster(data_dir) != abandoned
        assert await ask(postgres.url, "select answer from survivors") == 42
    finally:
        redis.stop()
        postgres.stop()
    assert processes_in(data_dir) == []


async def test_a_process_number_that_was_given_to_another_program_does_not_keep_postgres_out(
    data_dir: Path,
) -> None:
    EmbeddedPostgres.start(data_dir).stop()
    bystander = subprocess.Popen(["sleep", "600"])
    (data_dir / "postgres" / "postmaster.pid").write_text(f"{bystander.pid}\n{data_dir}/postgres\n")
    server = EmbeddedPostgres.start(data_dir)
    server.stop()
    assert bystander.poll() is None
    bystander.kill()
    bystander.wait()


@pytest.mark.parametrize("service", [EmbeddedPostgres, pytest.param(EmbeddedRedis, marks=needs_redis)])
def test_a_second_start_on_a_held_directory_is_refused_with_a_sentence(
    data_dir: Path, service: type[EmbeddedPostgres] | type[EmbeddedRedis]
) -> None:
    first = service.start(data_dir)
    try:
        with pytest.raises(EmbeddedServiceError, match="Another process, perhaps another `mipoints dev`"):
            service.start(data_dir)
    finally:
        first.stop()
    service.start(data_dir).stop()


@needs_redis
async def test_a_path_too_long_for_a_socket_or_full_of_blanks_works(data_dir: Path) -> None:
    deep = data_dir / "a folder with blanks" / ("x" * 100)
    postgres, redis = EmbeddedPostgres.start(deep), EmbeddedRedis.start(deep)
    try:
        assert await ask(postgres.url, "select 1") == 1
        pool = await create_pool(RedisSettings.from_dsn(redis.url))
        assert await pool.ping()
        await pool.aclose()
    finally:
        redis.stop()
        postgres.stop()
    assert not Path(parse_qs(urlparse(postgres.url).query)["host"][0]).exists()


def test_an_interrupted_first_start_leaves_nothing_half_done(data_dir: Path) -> None:
    (data_dir / "postgres.new").mkdir()
    (data_dir / "postgres.new" / "PG_VERSION").write_text("18\n")
    EmbeddedPostgres.start(data_dir).stop()
    assert not (data_dir / "postgres.new").exists()


def test_a_server_that_cannot_start_says_why_and_names_its_log(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(postgres, "ORPHAN_SECONDS", 100 * PATIENCE)  # there are no orphans to be waited for
    EmbeddedPostgres.start(data_dir).stop()
    (data_dir / "postgres" / "PG_VERSION").write_text("12\n")
    with pytest.raises(EmbeddedServiceError, match=r"Postgres did not start: .*postgres\.log"):
        EmbeddedPostgres.start(data_dir)
    assert processes_in(data_dir) == []


def test_a_directory_that_cannot_be_made_is_a_sentence(data_dir: Path) -> None:
    (data_dir / "file").write_text("")
    with pytest.raises(EmbeddedServiceError, match="cannot be used"):
        EmbeddedPostgres.start(data_dir / "file" / "below")


@pytest.mark.parametrize(("service", "variable"), [(EmbeddedPostgres, "DATABASE_URL"), (EmbeddedRedis, "REDIS_URL")])
def test_the_error_of_a_server_without_its_package_says_how_to_install_it(
    data_dir: Path,
    monkeypatch: pytest.MonkeyPatch,
    service: type[EmbeddedPostgres] | type[EmbeddedRedis],
    variable: str,
) -> None:
    monkeypatch.setattr(servers, "find_spec", lambda _: None)
    monkeypatch.setenv("PATH", str(data_dir))
    assert not EmbeddedRedis.can_be_had()
    with pytest.raises(EmbeddedServiceError, match=f"name a running server in MIPOINTS_{variable}"):
        service.start(data_dir)
