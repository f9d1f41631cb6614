"""A failing endpoint is tried again for 72 hours, delays no other, and gets each event under one id."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from db import clock
from db.outgoing.events import outgoing_backlog
from loyalty.outgoing.courier import Courier, tidy_outgoing
from loyalty.outgoing.endpoints import (
    EndpointProblem,
    add_endpoint,
    pause_endpoint,
    remove_endpoint,
    replay,
    resume_endpoint,
)
from loyalty.outgoing.events import TYPES, event_named
from loyalty.outgoing.schedule import EVENT_PATIENCE, HOUR, PAUSES, pause_after
from loyalty.outgoing.sender import Sender
from tests.flows.outgoing.test_outgoing import SHARE
from tests.support.drain import send_all
from tests.support.patience import eventually
from tests.support.processes import free_port
from tests.support.receiver import AT_HOME, Receiver, courier, receiving, rows
from tests.support.stage import Stage


@pytest.fixture
async def receiver(stage: Stage) -> AsyncIterator[Receiver]:
    async with receiving() as opened:
        await opened.joins(stage.programme.db)
        yield opened


@pytest.fixture
async def sending(stage: Stage) -> AsyncIterator[Courier]:
    async with courier(stage.programme.db) as opened:
        yield opened


async def events(stage: Stage, count: int = 1, name: str = "mi") -> None:
    """Registers so many members, each with one due event."""
    for n in range(count):
        await stage.register(f"{name}-{n}")
    await stage.advance(minutes=5)


async def later(stage: Stage, seconds: float) -> None:
    await clock.advance(stage.owner, 0, timedelta(seconds=seconds))


def test_an_event_is_tried_thirteen_times_with_growing_pauses_over_72_hours():
    assert list(PAUSES) == sorted(PAUSES)
    assert sum(PAUSES) == EVENT_PATIENCE.give_up_after == 72 * HOUR
    assert [pause_after(n) for n in (1, 2, 12, 13, 14)] == [5, 55, 20 * HOUR, None, None]


@pytest.mark.usefixtures("standing_clock")
async def test_a_failing_endpoint_is_tried_on_schedule_with_the_same_bytes_then_the_event_is_dead(
    stage: Stage, receiver: Receiver, sending: Courier
):
    receiver.statuses = [500]
    await events(stage)
    await send_all(sending)
    for attempt, pause in enumerate(PAUSES, start=1):
        assert await rows(stage.owner) == [("WAITING", attempt)]
        await later(stage, pause - 2)
        assert await send_all(sending) == 0
        await later(stage, 2)
        assert await send_all(sending) == 1
    row = await stage.owner.fetchrow("select state, attempts, status, error from outgoing")
    assert tuple(row) == ("DEAD", 13, 500, "The endpoint answered 500.")
    assert len({(each.id, each.body) for each in receiver.got}) == 1
    assert len(receiver.got) == 13
    assert receiver.got[-1].verified(receiver.secret)
    await later(stage, 100 * HOUR)
    assert await send_all(sending) == 0


async def test_a_dead_event_is_sent_again_when_it_is_replayed_under_its_old_id(
    stage: Stage, receiver: Receiver, sending: Courier
):
    db = stage.programme.db
    receiver.statuses = [503]
    await events(stage)
    await send_all(sending)
    await later(stage, 73 * HOUR)
    await send_all(sending)
    assert await rows(stage.owner) == [("DEAD", 2)]
    receiver.statuses = [200]
    assert await replay(db, "olga", endpoint_id=receiver.endpoint_id) == 1
    assert await send_all(sending) == 1
    assert await rows(stage.owner) == [("DELIVERED", 1)]
    assert await replay(db, "olga", endpoint_id=receiver.endpoint_id) == 0
    assert await replay(db, "olga", event_id=event_named(receiver.got[0].id)) == 1
    await send_all(sending)
    assert len({(each.id, each.body) for each in receiver.got}) == 1
    assert len(receiver.got) == 4
    assert await stage.owner.fetchval("select count(*) from operator_log where action = 'replayOutgoing'") == 2


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        (302, "The endpoint answered 302: redirects are not followed."),
        (400, "The endpoint answered 400."),
        (429, "The endpoint answered 429."),
        (500, "The endpoint answered 500."),
    ],
)
async def test_every_status_but_2xx_is_a_failure(
    stage: Stage, receiver: Receiver, sending: Courier, status: int, sentence: str
):
    async def to_elsewhere(_: Request) -> Response:
        return Response(status_code=status, headers={"location": receiver.url})

    receiver.reply = to_elsewhere
    await events(stage)
    await send_all(sending)
    assert len(receiver.got) == 1, "nothing is followed"
    row = await stage.owner.fetchrow("select state, status, error, delivered_at from outgoing")
    assert tuple(row) == ("WAITING", status, sentence, None)


async def test_a_missing_answer_is_a_failure_and_an_endless_one_is_not(
    stage: Stage, receiver: Receiver, sending: Courier
):
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        while not ended.is_set():
            yield b"x" * 65536
            await asyncio.sleep(0.001)

    async def dripping() -> AsyncIterator[bytes]:
        yield b"x"
        await ended.wait()

    async def reply(_: Request) -> Response:
        if len(receiver.got) == 1:
            await ended.wait()
        return StreamingResponse(endless() if len(receiver.got) == 2 else dripping())

    receiver.reply = reply
    await events(stage)
    async with courier(stage.programme.db, seconds=0.5) as hurried:
        await send_all(hurried)
    row = await stage.owner.fetchrow("select state, error from outgoing")
    assert tuple(row) == ("WAITING", "No answer came within 0.5 s.")
    await later(stage, 5)
    await send_all(sending)
    assert await rows(stage.owner) == [("DELIVERED", 2)]
    await stage.earn(SHARE, "mi-0")
    await stage.advance(minutes=5)
    for seconds in (0.5, 2, 8, 32):  # on a busy machine the answer may begin too late for the first
        async with courier(stage.programme.db, seconds=seconds) as sending_on:
            await send_all(sending_on)
        first, second = await rows(stage.owner)
        if second[0] == "DELIVERED":
            break
        await later(stage, HOUR)
    assert (first, second[0]) == (("DELIVERED", 2), "DELIVERED")
    ended.set()


async def test_a_refused_connection_is_a_failure(stage: Stage, sending: Courier):
    absent = Receiver(f"http://127.0.0.1:{free_port()}/hooks")
    await absent.joins(stage.programme.db)
    await events(stage)
    await send_all(sending)
    row = await stage.owner.fetchrow("select state, status, error from outgoing")
    assert (row["state"], row["status"]) == ("WAITING", None)
    assert row["error"].startswith("The connection failed: ")


async def test_one_rejected_event_delays_no_other(stage: Stage, receiver: Receiver, sending: Courier):
    async def picky(_: Request) -> Response:
        return Response(status_code=400 if b"mi-3" in receiver.got[-1].body else 200)

    receiver.reply = picky
    await events(stage, 40)
    await send_all(sending)
    states = [state for state, _ in await rows(stage.owner)]
    refused = sum(b"mi-3" in each.body for each in receiver.got)
    assert (states.count("DELIVERED"), states.count("WAITING")) == (40 - refused, refused)
    assert len(receiver.got) == 40
    assert await stage.owner.fetchval("select rests_until from endpoint_health") is None


async def test_a_failing_endpoint_rests_and_then_one_event_tests_it(stage: Stage, receiver: Receiver, sending: Courier):
    receiver.statuses = [500]
    await events(stage, 100)
    await send_all(sending)
    assert len(receiver.got) == 48, "three rounds of sixteen"
    await later(stage, 5)
    assert await send_all(sending) == 1
    await later(stage, 5)
    assert await send_all(sending) == 0, "it rests longer each time"
    await later(stage, 5)
    receiver.statuses = [200]
    await send_all(sending)
    assert {state for state, _ in await rows(stage.owner)} == {"DELIVERED"}


async def test_events_for_an_endpoint_that_keeps_failing_are_dead_after_72_hours(
    stage: Stage, receiver: Receiver, sending: Courier
):
    receiver.statuses = [500]
    await events(stage, 60)
    await send_all(sending)
    await later(stage, 72 * HOUR)
    await events(stage, 1, "young")
    await send_all(sending)
    states = [state for state, _ in await rows(stage.owner)]
    assert (states.count("DEAD"), states.count("WAITING")) == (60, 1)


async def test_events_that_waited_because_no_worker_ran_are_sent_however_late(
    stage: Stage, receiver: Receiver, sending: Courier
):
    await events(stage)
    await later(stage, 200 * HOUR)
    await send_all(sending)
    assert await rows(stage.owner) == [("DELIVERED", 1)]


async def test_one_slow_endpoint_delays_no_other(stage: Stage, receiver: Receiver, sending: Courier):
    """The quick one has all events before the slow one has answered once."""
    answers = asyncio.Event()

    async def slow(_: Request) -> Response:
        await answers.wait()
        return Response()

    async with receiving() as stuck, courier(stage.programme.db, seconds=600) as patient:
        await stuck.joins(stage.programme.db)
        stuck.reply = slow
        await events(stage, 50)

        async def has_all() -> bool:
            await patient.send_some()
            return len(receiver.got) == 50

        await eventually(has_all)
        assert len(stuck.got) == 16
        answers.set()
        await send_all(patient)
        assert len(stuck.got) == len(receiver.got) == 50


async def test_410_ends_an_endpoint_until_an_operator_resumes_it(stage: Stage, receiver: Receiver, sending: Courier):
    receiver.statuses = [410]
    await events(stage, 20)
    await send_all(sending)
    assert await stage.owner.fetchval("select state from endpoints") == "GONE"
    assert [state for state, _ in await rows(stage.owner)] == ["DEAD"] * 20
    assert len(receiver.got) == 16
    await events(stage, 1, "later")
    assert len(await rows(stage.owner)) == 20, "nothing is written for it any more"

    receiver.statuses = [200]
    await resume_endpoint(stage.programme.db, receiver.endpoint_id, "olga")
    assert await replay(stage.programme.db, "olga", endpoint_id=receiver.endpoint_id) == 20
    await send_all(sending)
    assert [state for state, _ in await rows(stage.owner)] == ["DELIVERED"] * 20
    logged = await stage.owner.fetch("select actor, action from operator_log order by done_at")
    assert [tuple(row) for row in logged] == [
        ("olga", "addEndpoint"),
        ("worker", "endpointGone"),
        ("olga", "resumeEndpoint"),
        ("olga", "replayOutgoing"),
    ]


async def test_a_paused_endpoint_gets_everything_once_it_is_resumed_however_late(
    stage: Stage, receiver: Receiver, sending: Courier
):
    db = stage.programme.db
    await pause_endpoint(db, receiver.endpoint_id, "olga")
    await pause_endpoint(db, receiver.endpoint_id, "olga")
    await events(stage)
    await later(stage, 100 * HOUR)
    assert await send_all(sending) == 0
    await resume_endpoint(db, receiver.endpoint_id, "olga")
    receiver.statuses = [500, 200]
    await send_all(sending)
    await later(stage, 5)
    await send_all(sending)
    assert await rows(stage.owner) == [("DELIVERED", 2)]
    assert await stage.owner.fetchval("select count(*) from operator_log") == 3


async def test_a_removed_endpoint_gets_nothing_and_its_waiting_events_are_dead(
    stage: Stage, receiver: Receiver, sending: Courier
):
    db = stage.programme.db
    await events(stage)
    await remove_endpoint(db, receiver.endpoint_id, "olga")
    assert await send_all(sending) == 0
    assert [state for state, _ in await rows(stage.owner)] == ["DEAD"]
    assert await stage.owner.fetchval("select secrets from endpoints") == []
    assert await replay(db, "olga", endpoint_id=receiver.endpoint_id) == 0
    for work in (pause_endpoint, resume_endpoint, remove_endpoint):
        with pytest.raises(EndpointProblem):
            await work(db, receiver.endpoint_id, "olga")


async def test_events_that_were_written_while_an_endpoint_ended_are_marked_dead(stage: Stage, receiver: Receiver):
    await events(stage)
    await stage.owner.execute("update endpoints set state = 'GONE'")
    await tidy_outgoing(stage.programme.db)
    assert [state for state, _ in await rows(stage.owner)] == ["DEAD"]


async def test_an_unknown_type_is_refused(stage: Stage):
    with pytest.raises(EndpointProblem, match=TYPES[0]):
        await add_endpoint(stage.programme.db, Sender(AT_HOME), "http://127.0.0.1:1/", ["points.lost"], "olga")


async def test_metrics_have_waiting_and_dead_events_and_the_endpoints_health(
    stage: Stage, receiver: Receiver, sending: Courier
):
    receiver.statuses = [200, 500]
    await events(stage, 2)
    await send_all(sending)
    await later(stage, 3)
    text = (await stage.http.get("/metrics")).text
    label = f'{{endpoint="{receiver.endpoint_id}"}}'
    values = {
        name: float(line.split()[-1])
        for line in text.splitlines()
        for name in ("waiting", "dead", "delivered", "failed", "failures", "oldest_seconds")
        if line.startswith(f"mipoints_outgoing_{name}{label}")
    }
    assert values.pop("oldest_seconds") >= 3
    assert values == {"waiting": 1, "dead": 0, "delivered": 1, "failed": 1, "failures": 0}
    await remove_endpoint(stage.programme.db, receiver.endpoint_id, "olga")
    assert await outgoing_backlog(stage.programme.db) == []
