"""Who goes away while an answer is made: a query ends in Postgres too; a mutation goes on to its end."""

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
    """Whatever is asked may take a minute."""
    async with open_stage(shared, graphql_seconds=60, deadline_seconds=60) as stage:
        await stage.register("mi-1")
        yield stage


async def ask_and_leave(stage: Stage, body: object, **headers: str) -> None:
    """Sends a request, and pulls the cable once Postgres is at it."""
    headers = {"authorization": f"Bearer {stage.token('mi-1')}"} | headers
    asking = asyncio.create_task(stage.http.post("/graphql", json=body, headers=headers))
    await becomes(stage.owner, sleeping=True)
    asking.cancel()
    await asyncio.wait({asking})


async def is_judged(stage: Stage) -> bool:
    return await stage.owner.fetchval("select count(*) from verdicts where kind = 'LINK_SHARE'") == 1


@pytest.mark.parametrize(
    ("body", "headers"),
    [(SLOW, {}), (SLOW_LOADER, {}), ([SLOW, SLOW], {}), (SLOW, {"accept": "text/event-stream"})],
    ids=["a field", "a loader", "a batch", "as events"],
)
async def test_a_query_that_nobody_waits_for_is_cancelled_in_postgres(
    patient: Stage, body: object, headers: dict[str, str]
):
    async with slow_clock(patient.owner):
        await ask_and_leave(patient, body, **headers)
        await becomes(patient.owner, sleeping=False)
    assert "errors" not in await patient.post(SLOW["query"])


@pytest.mark.parametrize("says_so", [True, False], ids=["complete", "the cable pulled"])
async def test_a_query_over_websocket_ends_too(patient: Stage, says_so: bool):
    async with slow_clock(patient.owner), known(str(patient.http.base_url), patient.token("mi-1")) as socket:
        await socket.send("subscribe", "1", SLOW)
        await becomes(patient.owner, sleeping=True)
        if says_so:
            await socket.send("complete", "1")
        else:
            socket.connection.transport.abort()
        await becomes(patient.owner, sleeping=False)


@pytest.mark.parametrize(
    ("body", "headers"),
    [(SHARE, {}), ([SLOW_LOADER, SHARE, SLOW], {}), (SHARE, {"accept": "text/event-stream"})],
    ids=["alone", "in a batch", "as events"],
)
async def test_a_mutation_that_nobody_waits_for_is_carried_out_and_its_answer_kept(
    patient: Stage, body: object, headers: dict[str, str]
):
    async with slow_clock(patient.owner, seconds=0.3):
        await ask_and_leave(patient, body, **headers)
        await until(lambda: is_judged(patient), 10)
    await the_phone_comes_back(patient)


async def test_a_mutation_over_websocket_is_carried_out_too(patient: Stage):
    async with slow_clock(patient.owner, seconds=0.3):
        async with known(str(patient.http.base_url), patient.token("mi-1")) as socket:
            await socket.send("subscribe", "1", SHARE)
            await becomes(patient.owner, sleeping=True)
            socket.connection.transport.abort()
        await until(lambda: is_judged(patient), 10)
    await the_phone_comes_back(patient)


async def the_phone_comes_back(stage: Stage) -> None:
    again: dict[str, Any] = await stage.post(SHARE["query"], SHARE["variables"], stage.token("mi-1"))
    assert again["data"]["earnPoints"]["verdict"]["outcome"] == "GRANTED"
    assert await is_judged(stage)
