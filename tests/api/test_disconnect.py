"""A client that disconnects before its answer is there: its query ends in Postgres too; a mutation is carried out."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import nullcontext
from typing import Any

import pytest
import pytest_asyncio

from api.disconnect import Disconnect
from tests.api.slow import SlowClock, slow_clock
from tests.support.fresh import Shared
from tests.support.patience import eventually
from tests.support.stage import EARN, Stage, open_stage
from tests.support.streams import known

SLOW = {"query": '{ campaigns(market: "ES") { id } }'}
SLOW_LOADER = {"query": "{ me { id } }"}
KEY = "the phone's own"
SHARE = {"query": EARN, "variables": {"input": {"activity": {"linkShare": {"productId": "p-1"}}}, "key": KEY}}


@pytest_asyncio.fixture
async def patient(database_url: str, shared: Shared) -> AsyncIterator[Stage]:
    """Whatever is asked may take as long as it likes."""
    async with open_stage(shared, graphql_seconds=600, deadline_seconds=600) as stage:
        await stage.register("mi-1")
        yield stage


async def ask_and_disconnect(stage: Stage, clock: SlowClock, body: object, **headers: str) -> None:
    """Sends a request, and pulls the cable once Postgres is at it."""
    headers = {"authorization": f"Bearer {stage.token('mi-1')}"} | headers
    asking = asyncio.create_task(stage.http.post("/graphql", json=body, headers=headers))
    await clock.is_waited_for()
    asking.cancel()
    await asyncio.wait({asking})


async def is_judged(stage: Stage) -> bool:
    return await stage.owner.fetchval("select count(*) from verdicts where kind = 'LINK_SHARE'") == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [(SLOW, {}), (SLOW_LOADER, {}), ([SLOW, SLOW], {}), (SLOW, {"accept": "text/event-stream"})],
    ids=["a field", "a loader", "a batch", "as events"],
)
async def test_a_query_whose_client_disconnected_is_cancelled_in_postgres(
    patient: Stage, body: object, headers: dict[str, str]
):
    async with slow_clock(patient.owner) as clock:
        await ask_and_disconnect(patient, clock, body, **headers)
        await clock.is_waited_for_no_more()
    assert "errors" not in await patient.post(SLOW["query"])


async def test_no_other_query_of_a_batch_is_begun_once_its_client_disconnected(patient: Stage):
    async def all_are_counted() -> bool:
        return 'requests_total{kind="query",outcome="GONE"} 5.0' in (await patient.http.get("/metrics")).text

    async with slow_clock(patient.owner) as clock:
        await ask_and_disconnect(patient, clock, [SLOW] * 5)
        await eventually(all_are_counted)
        assert await clock.asked() == 1
        await clock.is_waited_for_no_more()


@pytest.mark.parametrize("says_so", [True, False], ids=["complete", "the cable pulled"])
async def test_a_query_over_websocket_ends_too(patient: Stage, says_so: bool):
    async with (
        slow_clock(patient.owner) as clock,
        known(str(patient.http.base_url), patient.token("mi-1")) as socket,
    ):
        await socket.send("subscribe", "1", SLOW)
        await clock.is_waited_for()
        if says_so:
            await socket.send("complete", "1")
        else:
            socket.connection.transport.abort()
        await clock.is_waited_for_no_more()


class Receive:
    """A client that has disconnected; `calls` says how often that was asked."""

    calls = 0

    async def __call__(self) -> dict[str, Any]:
        self.calls += 1
        return {"type": "http.disconnect"}


async def test_a_client_whose_answer_is_there_at_once_is_not_watched():
    receive = Receive()
    disconnect = Disconnect(receive)
    async with asyncio.timeout(None) as work:
        with disconnect.ending(work):
            await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert (receive.calls, disconnect.is_noticed, work.expired()) == (0, False, False)


async def waiting_for_ever(disconnect: Disconnect) -> None:
    async with asyncio.timeout(None) as work:
        with disconnect.ending(work):
            await asyncio.Event().wait()


@pytest.mark.parametrize("is_watched", [True, False], ids=["from the beginning", "once it has to wait"])
async def test_a_disconnect_ends_the_work_that_waits_and_no_other(is_watched: bool):
    disconnect = Disconnect(Receive())
    with disconnect.watched() if is_watched else nullcontext():
        with pytest.raises(TimeoutError):
            await waiting_for_ever(disconnect)
        async with asyncio.timeout(None) as other:
            await asyncio.sleep(0)
    assert disconnect.is_noticed
    assert not other.expired()


@pytest.mark.parametrize(
    ("body", "headers"),
    [(SHARE, {}), ([SLOW_LOADER, SHARE, SLOW], {}), (SHARE, {"accept": "text/event-stream"})],
    ids=["alone", "in a batch", "as events"],
)
async def test_a_mutation_whose_client_disconnected_runs_and_its_answer_is_stored(
    patient: Stage, body: object, headers: dict[str, str]
):
    async with slow_clock(patient.owner) as clock:
        await ask_and_disconnect(patient, clock, body, **headers)
        await clock.answers()
        await eventually(lambda: is_judged(patient))
    await the_phone_repeats_the_request(patient)


async def test_a_mutation_over_websocket_is_carried_out_too(patient: Stage):
    async with slow_clock(patient.owner) as clock:
        async with known(str(patient.http.base_url), patient.token("mi-1")) as socket:
            await socket.send("subscribe", "1", SHARE)
            await clock.is_waited_for()
            socket.connection.transport.abort()
        await clock.answers()
        await eventually(lambda: is_judged(patient))
    await the_phone_repeats_the_request(patient)


async def the_phone_repeats_the_request(stage: Stage) -> None:
    again: dict[str, Any] = await stage.post(SHARE["query"], SHARE["variables"], stage.token("mi-1"))
    assert again["data"]["earnPoints"]["verdict"]["outcome"] == "GRANTED"
    assert await is_judged(stage)
