"""The output of the commands, and the sentences of their errors."""

import asyncio
import socket
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from db.pool import Database
from loyalty.tokens import Verifier
from mipoints.advance_clock import wait_until_done
from mipoints.problems import UserError
from mipoints.signing import signed_headers
from tests.cli.commands import are_sentences, mipoints, mipoints_process
from tests.conftest import database_named, run_on_server
from tests.support.patience import PATIENCE
from tests.support.processes import Server, answering, environment, free_port, running, serving
from tests.support.stage import NATIVE_SECRET, settings_for

STARTS_A_SERVER = ("serve", "worker", "dev")
AWAY = "postgresql://nobody@127.0.0.1:9/nothing"


async def test_help_lists_the_commands():
    answer = await mipoints_process("--help", env={})
    assert answer.returncode == 0
    for command in ("dev", "serve", "worker", "migrate", "token", "clock", "webhook", "seed", "audit", "tour"):
        assert f"  {command} ".encode() in answer.stdout


@pytest.mark.parametrize(
    ("arguments", "more", "code", "word"),
    [
        (("clock", "advance", "5x"), {}, 2, "duration"),
        (("clock", "advance", "0s"), {}, 2, "duration"),
        (("clock", "now"), {"MIPOINTS_SANDBOX": ""}, 1, "sandbox"),
        (("clock", "now"), {"MIPOINTS_DATABASE_URL": "mysql://x"}, 1, "MIPOINTS_DATABASE_URL"),
        (("clock", "now"), {"MIPOINTS_DATABASE_URL": "postgresql://u:p@host:port/x"}, 1, "MIPOINTS_DATABASE_URL"),
        (("clock", "now"), {"MIPOINTS_DATABASE_URL": "postgresql://u:p@[host/x"}, 1, "MIPOINTS_DATABASE_URL"),
        (("worker",), {"MIPOINTS_REDIS_URL": "redis://host:port/0"}, 1, "MIPOINTS_REDIS_URL"),
        (("clock", "now"), {"MIPOINTS_DATABASE_URL": AWAY}, 1, "Postgres"),
        (("audit",), {"MIPOINTS_DATABASE_URL": AWAY}, 1, "Postgres"),
        (("seed", "--members", "1"), {"MIPOINTS_DATABASE_URL": AWAY}, 1, "Postgres"),
        (("token",), {}, 2, "member"),
        (("token", "--member", ""), {}, 2, "account"),
        (("token", "--member", "a", "--scope", "operator"), {}, 2, "not both"),
        (("token", "--scope", "king"), {}, 2, "scope"),
        (("token", "--member", "a"), {"MIPOINTS_AUTH_SECRET": ""}, 2, "MIPOINTS_AUTH_SECRET"),
        (("seed", "--members", "1", "--market", "BE"), {}, 1, "BE"),
        (("webhook", "send", "pigeon", "-"), {}, 2, "not known here"),
        (("webhook", "send", "native", "no-such-file"), {}, 2, "no-such-file"),
        (("webhook", "send", "native", "-", "--secret", "whsec_%"), {}, 2, "secret"),
        (("webhook", "send", "native", "-", "--url", "http://127.0.0.1:9/webhooks/native"), {}, 1, "running"),
        (("webhook", "send", "native", "-", "--url", "nowhere"), {}, 2, "nowhere"),
        (("tour", "--url", "http://127.0.0.1:9"), {}, 1, "running"),
        (("documents", "check", "no-such-folder"), {}, 1, "no-such-folder"),
        (("serve", "--port", "0"), {"MIPOINTS_TRUSTED_DOCUMENTS": "some"}, 1, "members"),
        (("serve", "--port", "0"), {"MIPOINTS_TRUSTED_MANIFEST": "no-such-file"}, 1, "no-such-file"),
        (("serve", "--port", "0", "--host", "0.0.0.0"), {}, 1, "--i-know"),
        (("serve", "--port", "0"), {"MIPOINTS_AUTH_JWKS_URL": "https://login.example/keys"}, 1, "contradict"),
        (("worker",), {"MIPOINTS_POOL_SISE": "5"}, 1, "MIPOINTS_POOL_SIZE"),
    ],
)
async def test_an_error_is_a_sentence_on_stderr(
    database_url: str, arguments: tuple[str, ...], more: dict[str, str], code: int, word: str
):
    env = {name: value for name, value in (environment(database_url) | more).items() if value}
    if more.get("MIPOINTS_SANDBOX") == "":
        env.pop("MIPOINTS_AUTH_SECRET")
    run = mipoints_process if arguments[0] in STARTS_A_SERVER else mipoints
    answer = await run(*arguments, env=env)
    assert answer.returncode == code
    assert answer.stdout == b"" or arguments[0] == "tour"
    assert are_sentences(answer.stderr), answer.stderr.decode()
    assert word in answer.stderr.decode()


async def test_a_missing_setting_is_named_and_no_sandbox_is_made_up(tmp_path: Path):
    env = {name: value for name, value in environment("").items() if not name.startswith("MIPOINTS_")}
    env.pop("DATABASE_URL", None)
    answer = await mipoints_process("audit", env=env, cwd=tmp_path)
    assert answer.returncode == 1
    assert b"MIPOINTS_DATABASE_URL" in answer.stderr


async def test_only_the_token_is_printed_and_it_is_valid(database_url: str):
    env = environment(database_url)
    verifier = Verifier(settings_for(database_url))
    member = await mipoints("token", "--member", "mi-1", "--market", "ES", env=env)
    service = await mipoints_process("token", "--scope", "operator", "--name", "ann", env=env)
    expired = await mipoints("token", "--member", "mi-1", "--seconds", "-5", env=env)
    assert (await verifier.verify(member.stdout.decode().strip())).name == "mi-1"
    caller = await verifier.verify(service.stdout.decode().strip())
    assert (caller.name, caller.scopes) == ("ann", {"operator"})
    assert (await verifier.verify(expired.stdout.decode().strip())).problem


async def test_the_clock_prints_one_line_and_moves_for_every_process(database_url: str, owner: asyncpg.Connection):
    env = environment(database_url)
    before = await owner.fetchval("select programme_now()")
    advanced = await mipoints("clock", "advance", "13mo 36h", env=env)
    after = await owner.fetchval("select programme_now()")
    printed = datetime.fromisoformat(advanced.stdout.decode().strip())
    assert advanced.stdout.endswith(b"Z\n")
    assert before + timedelta(days=390) < printed <= after
    assert timedelta(days=390) < after - before < timedelta(days=400)
    now = await mipoints("clock", "now", env=env)
    assert datetime.fromisoformat(now.stdout.decode().strip()) >= printed


async def test_waiting_for_due_work_returns_when_none_is_due(database_url: str):
    answer = await mipoints("clock", "advance", "1d", "--wait", env=environment(database_url))
    assert answer.returncode == 0


async def test_migrating_an_empty_database_starts_its_clock_and_a_second_time_does_nothing(postgres_url: str):
    name = "mipoints_cli_migrate"
    url = database_named(postgres_url, name)
    await run_on_server(postgres_url, f"drop database if exists {name} with (force)", f"create database {name}")
    try:
        unset = await mipoints("audit", env=environment(url))
        assert unset.returncode == 1
        assert b"mipoints migrate" in unset.stderr
        env = environment(url, MIPOINTS_CLOCK_START="2022-09-20T08:00:00Z")
        first = await mipoints_process("migrate", env=env)
        assert b"applied 0001_" in first.stdout
        assert b"loaded es-2020-01-01" in first.stdout
        moment = datetime.fromisoformat((await mipoints("clock", "now", env=env)).stdout.decode().strip())
        assert timedelta(0) < moment - datetime(2022, 9, 20, 8, tzinfo=UTC) < timedelta(minutes=1)
        second = await mipoints("migrate", env=env | {"MIPOINTS_CLOCK_START": "2021-01-01T00:00:00Z"})
        assert second.stdout.startswith(b"Nothing to do")
        later = datetime.fromisoformat((await mipoints("clock", "now", env=env)).stdout.decode().strip())
        assert later > moment
    finally:
        await run_on_server(postgres_url, f"drop database if exists {name} with (force)")


async def test_a_port_in_use_is_a_sentence(database_url: str, tmp_path: Path):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        env = environment(database_url, MIPOINTS_HOME=str(tmp_path / "home"))
        for command in ("serve", "dev"):
            answer = await mipoints_process(command, "--port", port, env=env)
            assert answer.returncode == 1
            assert are_sentences(answer.stderr)
            assert port in answer.stderr.decode()
    assert [path.name for path in (tmp_path / "home").iterdir()] == ["dev.lock"]


async def test_serving_starts_without_redis_and_ends_in_good_order(database_url: str):
    with serving(environment(database_url, MIPOINTS_REDIS_URL="redis://127.0.0.1:9/0")) as server:
        ready = await answering(server)
        assert ready.json()["degraded"] == ["redis"]
        server.process.terminate()
        assert await asyncio.to_thread(server.process.wait, PATIENCE) == 0


async def test_serving_starts_while_the_database_is_away():
    with serving(environment(AWAY)) as server:
        assert (await answering(server, "/healthz")).is_success


async def test_metrics_are_served_on_a_port_of_their_own_and_end_with_the_process():
    port = free_port()
    with serving(environment(AWAY, MIPOINTS_METRICS_PORT=str(port))) as server:
        await answering(server, "/healthz")
        assert (
            b"mipoints_streams"
            in (await answering(Server(f"http://127.0.0.1:{port}", server.process), "/metrics")).content
        )
        server.process.terminate()
        assert await asyncio.to_thread(server.process.wait, PATIENCE) == 0


@pytest.mark.parametrize(("knows", "status"), [((), 421), (("--host", "0.0.0.0", "--i-know"), 200)])
async def test_a_sandbox_says_what_it_is_and_answers_under_other_names_only_if_it_was_told_so(
    tmp_path: Path, knows: tuple[str, ...], status: int
):
    port = free_port()
    with (
        (tmp_path / "log").open("wb") as log,
        running("serve", "--port", str(port), *knows, env=environment(AWAY), log=log.fileno()) as process,
    ):
        server = Server(f"http://127.0.0.1:{port}", process)
        await answering(server, "/healthz")
        async with httpx.AsyncClient(base_url=server.url) as http:
            assert (await http.get("/healthz", headers={"host": "evil.example"})).status_code == status
    assert "THIS IS A SANDBOX" in (tmp_path / "log").read_text("utf-8")


async def test_a_sent_webhook_is_accepted_once_and_a_wrong_secret_not(database_url: str, tmp_path: Path):
    body = b'{"type":"shipment.delivered","data":{"order_number":"A-1","occurred_at":"2026-11-03T12:00:00Z"}}'
    (tmp_path / "event.json").write_bytes(body)
    env = environment(database_url)
    with serving(env) as server:
        await answering(server)
        send = ("webhook", "send", "native", "--url", f"{server.url}/webhooks/native")
        first = await mipoints(*send, str(tmp_path / "event.json"), env=env)
        again = await mipoints(*send, "-", env=env, stdin=body)
        other = await mipoints(*send, "-", "--id", "another", env=env, stdin=body)
        wrong = await mipoints(*send, "-", "--secret", "whsec_AAAA", env=env, stdin=body)
        broken = await mipoints_process(*send, "-", env=env, stdin=b"\xff\xfe{")
        carrier = await mipoints(
            *("webhook", "send", "easypost", "-", "--url", f"{server.url}/webhooks/easypost"),
            env=env,
            stdin=b'{"id": "evt_1", "description": "tracker.updated"}',
        )
    assert (first.returncode, first.stdout[:3]) == (0, b"202")
    assert (again.returncode, b"duplicate" in again.stdout) == (0, True)
    assert (other.returncode, b"duplicate" in other.stdout) == (0, False)
    assert (wrong.returncode, wrong.stdout[:3]) == (1, b"401")
    assert (broken.returncode, broken.stdout[:3]) == (1, b"400")
    assert (carrier.returncode, carrier.stdout[:3]) == (0, b"202")


def test_the_reference_library_accepts_our_signature():
    body = '{"name":"Zoë"}'
    headers = signed_headers("native", NATIVE_SECRET, body.encode())
    assert Webhook(NATIVE_SECRET).verify(body, headers) == {"name": "Zoë"}
    assert headers["webhook-id"] == signed_headers("native", NATIVE_SECRET, body.encode())["webhook-id"]


async def test_a_manifest_is_written_once_its_operations_are_valid_and_checked_against_them(tmp_path: Path):
    (tmp_path / "Me.graphql").write_text("query MeQuery { me { id } }", "utf-8")
    assert (await mipoints("documents", "check", str(tmp_path), env={})).returncode == 1
    for command in ("write", "check"):
        assert (await mipoints("documents", command, str(tmp_path), env={})).returncode == 0
    (tmp_path / "Me.graphql").write_text("query MeQuery { me { miId } }", "utf-8")
    stale = await mipoints("documents", "check", str(tmp_path), env={})
    assert stale.returncode == 1
    assert b"documents write" in stale.stderr
    (tmp_path / "Me.graphql").write_text("query MeQuery { me { nothing } }", "utf-8")
    wrong = await mipoints("documents", "write", str(tmp_path), env={})
    assert b"Cannot query field 'nothing'" in wrong.stderr
    assert are_sentences(stale.stderr)
    assert are_sentences(wrong.stderr)


async def test_a_worker_that_is_missing_is_named(db: Database):
    await db.execute(
        "insert into inbox (producer, event_id, type, body, headers, received_at) "
        "values ('native', 'e', 't', '', '{}', programme_now())"
    )
    with pytest.raises(UserError, match="is a worker running"):
        await wait_until_done(db, stalled_after=0.2)
