"""More activities in a minute than the limit wait for an operator, with that reason (R70)."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio

from tests.flows.operators.test_adjusting import log_of
from tests.support.fresh import Shared
from tests.support.stage import Stage, open_stage
from tests.support.verdict_calls import answer_of, decided, moderate

LIMIT = 3


@pytest_asyncio.fixture
async def stage(database_url: str, shared: Shared) -> AsyncIterator[Stage]:
    """A programme that allows three activities a minute."""
    async with open_stage(shared, velocity_per_minute=LIMIT) as opened:
        yield opened


def share(n: int) -> dict[str, Any]:
    kind = "socialShare" if n % 2 else "linkShare"
    return {kind: {"productId": f"p-{n}"}}


def review(n: int) -> dict[str, Any]:
    return {"review": {"productId": f"p-{n}", "reviewId": f"rv-{n}"}}


async def busy(stage: Stage, mi_id: str = "mi-1") -> None:
    """Makes a member that has reached this minute's limit."""
    for n in range(LIMIT):
        await stage.earn(share(n), mi_id)


async def test_an_activity_above_the_limit_waits_with_a_reason_and_is_credited_when_approved(stage: Stage):
    """R70, R30: if it is approved after its hold, it is due at once."""
    await stage.register()
    for n in range(LIMIT):
        assert (await stage.earn(share(n)))["verdict"]["outcome"] == "GRANTED"
    held = await stage.earn({"appSignIn": {"deviceId": "phone"}})
    assert answer_of(held) == ("WAITING", "WAITING_FOR_OPERATOR", 50)
    assert held["verdict"]["pendingPoints"] == {"points": 50, "dueAt": None, "awaiting": "REVIEW_BY_OPERATOR"}
    assert "unusually many activities" in held["verdict"]["message"]
    await stage.advance(minutes=5)
    assert await stage.balance() == (75, 50, 0)
    approved = await decided(stage, held["verdict"]["id"], approve=True, reason="A real person.")
    assert answer_of(approved) == ("GRANTED", "GRANTED", 50)
    assert approved["verdict"]["id"] == held["verdict"]["id"]
    await stage.drain()
    assert await stage.balance() == (125, 0, 0)
    log = (await log_of(stage))[-1]
    assert (log["actor"], log["action"], log["reason"]) == ("op-2", "decideReview", "A real person.")
    assert (log["before"]["code"], log["after"]["code"]) == ("WAITING_FOR_OPERATOR", "GRANTED")


@pytest.mark.usefixtures("standing_clock")
async def test_approved_early_it_still_is_on_hold_for_five_minutes_from_its_activity(stage: Stage):
    """R30, R70."""
    await stage.register()
    await busy(stage)
    held = await stage.earn({"fuel": {}})
    await stage.advance(minutes=2)
    await decided(stage, held["verdict"]["id"], approve=True)
    await stage.advance(minutes=2, seconds=50)
    assert (await stage.balance())[1] > 0
    await stage.advance(seconds=10)
    assert await stage.balance() == (77, 0, 0)


async def test_declined_it_is_refused_and_its_cap_stays_used(stage: Stage):
    """R70: no points disappear silently; the verdict names the decline."""
    await stage.register()
    await busy(stage)
    held = await stage.earn({"fuel": {}})
    declined = await decided(stage, held["verdict"]["id"], approve=False)
    assert answer_of(declined) == ("REFUSED", "DECLINED", 0)
    await stage.advance(minutes=5)
    assert await stage.balance() == (75, 0, 0)
    assert (await stage.earn({"fuel": {}}))["verdict"]["code"] == "ALREADY_COLLECTED_TODAY"
    again = await decided(stage, held["verdict"]["id"], approve=True)
    assert answer_of(again) == ("REFUSED", "DECLINED", 0)


async def test_an_activity_refused_anyway_stays_refused_and_a_minute_later_activities_are_granted(stage: Stage):
    """R70."""
    await stage.register()
    for _ in range(LIMIT):
        await stage.earn({"socialShare": {"productId": "p-1"}})
    assert (await stage.earn({"socialShare": {"productId": "p-1"}}))["verdict"]["code"] == "CAP_REACHED"
    assert (await stage.earn({"linkShare": {"productId": "p-1"}}))["verdict"]["outcome"] == "WAITING"
    await stage.advance(seconds=61)
    assert (await stage.earn({"linkShare": {"productId": "p-1"}}))["verdict"]["outcome"] == "GRANTED"


async def test_a_device_counts_for_all_members_that_use_it(stage: Stage):
    """R70."""
    for n in range(LIMIT + 1):
        await stage.register(f"mi-{n}")
    outcomes = [
        (await stage.earn({"fuel": {"deviceId": "farm"}}, f"mi-{n}"))["verdict"]["outcome"] for n in range(LIMIT + 1)
    ]
    assert outcomes == ["GRANTED"] * LIMIT + ["WAITING"]
    other = await stage.earn({"appSignIn": {"deviceId": "own"}}, "mi-3")
    assert other["verdict"]["outcome"] == "GRANTED"
    assert await stage.owner.fetchval("select count(*) from verdicts where facts::text like '%farm%'") == 0


async def test_a_held_review_waits_for_approval_and_publication_in_either_order(stage: Stage):
    """R16, R70: an operator's approval and the publication are both needed."""
    await stage.register()
    await busy(stage)
    checked, published = [(await stage.earn(review(n)))["verdict"] for n in (1, 2)]
    assert checked["code"] == published["code"] == "WAITING_FOR_OPERATOR"
    waits = await decided(stage, checked["id"], approve=True)
    assert answer_of(waits) == ("WAITING", "WAITING_FOR_PUBLICATION", 20)
    assert waits["verdict"]["pendingPoints"]["awaiting"] == "PUBLICATION"
    again = await decided(stage, checked["id"], approve=False)
    assert answer_of(again) == ("WAITING", "WAITING_FOR_PUBLICATION", 20)
    assert answer_of(await moderate(stage, "reviewPublished", reviewId="rv-1")) == ("GRANTED", "GRANTED", 20)
    for _ in range(2):
        still = await moderate(stage, "reviewPublished", reviewId="rv-2")
        assert answer_of(still) == ("WAITING", "WAITING_FOR_OPERATOR", 20)
    assert answer_of(await decided(stage, published["id"], approve=True)) == ("GRANTED", "GRANTED", 20)
    await stage.advance(minutes=5)
    assert await stage.balance() == (75 + 40, 0, 0)


@pytest.mark.usefixtures("standing_clock")
async def test_a_held_review_is_on_hold_from_its_publication(stage: Stage):
    """R16, R30: published ten minutes after it was judged, and approved at once, it is due five minutes later."""
    await stage.register()
    await busy(stage)
    held = await stage.earn(review(1))
    await stage.advance(minutes=10)
    await moderate(stage, "reviewPublished", reviewId="rv-1")
    assert answer_of(await decided(stage, held["verdict"]["id"], approve=True)) == ("GRANTED", "GRANTED", 20)
    await stage.advance(minutes=4, seconds=59)
    assert await stage.balance() == (75, 20, 0)
    await stage.advance(seconds=1)
    assert await stage.balance() == (95, 0, 0)


async def test_a_held_review_published_long_before_it_is_approved_is_credited_at_once(stage: Stage):
    """R16, R30."""
    await stage.register()
    await busy(stage)
    held = await stage.earn(review(1))
    await moderate(stage, "reviewPublished", reviewId="rv-1")
    await stage.advance(minutes=10)
    await decided(stage, held["verdict"]["id"], approve=True)
    await stage.drain()
    assert await stage.balance() == (95, 0, 0)


async def test_a_held_share_taken_down_is_refused(stage: Stage):
    """R35, R70."""
    await stage.register()
    await busy(stage)
    held = await stage.earn(share(9))
    removed = await moderate(stage, "shareRemoved", verdictId=held["verdict"]["id"])
    assert answer_of(removed) == ("REFUSED", "SHARE_REMOVED", 0)
    again = await decided(stage, held["verdict"]["id"], approve=True)
    assert answer_of(again) == ("REFUSED", "SHARE_REMOVED", 0)
    await stage.advance(minutes=5)
    assert await stage.balance() == (75, 0, 0)


async def test_the_same_activity_again_is_the_same_verdict_and_counts_once(stage: Stage):
    """R61, R70."""
    await stage.register()
    for _ in range(LIMIT + 2):
        await stage.earn(share(1), key="k")
    assert (await stage.earn(share(2)))["verdict"]["outcome"] == "GRANTED"
    await busy(stage)
    first = await stage.earn(review(1), key="r")
    assert (await stage.earn(review(1), key="r"))["verdict"]["id"] == first["verdict"]["id"]


async def test_without_a_setting_the_terms_allow_sixty_a_minute(database_url: str, shared: Shared):
    """R70: at least sixty activities of one member."""
    async with open_stage(shared, velocity_per_minute=None) as stage:
        await stage.register()
        codes = [(await stage.earn(review(n)))["verdict"]["code"] for n in range(61)]
    assert codes == ["WAITING_FOR_PUBLICATION"] * 60 + ["WAITING_FOR_OPERATOR"]


async def test_the_sandbox_has_no_velocity_limit(database_url: str, shared: Shared):
    """R70: a setting of 0 is no limit."""
    async with open_stage(shared, velocity_per_minute=0) as stage:
        await stage.register()
        codes = {(await stage.earn(review(n)))["verdict"]["code"] for n in range(61)}
    assert codes == {"WAITING_FOR_PUBLICATION"}
