"""Lapsing many times at once and beside all other work: each lot lapses once, each notice is written once (R50)."""

import asyncio
from collections import Counter
from datetime import timedelta

import asyncpg
import pytest

from db import clock
from db.pool import Database
from loyalty.callers import Caller
from loyalty.coupons.redeem import redeem
from loyalty.earning.earn import earn
from loyalty.ledger.catch_up import catch_up_set
from loyalty.ledger.lapse import LapseLooks
from loyalty.members.register import register
from loyalty.programme.programme import Programme
from loyalty.refusals import NotEnoughPoints
from tests.support.drain import credit_due, lapse_due, send_notices
from tests.test_races import SHARE, STOREFRONT, member_with, person


async def in_the_middle_of_a_month(owner: asyncpg.Connection) -> None:
    now = await clock.now(owner)
    await clock.advance(owner, 1, timedelta(days=10 - now.day))


async def members_whose_points_are_due(programme: Programme, owner: asyncpg.Connection, count: int) -> None:
    """Registers members who signed up and shared in one month more than a year ago; the share is not credited yet."""
    await in_the_middle_of_a_month(owner)
    for n in range(count):
        await register(programme, STOREFRONT, person(f"mi-{n}"), f"join-{n}")
    await clock.advance(owner, 0, timedelta(minutes=5))
    await credit_due(programme.db)
    for n in range(count):
        await earn(programme, Caller(f"mi-{n}"), SHARE, None, "share")
    await clock.advance(owner, 16, timedelta())


async def test_eight_sweepers_let_every_lot_lapse_once(programme: Programme, db: Database, owner: asyncpg.Connection):
    await members_whose_points_are_due(programme, owner, 30)
    for _ in range(3):
        await asyncio.gather(*(lapse_due(db) for _ in range(6)), *(credit_due(db) for _ in range(2)))
    lapsed = await owner.fetch("select member_id, kind, amount from transfers where kind = 'LAPSE'")
    assert Counter(row["amount"] for row in lapsed) == {55: 30}
    notices = await owner.fetch("select kind, points, count(*) from notices group by 1, 2")
    assert sorted(tuple(row) for row in notices) == [("POINTS_LAPSED", 55, 30), ("POINTS_LAPSING", 55, 30)]
    assert await owner.fetchval("select sum(available + pending) from balances") == 0


async def test_redeeming_at_midnight_beside_the_lapse_never_spends_what_has_lapsed(
    programme: Programme, db: Database, owner: asyncpg.Connection
):
    """The coupon is refused whichever comes first, because midnight has passed for both."""
    await in_the_middle_of_a_month(owner)
    await member_with(programme, owner, "mi-1", 500)
    await clock.advance(owner, 14, timedelta())
    member_id = await owner.fetchval("select member_id from members")
    answers = await asyncio.gather(
        *(redeem(programme, Caller("mi-1"), "mi-1", "es-5", f"key-{n}") for n in range(20)),
        *(catch_up_set(db, {member_id: None}) for _ in range(5)),
        return_exceptions=True,
    )
    assert Counter(type(answer) for answer in answers[:20]) == {NotEnoughPoints: 20}
    await lapse_due(db)
    assert await owner.fetchval("select count(*) from coupons") == 0
    assert await owner.fetchval("select sum(amount) from transfers where kind = 'LAPSE'") == 500


async def test_a_notice_cannot_be_written_twice_even_by_hand(programme: Programme, owner: asyncpg.Connection):
    await member_with(programme, owner, "mi-1", 500)
    await clock.advance(owner, 14, timedelta())
    await lapse_due(programme.db)
    with pytest.raises(asyncpg.UniqueViolationError, match="notices_pkey"):
        await owner.execute("insert into notices select * from notices")


async def test_eight_workers_hand_every_notice_over_once(programme: Programme, db: Database, owner: asyncpg.Connection):
    """A notice that one worker has leased is not sent by the others."""
    await members_whose_points_are_due(programme, owner, 20)
    await lapse_due(db)
    sent: list[object] = []

    class Collecting:
        async def send(self, notice: object) -> None:
            sent.append(notice)
            await asyncio.sleep(0.001)

    await asyncio.gather(*(send_notices(db, Collecting()) for _ in range(8)))
    assert len(sent) == len(set(sent)) == 40
    assert await owner.fetchval("select count(*) from notices where sent_at is null") == 0


@pytest.mark.spoils
async def test_one_member_that_cannot_lapse_holds_up_no_other(programme: Programme, owner: asyncpg.Connection):
    await members_whose_points_are_due(programme, owner, 5)
    spoilt = await owner.fetchval(
        "update balances set available = 1 where member_id = $1 returning member_id",
        await owner.fetchval("select min(member_id::text)::uuid from balances"),
    )
    assert await lapse_due(programme.db) == 4
    left = await owner.fetch("select member_id from lots where remaining > 0")
    assert [row["member_id"] for row in left] == [spoilt]


@pytest.mark.spoils
async def test_a_look_is_taken_when_a_day_begins_and_not_twice_a_second(
    programme: Programme, owner: asyncpg.Connection
):
    await member_with(programme, owner, "mi-1", 500)
    looks = LapseLooks()
    while await looks.some(programme.db) or looks.is_under_way:
        pass
    await owner.execute("update lots set lapses_on = lapses_on - interval '20 months'")
    assert await looks.some(programme.db) == 0
    await clock.advance(owner, 0, timedelta(days=1))
    assert await looks.some(programme.db) == 1
