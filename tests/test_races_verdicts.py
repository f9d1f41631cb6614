"""Moderation, adjustments and decisions many times at once: each takes effect exactly once (R35, R37, R51, R61)."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import date, timedelta

import asyncpg
import pytest

from db import clock
from loyalty.callers import Caller
from loyalty.coupons.redeem import redeem
from loyalty.earning.earn import earn
from loyalty.earning.moderate import ReviewPublished, ReviewRemoved, ShareRemoved, record_moderation
from loyalty.earning.rules.activity import Activity
from loyalty.ledger.answers import Decided
from loyalty.members.eligibility import Registration
from loyalty.members.register import register
from loyalty.operators.adjust import Adjustment, adjust
from loyalty.operators.decide_review import ReviewDecision, decide_review
from loyalty.programme.programme import Programme
from loyalty.refusals import InvalidInput, NotFound
from tests.support.drain import credit_due

STOREFRONT = Caller("storefront", frozenset({"storefront"}), is_service=True)
MANY = 24


def operator(n: int) -> Caller:
    return Caller(f"op-{n}", frozenset({"operator"}), is_service=True)


async def joined(programme: Programme, owner: asyncpg.Connection) -> None:
    """Registers a member with fifty points."""
    await register(programme, STOREFRONT, Registration("mi-1", "ES", date(1990, 1, 1)), "join")
    await credited(programme, owner)


async def credited(programme: Programme, owner: asyncpg.Connection) -> None:
    await clock.advance(owner, 0, timedelta(minutes=5))
    await credit_due(programme.db)


async def balance(owner: asyncpg.Connection) -> tuple[int, int, int]:
    return tuple(await owner.fetchrow("select available, pending, debt from audit.balances"))


async def test_a_share_taken_down_many_times_at_once_loses_its_points_once(
    programme: Programme, owner: asyncpg.Connection
):
    """R35."""
    await joined(programme, owner)
    share = await earn(programme, Caller("mi-1"), Activity("SOCIAL_SHARE", "p-1"), None, "share")
    await credited(programme, owner)
    removed = ShareRemoved((share.member_id, share.verdict_id))
    answers = await asyncio.gather(
        *(record_moderation(programme, STOREFRONT, "mi-1", removed, f"k-{n}") for n in range(MANY))
    )
    assert len({answer.verdict_id for answer in answers}) == 1
    assert await balance(owner) == (50, 0, 0)


async def test_published_and_removed_at_once_ends_without_points(programme: Programme, owner: asyncpg.Connection):
    """R16a, R35: whichever comes first, one review has at most two verdicts."""
    await joined(programme, owner)
    tellings = [ReviewPublished("rv-1", "p-1"), ReviewPublished("rv-1"), ReviewRemoved("rv-1")]
    answers = await asyncio.gather(
        *(record_moderation(programme, STOREFRONT, "mi-1", tellings[n % 3], f"k-{n}") for n in range(MANY)),
        return_exceptions=True,
    )
    assert {type(answer) for answer in answers} <= {Decided, NotFound}
    await record_moderation(programme, STOREFRONT, "mi-1", ReviewRemoved("rv-1"), "last")
    await credited(programme, owner)
    assert await balance(owner) == (50, 0, 0)
    kinds = await owner.fetch("select kind from audit.verdicts where kind <> 'SIGN_UP'")
    assert Counter(row["kind"] for row in kinds) in ({"REVIEW": 1, "CLAWBACK": 1}, {"REVIEW": 1})


async def test_many_publications_of_one_product_grant_one_review(programme: Programme, owner: asyncpg.Connection):
    """R16, R16a."""
    await joined(programme, owner)
    await asyncio.gather(
        *(
            record_moderation(programme, STOREFRONT, "mi-1", ReviewPublished(f"rv-{n}", "p-1"), f"k-{n}")
            for n in range(MANY)
        )
    )
    rows = await owner.fetch("select outcome, count(*) from audit.verdicts where kind = 'REVIEW' group by 1")
    assert dict(tuple(row) for row in rows) == {"GRANTED": 1, "REFUSED": MANY - 1}
    assert await balance(owner) == (50, 20, 0)


async def test_operators_who_approve_and_decline_at_once_get_one_answer(
    programme: Programme, owner: asyncpg.Connection
):
    """R37."""
    await joined(programme, owner)
    waiting = await adjust(programme, operator(0), Adjustment("mi-1", 20_000, "A prize."), "ask")
    verdict = (waiting.member_id, waiting.verdict_id)
    answers = await asyncio.gather(
        *(
            decide_review(programme, operator(n), ReviewDecision(verdict, approve=n % 2 == 0, reason="Seen."), "k")
            for n in range(1, MANY)
        )
    )
    assert {answer.verdict_id for answer in answers} == {waiting.verdict_id}
    assert await balance(owner) in {(50, 0, 0), (20_050, 0, 0)}
    assert await owner.fetchval("select count(*) from operator_log where action = 'decideReview'") == 1


async def test_one_key_adjusts_once_however_often_it_is_sent(programme: Programme, owner: asyncpg.Connection):
    """R61."""
    await joined(programme, owner)
    answers = await asyncio.gather(
        *(adjust(programme, operator(1), Adjustment("mi-1", 100, "A gift."), "key") for _ in range(MANY))
    )
    assert len(set(answers)) == 1
    assert await balance(owner) == (150, 0, 0)


@pytest.mark.parametrize(("points", "fits"), [(100, 5), (300, 1)])
async def test_a_coupons_points_are_given_back_at_most_once(
    programme: Programme, owner: asyncpg.Connection, points: int, fits: int
):
    """R51."""
    await joined(programme, owner)
    await adjust(programme, operator(1), Adjustment("mi-1", 450, "A gift."), "gift")
    redeemed = await redeem(programme, Caller("mi-1"), "mi-1", "es-5", "spend")
    seq = await owner.fetchval("select seq from transfers where kind = 'REDEMPTION' and points is not null")
    line = (redeemed.member_id, seq)
    answers = await asyncio.gather(
        *(
            adjust(programme, operator(n), Adjustment("mi-1", points, "Back.", line, gives_back=True), f"k-{n}")
            for n in range(MANY)
        ),
        return_exceptions=True,
    )
    assert Counter(type(answer) for answer in answers) == {Decided: fits, InvalidInput: MANY - fits}
    assert await balance(owner) == (points * fits, 0, 0)


async def test_a_members_activities_at_once_pass_up_to_the_limit_exactly(
    programme: Programme, owner: asyncpg.Connection
):
    """R70."""
    await joined(programme, owner)
    limited = replace(programme, velocity_per_minute=10)
    await asyncio.gather(
        *(earn(limited, Caller("mi-1"), Activity("REVIEW", f"p-{n}", f"rv-{n}"), None, f"k-{n}") for n in range(MANY))
    )
    rows = await owner.fetch("select code, count(*) from audit.verdicts where kind = 'REVIEW' group by 1")
    assert dict(tuple(row) for row in rows) == {"WAITING_FOR_PUBLICATION": 10, "WAITING_FOR_OPERATOR": MANY - 10}
