"""If a client disconnects, its running query is cancelled, in Postgres too; its mutation runs to the end."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from mipoints.polling import until
from tests.api.slow import becomes, slow_clock
from tests.support.fresh import Shared
from tests.support.stage import EARN, Stage, open_stage
from tests.support.streams import known

SLOW = {"query": '{ campaigns(market: "ES") { id } }'}
SLOW_LOADER = {"query": "{ me { id } }"}
KEY = "the phone's own"
SHARE = {"query": EARN, "variables": {"input": {"activity": {"linkShare": {"productId": "p-1"}}}, "key": KEY}}


@pytest_asyncio.fixture
async def patient(database_url: str, shared: Shared) -> AsyncIterator[Stage]:
    """Operations and statements may take a minute."""
    async with open_stage(shared, graphql_seconds=60, deadline_seconds=60) as stage:
        await stage.register("mi-1")
        yield stage


async def send_and_disconnect(stage: Stage, body: object, **headers: str) -> None:
    """Sends a request, and disconnects once its statement runs in Postgres."""
    headers = {"authorization": f"Bearer {stage.token('mi-1')}"} | headers
    request = asyncio.create_task(stage.http.post("/graphql", json=body, headers=headers))
    await becomes(stage.owner, sleeping=True)
    request.cancel()
    await asyncio.wait({request})


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
    async with slow_clock(patient.owner):
        await send_and_disconnect(patient, body, **headers)
        await becomes(patient.owner, sleeping=False)
    assert "errors" not in await patient.post(SLOW["query"])


@pytest.mark.parametrize("sends_complete", [True, False], ids=["complete", "disconnect"])
async def test_a_query_over_websocket_ends_too(patient: Stage, sends_complete: bool):
    async with slow_clock(patient.owner), known(str(patient.http.base_url), patient.token("mi-1")) as socket:
        await socket.tell("subscribe", "1", SLOW)
        await becomes(patient.owner, sleeping=True)
        if sends_complete:
            await socket.tell("complete", "1")
        else:
            socket.connection.transport.abort()
        await becomes(patient.owner, sleeping=False)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(SHARE, {}), ([SLOW_LOADER, SHARE, SLOW], {}), (SHARE, {"accept": "text/event-stream"})],
    ids=["alone", "in a batch", "as events"],
)
async def test_a_mutation_whose_client_disconnected_runs_and_its_answer_is_stored(
    patient: Stage, body: object, headers: dict[str, str]
):
    async with slow_clock(patient.owner, seconds=0.3):
        await send_and_disconnect(patient, body, **headers)
        await until(lambda: is_judged(patient), 10)
    await the_phone_repeats_the_request(patient)


async def test_a_mutation_over_websocket_runs_to_the_end_too(patient: Stage):
    async with slow_clock(patient.owner, seconds=0.3):
        async with known(str(patient.http.base_url), patient.token("mi-1")) as socket:
            await socket.tell("subscribe", "1", SHARE)
            await becomes(patient.owner, sleeping=True)
            socket.connection.transport.abort()
        await until(lambda: is_judged(patient), 10)
    await the_phone_repeats_the_request(patient)


async def the_phone_repeats_the_request(stage: Stage) -> None:
    again: dict[str, Any] = await stage.post(SHARE["query"], SHARE["variables"], stage.token("mi-1"))
    assert again["data"]["earnPoints"]["verdict"]["outcome"] == "GRANTED"
    assert await is_judged(stage)
