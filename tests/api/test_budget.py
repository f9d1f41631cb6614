"""Budgets of cost: taken in one step, shared through Redis, held in the process while Redis does not answer."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from math import ceil
from uuid import uuid4

import pytest

from api.budget import Budget, spending
from api.payers import Payer
from loyalty.settings import SettingsError, read_settings
from loyalty.webhooks.producers import ASKABLE
from tests.support.patience import PATIENCE

MEMBER = Payer("member", "mi-1")


@asynccontextmanager
async def budget(redis_url: str | None = None, most: int = 1000) -> AsyncIterator[Budget]:
    opened = Budget({"member": most}, redis_url)
    yield opened
    await opened.close()


def new_member() -> Payer:
    return Payer("member", str(uuid4()))


@pytest.fixture(autouse=True)
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that failed is not asked again in the same test, however long that takes on a busy machine."""
    monkeypatch.setattr("api.budget.REDIS_PAUSE_SECONDS", 100 * PATIENCE)


@pytest.fixture
def redis_in_time(redis_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """A Redis that may take as long as a busy machine needs."""
    monkeypatch.setattr("api.budget.REDIS_ANSWER_SECONDS", PATIENCE)
    return redis_url


def restored(since: datetime) -> int:
    """At most how much of a budget of 1,000 a minute was restored since then."""
    return ceil((datetime.now(UTC) - since).total_seconds() * 1000 / 60) + 1


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


async def test_what_is_taken_is_gone_and_what_is_refused_is_not_taken(redis_in_time: str):
    for url in (None, redis_in_time):
        async with budget(url) as ours:
            payer, began = new_member(), datetime.now(UTC)
            first = await ours.take(payer, 600)
            assert (first.is_enough, first.remaining) == (True, 400)
            assert began + timedelta(seconds=34) < first.resets_at < datetime.now(UTC) + timedelta(seconds=38)
            second = await ours.take(payer, 500)
            assert not second.is_enough
            assert 397 <= second.remaining <= 400 + restored(began)
            assert (100 - restored(began)) * 60 / 1000 <= second.retry_after <= 7
            assert (await ours.take(payer, 390)).is_enough


async def test_one_callers_budget_is_not_anothers(redis_in_time: str):
    async with budget(redis_in_time) as ours:
        await ours.take(new_member(), 1000)
        assert (await ours.take(new_member(), 1000)).is_enough
        assert await ours.take(Payer("service", "storefront"), 10**9) is None


async def test_all_processes_take_from_one_budget_and_never_more_than_it_has(redis_in_time: str):
    async with budget(redis_in_time) as one, budget(redis_in_time) as other:
        payer, began = new_member(), datetime.now(UTC)
        taken = await asyncio.gather(*(ours.take(payer, 100) for ours in (one, other) for _ in range(10)))
        assert 10 <= sum(each.is_enough for each in taken) <= 10 + restored(began) // 100
        assert one.failures == other.failures == 0


@pytest.mark.parametrize("state", ["away", "silent"])
async def test_without_redis_the_process_keeps_budgets_of_its_own(state: str, silent_redis: str):
    url = silent_redis if state == "silent" else "redis://127.0.0.1:9/0"
    async with budget(url) as ours:
        payer = new_member()
        taken = [await ours.take(payer, 300) for _ in range(5)]
        assert [each.is_enough for each in taken] == [True, True, True, False, False]
        assert ours.failures == 1, "Redis is waited for once"


async def test_a_payer_whose_documents_are_refused_is_shut_out_when_its_budget_is_used_up():
    async with budget() as ours:
        payer = new_member()
        for _ in range(20):
            await ours.fine(payer, 50)
            assert ours.shut_for(payer) == 0
        await ours.fine(payer, 50)
        assert 0 < ours.shut_for(payer) <= 4
        assert ours.shut_for(new_member()) == 0


def test_a_budget_that_one_operation_could_exceed_stops_the_start():
    environ = {"DATABASE_URL": "postgresql://h/d", "MIPOINTS_GRAPHQL_MEMBER_BUDGET": "100"}
    with pytest.raises(SettingsError, match="MIPOINTS_GRAPHQL_MEMBER_BUDGET"):
        read_settings(environ, askable=ASKABLE)
    assert spending(read_settings(environ | {"MIPOINTS_GRAPHQL_MEMBER_BUDGET": "0"}, askable=ASKABLE)).keys() == {
        "service",
        "stranger",
    }
