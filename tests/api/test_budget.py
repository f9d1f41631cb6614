"""Budgets of cost: taken in one step, shared through Redis, kept in the process while Redis is away."""

import asyncio
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from api.budget import REDIS_ANSWER_SECONDS, Budget, spending
from api.payers import Payer
from loyalty.settings import SettingsError, read_settings

MEMBER = Payer("member", "mi-1")


@asynccontextmanager
async def budget(redis_url: str | None = None, most: int = 1000) -> AsyncIterator[Budget]:
    opened = Budget({"member": most}, redis_url)
    yield opened
    await opened.close()


def somebody() -> Payer:
    return Payer("member", str(uuid4()))


@pytest.fixture
def silent_redis() -> Iterator[str]:
    """Takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"redis://127.0.0.1:{server.getsockname()[1]}/0"


async def test_what_is_taken_is_gone_and_what_is_refused_is_not_taken(redis_url: str):
    for url in (None, redis_url):
        async with budget(url) as ours:
            payer = somebody()
            first = await ours.take(payer, 600)
            assert (first.is_enough, first.remaining) == (True, 400)
            assert (first.resets_at - datetime.now(UTC)).total_seconds() == pytest.approx(36, abs=2)
            second = await ours.take(payer, 500)
            assert (second.is_enough, second.remaining) == (False, pytest.approx(400, abs=3))
            assert second.retry_after in {6, 7}
            assert (await ours.take(payer, 390)).is_enough


async def test_one_callers_budget_is_not_anothers(redis_url: str):
    async with budget(redis_url) as ours:
        await ours.take(somebody(), 1000)
        assert (await ours.take(somebody(), 1000)).is_enough
        assert await ours.take(Payer("service", "storefront"), 10**9) is None


async def test_all_processes_take_from_one_budget_and_never_more_than_it_has(redis_url: str):
    async with budget(redis_url) as one, budget(redis_url) as other:
        payer = somebody()
        taken = await asyncio.gather(*(ours.take(payer, 100) for ours in (one, other) for _ in range(10)))
        assert sum(each.is_enough for each in taken) == 10
        assert one.failures == other.failures == 0


@pytest.mark.parametrize("state", ["away", "silent"])
async def test_without_redis_the_process_keeps_budgets_of_its_own(state: str, silent_redis: str):
    url = silent_redis if state == "silent" else "redis://127.0.0.1:9/0"
    async with budget(url) as ours:
        loop, payer = asyncio.get_running_loop(), somebody()
        started = loop.time()
        taken = [await ours.take(payer, 300) for _ in range(5)]
        assert [each.is_enough for each in taken] == [True, True, True, False, False]
        assert loop.time() - started < REDIS_ANSWER_SECONDS + 0.5, "Redis is waited for once"
        assert ours.failures == 1


async def test_who_sends_what_is_refused_is_shut_out_once_that_cannot_be_paid():
    async with budget() as ours:
        payer = somebody()
        for _ in range(20):
            await ours.fine(payer, 50)
            assert ours.shut_for(payer) == 0
        await ours.fine(payer, 50)
        assert 0 < ours.shut_for(payer) <= 4
        assert ours.shut_for(somebody()) == 0


def test_a_budget_that_one_operation_could_exceed_is_told_at_the_start():
    environ = {"DATABASE_URL": "postgresql://h/d", "MIPOINTS_GRAPHQL_MEMBER_BUDGET": "100"}
    with pytest.raises(SettingsError, match="MIPOINTS_GRAPHQL_MEMBER_BUDGET"):
        read_settings(environ)
    assert spending(read_settings(environ | {"MIPOINTS_GRAPHQL_MEMBER_BUDGET": "0"})).keys() == {"service", "stranger"}
