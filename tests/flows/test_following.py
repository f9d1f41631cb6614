"""Following a balance: a member receives every change of its own, made by any process, and no other member's."""

import asyncio
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import asyncpg
import psutil
import pytest

from db.ledger.balance_changes import listening
from tests.support.fresh import Shared
from tests.support.patience import PATIENCE, eventually
from tests.support.processes import answering, environment, running, serving
from tests.support.stage import Stage, open_stage
from tests.support.streams import CHANGES, events, known

SHARE = {"socialShare": {"productId": "p-1", "network": "x"}}
ADJUST = """mutation($mi: ID!, $points: Int!, $key: ID!) {
  adjustPoints(miId: $mi, points: $points, reason: "a test", idempotencyKey: $key) { __typename } }"""
ERASE = (
    """mutation($mi: ID!) { eraseMember(miId: $mi, reason: "on request", idempotencyKey: "erase") { __typename } }"""
)
CLOSE = """mutation($mi: ID!) {
  setMemberState(miId: $mi, state: CLOSED, reason: "on request", confirm: true, idempotencyKey: "close")
  { __typename } }"""

LISTENER = """select pid from pg_stat_activity
  where application_name = 'mipoints-listener' and datname = current_database()"""


@pytest.fixture
def url(stage: Stage) -> str:
    return str(stage.http.base_url)


async def operator(stage: Stage, query: str, **variables: object) -> None:
    token = stage.token(scope="operator", name="op")
    (answer,) = (await stage.ask(query, variables, token)).values()
    assert answer["__typename"] in {"PointsVerdict", "MemberChanged"}, answer


async def joined(stage: Stage, *mi_ids: str) -> None:
    """Members whose first points are credited."""
    for mi_id in mi_ids or ("mi-1",):
        await stage.register(mi_id)
    await stage.advance(minutes=5)


async def test_a_member_sees_points_promised_and_then_credited(stage: Stage, url: str):
    await joined(stage)
    token = stage.token("mi-1")
    async with known(url, token) as socket, events(stage.http, token, now=True) as stream:
        for current in (await socket.follow(), await stream.change()):
            assert (current["entry"], current["pendingPoints"], current["balance"]["available"]) == (None, None, 50)
        await stage.earn(SHARE)
        for follower in (socket, stream):
            promised = await follower.change()
            assert promised["entry"] is None
            assert promised["pendingPoints"]["kind"] == "SOCIAL_SHARE"
            assert promised["balance"]["pending"] == promised["pendingPoints"]["points"] > 0
        await stage.advance(minutes=5)
        for follower in (socket, stream):
            credited = await follower.change()
            assert credited["entry"]["kind"] == "SOCIAL_SHARE"
            assert credited["pendingPoints"] is None
            assert credited["balance"]["available"] == credited["entry"]["balanceAfter"] > 50
            assert credited["balance"]["worth"]["currency"] == "EUR"


async def test_a_coupon_and_a_correction_are_changes_and_a_refusal_is_none(stage: Stage, url: str):
    await joined(stage)
    await operator(stage, ADJUST, mi="mi-1", points=500, key="a-1")
    async with known(url, stage.token("mi-1")) as socket:
        await socket.follow()
        assert (await stage.redeem("es-5"))["__typename"] == "PointsRedeemed"
        assert (await socket.change())["entry"]["kind"] == "REDEMPTION"
        assert (await stage.redeem("es-5"))["code"] == "NOT_ENOUGH_POINTS"
        await operator(stage, ADJUST, mi="mi-1", points=-7, key="a-2")
        assert (await socket.change())["entry"]["points"] == -7


async def test_a_member_does_not_see_another_members_changes(stage: Stage, url: str):
    await joined(stage, "mi-1", "mi-2")
    async with known(url, stage.token("mi-1")) as socket:
        await socket.follow()
        await stage.earn(SHARE, "mi-2")
        await operator(stage, ADJUST, mi="mi-2", points=9, key="a-1")
        await operator(stage, ADJUST, mi="mi-1", points=5, key="a-2")
        change = await socket.change()
        assert (change["entry"]["points"], change["balance"]["available"]) == (5, 55)


async def test_only_members_follow_and_only_after_joining(stage: Stage, url: str):
    await stage.register("mi-2")
    for token, code in (
        (stage.token("mi-1"), "NOT_A_MEMBER"),
        (stage.token(scope="operator", name="op"), "FORBIDDEN"),
    ):
        async with known(url, token) as socket, events(stage.http, token) as stream:
            await socket.subscribe()
            message = await socket.receive()
            assert (message["type"], message["payload"][0]["extensions"]["code"]) == ("error", code)
            kind, answer = await stream.next() or ("", {})
            assert (kind, answer["errors"][0]["extensions"]["code"]) == ("next", code)
            assert await stream.next() == ("complete", None)
    async with events(stage.http, None) as stream:
        _, answer = await stream.next() or ("", {})
        assert answer["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED"


async def test_an_erased_persons_stream_is_complete(stage: Stage, url: str):
    await joined(stage)
    token = stage.token("mi-1")
    async with known(url, token) as socket, events(stage.http, token, now=True) as stream:
        await socket.follow()
        await stream.change()
        await operator(stage, ERASE, mi="mi-1")
        assert (await socket.receive()) == {"id": "1", "type": "complete"}
        assert (await stream.next()) == ("complete", None)
        await socket.subscribe()
        assert (await socket.receive())["payload"][0]["extensions"]["code"] == "NOT_A_MEMBER"


async def test_closing_is_a_change_and_the_stream_goes_on(stage: Stage, url: str):
    await joined(stage)
    async with known(url, stage.token("mi-1")) as socket:
        await socket.follow()
        await operator(stage, CLOSE, mi="mi-1")
        assert (await socket.change())["balance"]["available"] == 0
        assert stage.changes.followers == 1


async def test_a_change_while_the_listening_connection_was_lost_is_not_missed(
    stage: Stage, url: str, owner: asyncpg.Connection
):
    await joined(stage)
    async with known(url, stage.token("mi-1")) as socket:
        await socket.follow()
        for points in (3, 4):
            await owner.execute("select pg_terminate_backend($1)", await listener_of(owner))
            await operator(stage, ADJUST, mi="mi-1", points=points, key=f"a-{points}")
            assert (await socket.change())["entry"]["points"] == points


async def test_one_connection_of_a_process_listens_for_all_its_followers(
    stage: Stage, url: str, owner: asyncpg.Connection
):
    await joined(stage, "mi-1", "mi-2")
    tokens = [stage.token("mi-1"), stage.token("mi-1"), stage.token("mi-2")]
    async with known(url, tokens[0]) as one, known(url, tokens[1]) as two, known(url, tokens[2]) as three:
        for socket in (one, two, three):
            await socket.follow("1")
            await socket.follow("2")
        await listener_of(owner)
        assert stage.changes.followers == 6
        assert await owner.fetchval(f"select count(*) from ({LISTENER}) as listening") == 1


async def test_a_listening_connection_that_fell_silent_is_replaced(
    database_url: str, shared: Shared, owner: asyncpg.Connection
):
    async with open_stage(shared) as stage:
        stage.changes.listen = partial(listening, shared.url, seconds=0.5)
        stage.changes.sign_of_life_seconds = 0.1
        await joined(stage)
        async with known(str(stage.http.base_url), stage.token("mi-1")) as socket:
            await socket.follow()
            with frozen(await listener_of(owner)):
                await operator(stage, ADJUST, mi="mi-1", points=3, key="a-1")
                assert (await socket.change())["entry"]["points"] == 3


async def listener_of(owner: asyncpg.Connection) -> int:
    """The process of Postgres that serves the API's listening connection, once there is one."""

    async def is_there() -> bool:
        return await owner.fetchval(LISTENER) is not None

    await eventually(is_there)
    return await owner.fetchval(LISTENER)


@contextmanager
def frozen(pid: int) -> Iterator[None]:
    """A process of Postgres that does nothing, on this machine."""
    if not psutil.pid_exists(pid) or psutil.Process(pid).name() != "postgres":
        pytest.skip("Postgres runs on another machine.")
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


async def test_following_while_points_come_misses_none(stage: Stage, url: str):
    """The baseline is read under the member's lock, so a change is either part of it or sent afterwards."""
    await joined(stage)
    async with known(url, stage.token("mi-1")) as socket:
        for round_ in range(10):
            adjusting = asyncio.create_task(operator(stage, ADJUST, mi="mi-1", points=1, key=f"a-{round_}"))
            change = await socket.follow(str(round_))
            while change["balance"]["available"] < 51 + round_:
                change = await socket.change(str(round_))
            await adjusting
            await socket.send("complete", str(round_))
            await followers_of(stage, 0)


async def test_after_many_changes_at_once_the_newest_are_sent(stage: Stage, url: str, owner: asyncpg.Connection):
    await joined(stage)
    async with known(url, stage.token("mi-1")) as socket:
        await socket.follow()
        async with owner.transaction():
            await owner.execute("select from balances for update")
            kinds = [asyncio.create_task(operator(stage, ADJUST, mi="mi-1", points=1, key=f"a-{n}")) for n in range(8)]
        await asyncio.gather(*kinds)
        change = await socket.change()
        while change["balance"]["available"] < 58:
            change = await socket.change()
        assert change["entry"]["balanceAfter"] <= 58


async def test_changes_come_from_any_process_and_a_stopping_process_closes_its_streams(stage: Stage, database_url: str):
    """Followed at one API, changed by another and by a worker; then SIGTERM."""
    await joined(stage)
    token, env = stage.token("mi-1"), environment(database_url)
    with serving(env) as server, running("worker", env=env):
        await answering(server)
        async with (
            known(server.url, token) as socket,
            stage.http.stream(
                "POST",
                f"{server.url}/graphql",
                json={"query": CHANGES},
                headers={"accept": "text/event-stream", "authorization": f"Bearer {token}"},
            ) as stream,
        ):
            await socket.follow()
            await stage.earn(SHARE)
            assert (await socket.change())["pendingPoints"]["kind"] == "SOCIAL_SHARE"
            await owner_advances(stage)
            assert (await socket.change())["entry"]["kind"] == "SOCIAL_SHARE"
            server.process.send_signal(signal.SIGTERM)
            assert (await socket.closed())[0] == 1012
            assert "event: complete" not in (await stream.aread()).decode()
            assert await asyncio.to_thread(server.process.wait, PATIENCE) == 0


async def owner_advances(stage: Stage) -> None:
    """Moves the clock and leaves the due work to the worker."""
    await stage.owner.execute("update programme_clock set ahead = ahead + interval '5 minutes'")


async def followers_of(stage: Stage, count: int) -> None:
    """Waits until the server has so many followers."""
    await eventually(lambda: stage.changes.followers == count)
