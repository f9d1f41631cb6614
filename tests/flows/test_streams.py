"""Streams are bounded, authenticated, kept alive and closed: graphql-transport-ws and server-sent events exactly."""

import asyncio
import json
import socket
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, aclosing, asynccontextmanager, suppress

import pytest
import pytest_asyncio
from starlette.types import Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect
from websockets.exceptions import ConnectionClosed

from api.app import admission_of
from api.context import Requester
from api.documents import Documents
from api.graphql import GraphQLEndpoint
from api.metrics import Metrics
from api.payers import Payer
from api.persisted import Persisted
from api.requests import OperationRequest
from api.runner import Runner
from api.schema import schema
from api.streams.answers import answers
from api.streams.open import OpenStreams
from api.streams.websocket import Connection
from loyalty.callers import Caller
from loyalty.operators.adjust import Adjustment, adjust
from loyalty.programme.programme import Programme
from loyalty.tokens import Verifier
from mipoints.listening import listen
from tests.support.fresh import Shared
from tests.support.patience import PATIENCE, eventually
from tests.support.served import served
from tests.support.stage import EARN, Stage, open_stage
from tests.support.streams import CHANGES, Socket, events, known, opened

TWICE = "subscription { a: balanceChanged { __typename } b: balanceChanged { __typename } }"
ME = "query { me { miId } }"
OPERATOR = Caller("op", frozenset({"operator"}), is_service=True)
SHARE = {"socialShare": {"productId": "p-1", "network": "x"}}


@pytest_asyncio.fixture
async def small(database_url: str, shared: Shared) -> AsyncIterator[Stage]:
    """A server that holds few streams."""
    async with open_stage(shared, streams=4, streams_per_member=2) as stage:
        await stage.register()
        yield stage


@pytest_asyncio.fixture
async def impatient(database_url: str, shared: Shared) -> AsyncIterator[Stage]:
    """A server with a short heartbeat."""
    async with open_stage(shared, heartbeat_seconds=0.3) as stage:
        await stage.register()
        yield stage


def url_of(stage: Stage) -> str:
    return str(stage.http.base_url)


async def streams_of(stage: Stage) -> int:
    """How many open streams the server's metrics report."""
    (line,) = [
        line for line in (await stage.http.get("/metrics")).text.split("\n") if line.startswith("mipoints_streams ")
    ]
    return int(float(line.split()[1]))


async def all_closed(stage: Stage) -> None:
    """Waits until the server has no streams and no followers."""

    async def is_so() -> bool:
        return await streams_of(stage) == 0 and stage.changes.followers == 0

    await eventually(is_so)


def code_of(message: dict) -> str:
    (error,) = message["payload"]
    assert error["message"]
    assert error["extensions"]["requestId"]
    return error["extensions"]["code"]


@pytest.mark.parametrize("protocols", [("graphql-ws",), ("soap", "graphql-ws"), ("mqtt",)])
async def test_another_subprotocol_is_not_supported(small: Stage, protocols: tuple[str, ...]):
    async with opened(url_of(small), *protocols) as socket:
        assert socket.connection.subprotocol is None
        assert await socket.closed() == (4406, "Subprotocol not acceptable: this server speaks graphql-transport-ws.")


async def test_a_client_that_also_supports_the_old_protocol_gets_the_new_one(small: Stage):
    async with opened(url_of(small), "graphql-ws", "graphql-transport-ws") as socket:
        assert socket.connection.subprotocol == "graphql-transport-ws"


@pytest.mark.parametrize(
    "text",
    ["[1]", "null", "7", '"x"', "{", "", "NaN", "{}", '{"type":7}', '{"type":"start"}', '{"type":["ping"]}',
     '{"type":"ping","payload":"a"}', '{"type":"subscribe"}', '{"type":"subscribe","id":7,"payload":{}}',
     '{"type":"subscribe","id":"","payload":{}}', '{"type":"subscribe","id":"1","payload":[]}',
     '{"type":"subscribe","id":"1"}', '{"type":"subscribe","id":"1","payload":null}',
     '{"type":"complete"}', "[" * 10_000, '{"a":' * 3000, b"\x00\x01", b'{"type":"ping"}'],
    ids=lambda text: repr(text[:40]),
)  # fmt: skip
async def test_an_invalid_message_closes_the_connection_with_4400(small: Stage, text: str | bytes):
    async with known(url_of(small), small.token("mi-1")) as socket:
        await socket.connection.send(text)
        code, reason = await socket.closed()
        assert code == 4400
        assert reason


async def test_a_message_over_the_bodys_limit_is_1009(stage: Stage):
    async with opened(url_of(stage)) as socket:
        await socket.send("connection_init", payload={"pad": "x" * 300_000})
        assert (await socket.closed())[0] == 1009


async def test_subscribing_before_authentication_is_4401(small: Stage):
    async with opened(url_of(small)) as socket:
        await socket.subscribe()
        assert await socket.closed() == (4401, "Unauthorized")


async def test_a_token_is_needed_and_must_be_valid(small: Stage):
    expired = small.token("mi-1", seconds=-5)
    for payload, code in (
        (None, 4401),
        ({}, 4401),
        ({"authorization": 7}, 4401),
        ({"authorization": "Bearer nonsense"}, 4403),
        ({"authorization": "Basic bWk6MQ=="}, 4403),
        ({"authorization": f"Bearer {expired}"}, 4403),
    ):
        async with opened(url_of(small)) as socket:
            await socket.send("connection_init", payload=payload)
            assert (await socket.closed())[0] == code


async def test_a_token_may_come_in_any_of_three_places(small: Stage):
    bearer = f"Bearer {small.token('mi-1')}"
    for payload, headers in (
        ({"Authorization": bearer}, {}),
        ({"headers": {"Authorization": bearer}}, {}),
        (None, {"Authorization": bearer}),
    ):
        async with opened(url_of(small), additional_headers=headers) as socket:
            await socket.send("connection_init", payload=payload)
            assert (await socket.receive())["type"] == "connection_ack"


async def test_a_client_that_does_not_authenticate_in_time_gets_4408(impatient: Stage):
    async with opened(url_of(impatient)) as socket:
        assert await socket.closed() == (4408, "Connection initialisation timeout")


async def test_initialising_twice_is_4429(small: Stage):
    async with known(url_of(small), small.token("mi-1")) as socket:
        await socket.send("connection_init")
        assert await socket.closed() == (4429, "Too many initialisation requests")


async def test_an_id_in_use_is_4409_and_free_again_once_complete(small: Stage):
    async with known(url_of(small), small.token("mi-1")) as socket:
        for _ in range(3):
            await socket.follow()
            await socket.send("complete", "1")
        await socket.follow()
        await socket.subscribe()
        assert await socket.closed() == (4409, "Subscriber for 1 already exists")


async def test_pings_are_answered(small: Stage):
    async with opened(url_of(small)) as socket:
        await socket.send("ping", payload={"at": 1})
        assert await socket.receive() == {"type": "pong"}


async def test_queries_and_mutations_are_answered_too_and_complete(stage: Stage):
    await stage.register()
    async with known(url_of(stage), stage.token("mi-1")) as socket:
        await socket.subscribe(ME)
        answer = await socket.receive()
        assert (answer["id"], answer["type"]) == ("1", "next")
        assert answer["payload"]["data"] == {"me": {"miId": "mi-1"}}
        assert answer["payload"]["extensions"]["cost"] == 1
        assert await socket.receive() == {"id": "1", "type": "complete"}
        await socket.subscribe(EARN, "earn", input={"activity": SHARE}, key="k-1")
        message = await socket.receive()
        assert message["payload"]["data"]["earnPoints"]["__typename"] == "PointsVerdict"
        assert (await socket.receive())["type"] == "complete"


@pytest.mark.parametrize(
    ("query", "variables"),
    [("subscription {", {}), ("subscription { nothing }", {}), ("query a { me { id } } query b { me { id } }", {}),
     (CHANGES, {"now": "x"}), ("", {}), (CHANGES, 7), (TWICE, {}), ("subscription { __typename }", {})],
)  # fmt: skip
async def test_an_operations_fault_reaches_the_client(small: Stage, query: str, variables: object):
    body = {"query": query, "variables": variables}
    token = small.token("mi-1")
    async with known(url_of(small), token) as socket:
        await socket.send("subscribe", "1", body)
        message = await socket.receive()
        assert (message["id"], message["type"]) == ("1", "error")
        assert code_of(message) == "BAD_USER_INPUT"
        await socket.subscribe(ME)
        assert (await socket.receive())["type"] == "next"
    if isinstance(variables, dict) and query:
        async with events(small.http, token, query, **variables) as stream:
            kind, answer = await stream.next() or ("", {})
            assert (kind, answer["errors"][0]["extensions"]["code"]) == ("next", "BAD_USER_INPUT")
            assert "data" not in answer
            assert await stream.next() == ("complete", None)
            assert await stream.next() is None


async def test_events_are_sent_if_nothing_else_is_accepted_and_for_subscriptions(small: Stage):
    token = small.token("mi-1")
    urql = "application/graphql-response+json, application/json, text/event-stream, multipart/mixed"
    async with events(small.http, token, ME) as stream:
        assert stream.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert stream.response.headers["cache-control"] == "no-store"
        assert stream.response.headers["x-request-id"]
        event, answer = await stream.next()
        assert (event, answer["data"]) == ("next", {"me": {"miId": "mi-1"}})
        assert await stream.next() == ("complete", None)
    async with events(small.http, token, ME, accept=urql) as stream:
        assert stream.response.headers["content-type"].startswith("application/graphql-response+json")
        assert json.loads(await stream.response.aread())["data"] == {"me": {"miId": "mi-1"}}
    async with events(small.http, token, CHANGES, accept="text/event-stream, multipart/mixed", now=True) as stream:
        assert (await stream.change())["entry"] is None
    async with events(small.http, token, CHANGES, accept="application/json") as stream:
        answer = json.loads(await stream.response.aread())
        assert "text/event-stream" in answer["errors"][0]["message"]


async def test_a_silent_client_is_pinged_and_then_disconnected(impatient: Stage):
    async def is_pinged_twice() -> bool:
        """Twice after its one answer; on a busy machine that answer may come too late."""
        return await pings_until_the_end(impatient) == 3

    await eventually(is_pinged_twice)
    await all_closed(impatient)


async def pings_until_the_end(stage: Stage) -> int:
    """How many pings a client gets that answers only the first; 0 if it was too late to authenticate."""
    async with opened(url_of(stage)) as socket:
        await socket.send("connection_init", payload={"authorization": f"Bearer {stage.token('mi-1')}"})
        pings = 0
        with suppress(ConnectionClosed):
            async for text in socket.connection:
                pings += json.loads(text) == {"type": "ping"}
                if pings == 1:
                    await socket.send("pong")
        end = (socket.connection.close_code, socket.connection.close_reason)
    assert end == ((1001, "No sign of life.") if pings else (4408, "Connection initialisation timeout"))
    assert pings <= 3
    return pings


async def test_events_have_comments_between_them(impatient: Stage):
    async with events(impatient.http, impatient.token("mi-1")) as stream:
        for _ in range(4):
            assert await stream.next(beats=True) == ("", None)


async def test_a_stream_ends_with_its_token(stage: Stage):
    await stage.register()
    seconds = 2
    while not await ends_with_its_token(stage, seconds):
        seconds *= 2
    await all_closed(stage)


async def ends_with_its_token(stage: Stage, seconds: int) -> bool:
    """False if a busy machine was too slow: the token expired before both streams were open."""
    token = stage.token("mi-1", seconds=seconds)
    async with AsyncExitStack() as stack:
        try:
            socket = await stack.enter_async_context(known(url_of(stage), token))
            stream = await stack.enter_async_context(events(stage.http, token))
            await socket.follow()
        except ConnectionClosed:
            return False
        if not stream.response.is_success or await stream.next(beats=True) != ("", None):
            return False
        assert await socket.closed() == (4403, "This token has expired: get a new one.")
        kind, answer = await stream.next() or ("", {})
        assert (kind, answer["errors"][0]["extensions"]["code"]) == ("next", "UNAUTHENTICATED")
        assert await stream.next() == ("complete", None)
        assert await stream.next() is None
    return True


async def test_a_members_subscriptions_and_connections_are_limited(small: Stage):
    token = small.token("mi-1")
    async with known(url_of(small), token) as socket:
        await socket.follow("1")
        await socket.follow("2")
        await socket.subscribe(id_="3")
        assert code_of(await socket.receive()) == "LIMITED"
        await socket.send("complete", "2")
        async with known(url_of(small), token), opened(url_of(small)) as third:
            await third.send("connection_init", payload={"authorization": f"Bearer {token}"})
            assert (await third.closed())[0] == 4429
            async with events(small.http, token) as stream:
                _, answer = await stream.next() or ("", {})
                assert answer["errors"][0]["extensions"]["code"] == "LIMITED"
                assert await stream.next() == ("complete", None)
        async with known(url_of(small), small.token("mi-2")):
            pass
    await all_closed(small)


async def test_a_process_with_too_many_streams_asks_clients_to_try_again_later(small: Stage):
    url, one, other = url_of(small), small.token("mi-1"), small.token("mi-2")
    async with known(url, one), known(url, one), known(url, other), known(url, other), opened(url) as fifth:
        await fifth.send("connection_init", payload={"authorization": f"Bearer {small.token('mi-3')}"})
        assert (await fifth.closed())[0] == 1013
    await all_closed(small)


async def test_strangers_take_few_places_of_their_address_and_none_of_the_members(database_url: str, shared: Shared):
    async with open_stage(shared, streams=1, strangers_per_address=2) as stage:
        url, token = url_of(stage), stage.token("mi-1")
        async with opened(url), opened(url) as second:
            async with opened(url) as third:
                assert (await third.closed())[0] == 1013
            async with known(url, token, local_addr=("127.0.0.2", 0)):
                pass
            await all_closed(stage)
            await second.send("connection_init", payload={"authorization": f"Bearer {token}"})
            assert (await second.receive())["type"] == "connection_ack"
            async with opened(url) as third:
                await third.send("ping")
                assert await third.receive() == {"type": "pong"}


async def test_a_connection_that_ends_while_we_write_to_it_is_no_fault(stage: Stage, programme: Programme):
    """An operation that still has an answer after the close, whoever closed, ends as if the client had disconnected."""
    admission = admission_of(stage.settings, None)
    runner = Runner(schema, Documents(schema._schema), Persisted(), programme, _wake, stage.changes, admission, 10)
    streams = OpenStreams(9, 9, 9, 1, stage.changes.ending)
    endpoint = GraphQLEndpoint(runner, Verifier(stage.settings), Metrics(), 10_000, streams)
    ends: list[Exception] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        connection = Connection(endpoint, WebSocket(scope, receive, send))
        await connection.socket.accept("graphql-transport-ws")
        await connection.close(4400, "over")
        try:
            await connection.send({"type": "pong"})
        except Exception as error:
            ends.append(error)

    async with served(app) as url, opened(url) as socket:
        assert await socket.closed() == (4400, "over")
    assert [type(each) for each in ends] == [WebSocketDisconnect]


async def test_the_operations_that_a_connection_runs_at_a_time_are_limited(stage: Stage):
    await stage.register()
    async with known(url_of(stage), stage.token("mi-1")) as socket:
        for n in range(60):
            await socket.subscribe(ME, str(n))
        received, ended = [], 0
        while ended < 60:
            received.append(await socket.receive())
            ended += received[-1]["type"] != "next"
    refused = [message for message in received if message["type"] == "error"]
    assert all(code_of(message) == "LIMITED" for message in refused)
    assert len(refused) + sum(message["type"] == "next" for message in received) == 60


async def test_a_client_that_does_not_read_is_disconnected_and_delays_no_other(database_url: str, shared: Shared):
    """It may send as fast as it likes, so that it is stuck soon."""
    fast = {"socket_messages": 1_000_000, "graphql_body_limit": 10_000_000}
    async with asyncio.timeout(PATIENCE), open_stage(shared, buffers=4096, heartbeat_seconds=1, **fast) as stage:
        await stage.register()
        token = stage.token("mi-1")
        async with not_reading(stage, token) as reader:
            pinging = asyncio.create_task(ping_for_ever(reader))
            await eventually(lambda: is_stuck(reader))
            async with events(stage.http, token, now=True) as other:
                await other.change()
                await stage.earn(SHARE)
                assert (await other.change())["pendingPoints"] is not None
            await all_closed(stage)
            pinging.cancel()


def test_the_kernel_ends_a_connection_whose_other_side_reads_nothing():
    if not hasattr(socket, "TCP_USER_TIMEOUT"):
        pytest.skip("Only Linux has this option.")
    with listen("127.0.0.1", 0) as listener, socket.create_connection(listener.getsockname()):
        accepted, _ = listener.accept()
        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 30_000


def is_stuck(reader: Socket) -> bool:
    """The server no longer reads from this client."""
    return reader.connection.transport.get_write_buffer_size() > 30_000


@asynccontextmanager
async def not_reading(stage: Stage, token: str) -> AsyncIterator[Socket]:
    """A client with small buffers that reads nothing."""
    with socket.socket() as narrow:
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        narrow.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        narrow.connect((stage.http.base_url.host, stage.http.base_url.port))
        async with known(url_of(stage), token, sock=narrow, max_queue=1) as reader:
            yield reader
            reader.connection.transport.abort()


async def ping_for_ever(reader: Socket) -> None:
    with suppress(ConnectionClosed):
        while True:
            await reader.send("ping")


async def _wake(_job: str, _at: object) -> None:
    pass


async def test_a_slow_reader_gets_the_newest_changes_and_the_current_balance(stage: Stage, programme: Programme):
    await stage.register()
    await stage.advance(minutes=5)
    caller = Caller("mi-1", expires_at=time.time() + 60)
    asker = Requester(caller, "en", "a-request", Payer("member", "mi-1"), is_helped=True)
    admission = admission_of(stage.settings, None)
    runner = Runner(schema, Documents(schema._schema), Persisted(), programme, _wake, stage.changes, admission, 10)
    ready = await runner.prepare(OperationRequest(CHANGES, variables={"now": True}), asker)
    async with aclosing(answers(runner, ready, asker, Metrics())) as coming:
        assert (await anext(coming))["extensions"]["cost"] > 1
        for n in range(30):
            await adjust(programme, OPERATOR, Adjustment("mi-1", 1, "a test"), f"a-{n}")
        changes = [(await anext(coming))["data"]["balanceChanged"] for _ in range(20)]
    assert [each["entry"]["balanceAfter"] for each in changes] == list(range(61, 81))
    assert {each["balance"]["available"] for each in changes} == {80}
    assert stage.changes.followers == 0


async def test_nothing_is_left_of_clients_that_came_and_went(stage: Stage):
    """In every way to leave: politely, during an operation, before authentication, or by an aborted connection."""
    await stage.register()
    token = stage.token("mi-1")
    async with known(url_of(stage), token) as socket:
        await socket.follow()
    await all_closed(stage)
    before = len(asyncio.all_tasks())
    for round_ in range(25):
        await asyncio.gather(*(come_and_go(stage, token, round_ * 8 + n) for n in range(8)))
    await all_closed(stage)

    async def is_as_before() -> bool:
        return len(asyncio.all_tasks()) <= before + 1

    await eventually(is_as_before)


async def come_and_go(stage: Stage, token: str, n: int) -> None:
    if n % 4 == 0:
        async with events(stage.http, token, now=True) as stream:
            await stream.change()
    elif n % 4 == 1:
        async with opened(url_of(stage)) as socket:
            socket.connection.transport.abort()
    else:
        async with known(url_of(stage), token) as socket:
            await socket.subscribe(now=True)
            await leave(socket, n)


async def leave(socket: Socket, n: int) -> None:
    if n % 4 == 2:
        await socket.change()
    else:
        socket.connection.transport.abort()


async def test_each_answer_says_whose_balance_it_is(stage: Stage):
    await stage.register()
    async with known(url_of(stage), stage.token("mi-1")) as socket:
        answers = [await socket.follow()]
        await stage.earn({"fuel": {}})
        answers.append(await socket.change())
    assert [each["member"]["miId"] for each in answers] == ["mi-1", "mi-1"]
    assert [each["member"]["balance"]["available"] == each["balance"]["available"] for each in answers] == [True, True]
