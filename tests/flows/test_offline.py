"""A phone that was offline sends its queue as one batch: each activity its own verdict, in any order (R23, R61)."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import permutations
from typing import Any

import pytest

from tests.support.stage import EARN, Stage

FUEL = {"fuel": {}}
SHARE = {"linkShare": {"productId": "p-1"}}

Queued = tuple[str, dict[str, Any], float]
"""An idempotency key, an activity, and how many days ago it was."""

QUEUE: tuple[Queued, ...] = (("d2", FUEL, 2), ("d1", FUEL, 1), ("d0", FUEL, 0), ("share", SHARE, 1))


async def sent(stage: Stage, queue: Sequence[Queued], now: datetime) -> dict[str, dict[str, Any]]:
    """The answers to a queue that is sent as one batch, by key."""
    batch = [{"query": EARN, "variables": variables_of(queued, now)} for queued in queue]
    headers = {"authorization": f"Bearer {stage.token('mi-1')}"}
    answer = await stage.http.post("/graphql", json=batch, headers=headers)
    assert answer.status_code == 200
    return {key: each["data"]["earnPoints"] for (key, _, _), each in zip(queue, answer.json(), strict=True)}


def variables_of(queued: Queued, now: datetime) -> dict[str, Any]:
    key, activity, days_ago = queued
    return {"input": {"activity": activity, "occurredAt": (now - timedelta(days=days_ago)).isoformat()}, "key": key}


async def joined(stage: Stage) -> datetime:
    """Makes mi-1 a member who joined five days ago; returns the current moment."""
    await stage.register()
    await stage.advance(days=5)
    return await stage.now()


@pytest.mark.parametrize("order", list(permutations(range(3))), ids=str)
async def test_a_queue_counts_for_its_own_days_in_any_order(stage: Stage, order: tuple[int, ...]):
    now = await joined(stage)
    answers = await sent(stage, [QUEUE[place] for place in (*order, 3)], now)
    assert {each["verdict"]["outcome"] for each in answers.values()} == {"GRANTED"}
    fuel = (await stage.app("mi-1", "{ me { fuel { streakDays collectedToday } } }"))["fuel"]
    assert fuel == {"streakDays": 3, "collectedToday": True}
    await stage.advance(minutes=5)
    assert await stage.balance() == (50 + 3 * 2 + 10, 0, 0)


async def test_each_activity_of_a_queue_has_a_verdict_independent_of_the_others(stage: Stage):
    now = await joined(stage)
    queue = [("first", FUEL, 1), ("again", FUEL, 1), ("late", FUEL, 4), ("early", FUEL, -1), ("today", FUEL, 0)]
    answers = await sent(stage, queue, now)
    codes = {key: each.get("verdict", each)["code"] for key, each in answers.items()}
    assert codes == {
        "first": "GRANTED",
        "again": "ALREADY_COLLECTED_TODAY",
        "late": "OCCURRED_TOO_LONG_AGO",
        "early": "OCCURRED_IN_FUTURE",
        "today": "GRANTED",
    }


async def test_a_queue_whose_answer_was_lost_is_sent_again_in_another_order_and_answered_the_same(stage: Stage):
    now = await joined(stage)
    first = await sent(stage, QUEUE, now)
    again = await sent(stage, QUEUE[::-1], now)
    assert again == first
    await stage.advance(minutes=5)
    assert await stage.balance() == (50 + 3 * 2 + 10, 0, 0)
