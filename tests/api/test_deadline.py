"""An operation that takes too long is cancelled, in Postgres too. Its answer says so, and holds the finished fields."""

import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.api.slow import slow_clock
from tests.support.fresh import Shared
from tests.support.stage import Stage, open_stage


@pytest_asyncio.fixture
async def hurried(database_url: str, shared: Shared) -> AsyncIterator[Stage]:
    """An operation may take half a second, a statement twenty."""
    async with open_stage(shared, graphql_seconds=0.5, deadline_seconds=20) as stage:
        yield stage


@pytest.mark.parametrize(
    ("query", "slow"),
    [
        ('{ campaigns(market: "ES") { id } __typename }', "campaigns"),
        ("{ me { id } __typename }", "me"),
    ],
    ids=["a field of its own", "a loader of many fields"],
)
async def test_past_its_time_a_statement_is_cancelled_in_postgres(stage: Stage, hurried: Stage, query: str, slow: str):
    await stage.register("mi-1")
    async with slow_clock(hurried.owner) as clock:
        while not await clock.asked():  # on a busy machine half a second may be over before a statement begins
            answer = await hurried.post(query, token=hurried.token("mi-1"))
            assert answer["data"] == {slow: None, "__typename": "Query"}
            (error,) = answer["errors"]
            assert error["extensions"]["code"] == "UNAVAILABLE"
            assert "longer than it may" in error["message"]
        await clock.is_waited_for_no_more()
    assert "errors" not in await stage.post(query, token=stage.token("mi-1"))


async def test_many_mutations_share_one_deadline(stage: Stage, hurried: Stage):
    await stage.register("mi-1")
    one = 'earnPoints(input: {activity: {fuel: {}}}, idempotencyKey: "k%d") { __typename }'
    query = "mutation { " + " ".join(f"a{n}: {one % n}" for n in range(20)) + " }"
    async with slow_clock(hurried.owner) as clock:
        answer = await hurried.post(query, token=hurried.token("mi-1"))
        assert len(answer["errors"]) == 20
        assert {error["extensions"]["code"] for error in answer["errors"]} == {"UNAVAILABLE"}
        assert await clock.asked() <= 1, "the others are not begun"
        await clock.is_waited_for_no_more()


async def test_an_operation_that_does_not_wait_for_postgres_is_ended_too(
    hurried: Stage, monkeypatch: pytest.MonkeyPatch
):
    async def never(*_: object) -> None:
        await asyncio.Event().wait()

    monkeypatch.setattr("api.schema.query.clock.now", never)
    headers = {"accept": "application/graphql-response+json"}
    answer = await hurried.http.post("/graphql", json={"query": '{ campaigns(market: "ES") { id } }'}, headers=headers)
    assert answer.status_code == 503
    assert answer.json()["errors"][0]["extensions"]["code"] == "UNAVAILABLE"
    assert "data" not in answer.json()
