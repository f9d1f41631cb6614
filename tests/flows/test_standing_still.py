"""Postgres stands still: nothing is acknowledged that is not stored, and afterwards everything resumes by itself."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import pytest_asyncio

from db import clock
from db.migrate import migrate
from db.pool import set_json_codec
from loyalty.programme.load import load_shipped
from tests.support.audit import assert_ledger_is_sound
from tests.support.fresh import Shared, open_shared
from tests.support.patience import PATIENCE, eventually
from tests.support.stage import EARN, Stage, open_stage, signed
from tests.support.standing_still import OwnPostgres, own_postgres
from workers.sweeper import Sweeper

BODY = b'{"type":"shipment.in_transit","data":{"order_number":"ORD-1","tracking_number":"T-1"}}'
FUEL = {"activity": {"fuel": {}}}


@pytest_asyncio.fixture(scope="module")
async def postgres() -> AsyncIterator[OwnPostgres]:
    with own_postgres() as server:
        connection = await asyncpg.connect(server.url)
        await set_json_codec(connection)
        await migrate(connection)
        await load_shipped(connection)
        await connection.close()
        yield server


@pytest_asyncio.fixture(scope="module")
async def own(postgres: OwnPostgres) -> AsyncIterator[Shared]:
    async with open_shared(postgres.url) as opened:
        yield opened


@pytest_asyncio.fixture
async def still(own: Shared) -> AsyncIterator[Stage]:
    """The programme on a database server that may be stopped; calls wait at most half a second. mi-1 has joined."""
    await own.freshen()
    async with open_stage(own) as patient:
        await patient.register("mi-1")
    async with open_stage(own, deadline_seconds=0.5) as stage:
        yield stage
    await own.as_owner()
    await assert_ledger_is_sound(own.owner)


async def send(stage: Stage, *event_ids: str) -> dict[str, int]:
    """Sends deliveries all at once; returns the HTTP status of each answer."""
    posts = (stage.http.post("/webhooks/native", content=BODY, headers=signed(BODY, each)) for each in event_ids)
    answers = await asyncio.gather(*posts)
    assert {int(each.headers["retry-after"]) > 0 for each in answers if each.status_code == 503} <= {True}
    return {event_id: answer.status_code for event_id, answer in zip(event_ids, answers, strict=True)}


async def test_acknowledged_deliveries_are_stored_and_the_rest_get_503(still: Stage, postgres: OwnPostgres):
    events = [f"evt-{n}" for n in range(100)]
    statuses = await send(still, *events[:20])
    with postgres.standing_still():
        assert set((await send(still, *events[20:60])).values()) == {503}
        assert set((await send(still, *events[60:])).values()) == {503}
    async with asyncio.timeout(PATIENCE):
        while refused := [each for each in events if statuses.get(each) not in (200, 202)]:
            statuses |= await send(still, *refused)
    stored = await still.owner.fetch("select event_id from inbox")
    assert sorted(row["event_id"] for row in stored) == sorted(events)


async def test_graphql_is_unavailable_and_a_key_is_answered_once_afterwards(still: Stage, postgres: OwnPostgres):
    request = (EARN, {"input": FUEL, "key": "k"}, still.token("mi-1"))
    with postgres.standing_still():
        for _ in range(3):
            answer = await still.post(*request)
            assert [each["extensions"]["code"] for each in answer["errors"]] == ["UNAVAILABLE"]
        assert (await still.http.get("/readyz")).status_code == 503
    first, again = [await answer_to(still, *request) for _ in range(2)]
    assert first["data"]["earnPoints"]["verdict"]["outcome"] == "GRANTED"
    assert again["data"] == first["data"]


async def answer_to(stage: Stage, *request: Any) -> dict[str, Any]:
    """Repeats a request until it has an answer."""
    async with asyncio.timeout(PATIENCE):
        while "errors" in (answer := await stage.post(*request)):
            pass
    return answer


async def test_a_worker_resumes_when_postgres_does(
    still: Stage, postgres: OwnPostgres, caplog: pytest.LogCaptureFixture
):
    sweeper = Sweeper(still.programme, seconds=0.05, reconcile_after=timedelta(days=10))
    with postgres.standing_still():
        working = asyncio.create_task(sweeper.run())
        await eventually(lambda: "Due work waits" in caplog.text)
    await clock.advance(still.owner, 0, timedelta(minutes=6))
    await eventually(lambda: still.owner.fetchval("select available = 50 from balances"))
    sweeper.stop()
    await working
