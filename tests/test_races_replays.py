"""Deliveries replayed many times at once and beside workers: each fact counts once, each key has one answer."""

import asyncio

import asyncpg
import pytest

from loyalty.callers import Caller
from loyalty.members.register import register
from loyalty.programme.programme import Programme
from loyalty.webhooks.replay import replay_by_hand, replay_dead, replay_webhook
from tests.support.audit import assert_ledger_is_sound
from tests.support.drain import apply_deliveries
from tests.test_races import STOREFRONT, deliver, person, placed_order

OPERATOR = Caller("olga", frozenset({"operator"}), is_service=True)


@pytest.fixture
async def named(programme: Programme, owner: asyncpg.Connection) -> tuple[str, str]:
    """An applied delivery, worth 100 points."""
    await register(programme, STOREFRONT, person("mi-1"), "join")
    await placed_order(programme, "mi-1", "ORD-1", 100)
    await deliver(programme, "ORD-1")
    return "native", await owner.fetchval("select event_id from inbox")


async def logged(owner: asyncpg.Connection) -> int:
    count: int = await owner.fetchval("select count(*) from operator_log where action = 'replayWebhook'")
    return count


async def assert_it_counted_once(owner: asyncpg.Connection) -> None:
    assert await owner.fetchval("select available from audit.balances") == 100
    assert await owner.fetchval("select count(*) from order_facts") == 1
    await assert_ledger_is_sound(owner)


async def test_one_key_many_times_at_once_replays_once(
    programme: Programme, owner: asyncpg.Connection, named: tuple[str, str]
):
    answers = await asyncio.gather(*(replay_webhook(programme, OPERATOR, named, f"key-{n % 3}") for n in range(30)))
    assert set(answers) == {named}
    assert await logged(owner) == 3
    await apply_deliveries(programme)
    await assert_it_counted_once(owner)


async def test_replays_beside_workers_count_once_and_nothing_is_left_undone(
    programme: Programme, owner: asyncpg.Connection, named: tuple[str, str]
):
    for n in range(5):
        await asyncio.gather(
            *(replay_webhook(programme, OPERATOR, named, f"key-{n}-{each}") for each in range(4)),
            *(apply_deliveries(programme) for _ in range(4)),
            replay_by_hand(programme.db, named, "by hand"),
        )
    await apply_deliveries(programme)
    assert await logged(owner) == 25
    assert await owner.fetchval("select state from inbox") == "APPLIED"
    await assert_it_counted_once(owner)


async def test_dead_deliveries_are_replayed_once_however_many_operators_replay_them(
    programme: Programme, owner: asyncpg.Connection, named: tuple[str, str]
):
    for n in range(20):
        await owner.execute(
            "insert into inbox (producer, event_id, type, body, headers, received_at, state, attempts) "
            "select producer, $1, type, body, headers, received_at, 'DEAD', 10 from inbox where event_id = $2",
            f"dead-{n}",
            named[1],
        )
    replayed = await asyncio.gather(*(replay_dead(programme.db, "native", "by hand") for _ in range(6)))
    assert sum(replayed) == 20
    await apply_deliveries(programme)
    assert await owner.fetchval("select count(*) from inbox where state = 'APPLIED'") == 21
    await assert_it_counted_once(owner)
