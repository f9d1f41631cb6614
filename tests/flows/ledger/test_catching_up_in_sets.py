"""Credits, notices and lapses are written for sets of members, as if each member and step were alone (R30, R50)."""

import asyncio
from datetime import timedelta
from random import Random
from uuid import uuid4

import asyncpg
import pytest

from db import clock
from loyalty.callers import Caller
from loyalty.coupons.redeem import redeem
from loyalty.earning.earn import earn
from loyalty.earning.rules.activity import Activity
from loyalty.ledger import catch_up as catching_up
from loyalty.ledger.catch_up import catch_up_set
from loyalty.members.register import register
from loyalty.programme.programme import Programme
from loyalty.refusals import Refusal
from tests.support.drain import credit_due, lapse_due
from tests.support.twins import everything_of
from tests.test_races import STOREFRONT, deliver, person, placed_order
from tests.test_races_lapsing import in_the_middle_of_a_month, members_whose_points_are_due

HISTORIES = 8
WAYS = ("set", "alone", "steps")


async def some_history(programme: Programme, owner: asyncpg.Connection, seed: int) -> None:
    """The same random acts of three members: promises, points that lapse, coupons, sometimes a debt."""
    random = Random(seed)
    acts = random.choices(["share", "fuel", "order", "redeem"], k=5)
    for way in WAYS:
        await register(programme, STOREFRONT, person(f"{way}-{seed}"), f"join-{way}-{seed}")
    for n, act in enumerate(acts):
        points = random.choice((40, 600, 1100))
        await clock.advance(owner, 0, timedelta(seconds=1))
        for way in WAYS:
            await _act(programme, f"{way}-{seed}", act, n, points)


async def _act(programme: Programme, mi_id: str, act: str, n: int, points: int) -> None:
    member = Caller(mi_id)
    try:
        match act:
            case "share":
                await earn(programme, member, Activity("SOCIAL_SHARE", product_id=f"p-{n}"), None, f"share-{n}")
            case "fuel":
                await earn(programme, member, Activity("FUEL"), None, f"fuel-{n}")
            case "order":
                await placed_order(programme, mi_id, f"{mi_id}-{n}", points)
                await deliver(programme, f"{mi_id}-{n}")
            case "redeem":
                await redeem(programme, member, mi_id, "es-5", f"coupon-{n}")
    except Refusal:
        return


async def in_debt(owner: asyncpg.Connection, mi_id: str, points: int) -> None:
    """Some points were taken back that had been spent: an adjustment by hand, with the chain left as it is."""
    await owner.execute(
        "update balances b set debt = debt + $2 from mi_accounts a where a.member_id = b.member_id and a.mi_id = $1",
        mi_id, points,
    )  # fmt: skip


@pytest.mark.spoils
@pytest.mark.usefixtures("standing_clock")
async def test_a_set_leaves_what_each_member_alone_and_each_step_alone_leave(
    programme: Programme, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    """R30, R36, R50: the same lines, lots, notices, promises, and events in the same order."""
    await owner.execute(
        "insert into endpoints (endpoint_id, url, secrets, types, created_at, state_since) values "
        "($1, 'https://receiver.example/', '{whsec_a}', '{points.credited,points.lapsing_soon}', now(), now())",
        uuid4(),
    )
    await in_the_middle_of_a_month(owner)
    for seed in range(HISTORIES):
        await some_history(programme, owner, seed)
        if seed % 3 == 0:
            for way in WAYS:
                await in_debt(owner, f"{way}-{seed}", 7 * seed + 3)
        await clock.advance(owner, seed % 2, timedelta(minutes=2 * seed))
    await clock.advance(owner, 13, timedelta(days=9))
    ids = dict(await owner.fetch("select mi_id, member_id from mi_accounts"))
    of = {way: {ids[f"{way}-{seed}"]: None for seed in range(HISTORIES)} for way in WAYS}
    together = await catch_up_set(programme.db, of["set"])
    assert len(together.steps) == HISTORIES
    assert not together.missed
    for member_id in of["alone"]:
        await catch_up_set(programme.db, {member_id: None})
    monkeypatch.setattr(catching_up, "STEPS_AT_ONCE", 1)
    for member_id in of["steps"]:
        await catch_up_set(programme.db, {member_id: None})
    kinds = set()
    for seed in range(HISTORIES):
        in_a_set, alone, by_steps = [await everything_of(owner, f"{way}-{seed}") for way in WAYS]
        assert in_a_set == alone
        assert in_a_set == by_steps
        kinds |= {row[2] for row in in_a_set["transfers"]} | {row[0] for row in in_a_set["notices"]}
    assert {"LAPSE", "SOCIAL_SHARE", "DEBT_REPAYMENT", "POINTS_LAPSING", "POINTS_LAPSED", "COUPON_EXPIRING"} <= kinds
    assert await owner.fetch("select * from audit.broken_chains()") == []
    assert (await catch_up_set(programme.db, of["set"] | of["alone"] | of["steps"])).steps == {}


@pytest.mark.spoils
async def test_a_member_that_cannot_be_credited_on_a_day_of_notices_costs_the_others_nothing(
    programme: Programme, owner: asyncpg.Connection
):
    """R30: its promise waits for its next attempt; the others are credited and get their notices."""
    await members_whose_points_are_due(programme, owner, 7)
    bad = await owner.fetchval("select min(member_id::text)::uuid from balances")
    await owner.execute("update balances set pending = 0 where member_id = $1", bad)
    assert await credit_due(programme.db) == 6 * len(["credit", "notice", "lapse"])
    left = await owner.fetch("select member_id, attempts from promises where state = 'PROMISED'")
    assert [tuple(row) for row in left] == [(bad, 1)]
    assert await owner.fetchval("select count(*) from notices where member_id = $1", bad) == 0
    assert await owner.fetchval("select count(distinct member_id) from notices") == 6


@pytest.mark.spoils
async def test_steps_that_were_written_before_one_that_fails_stay_written(
    programme: Programme, owner: asyncpg.Connection, monkeypatch: pytest.MonkeyPatch
):
    """R50: a member with more steps than a statement takes gets on, even if a later step fails each time."""
    await register(programme, STOREFRONT, person("mi-1"), "join")
    for n in range(3):
        await earn(programme, Caller("mi-1"), Activity("SOCIAL_SHARE", product_id=f"p-{n}"), None, f"share-{n}")
    await owner.execute("update balances set pending = 60")
    await clock.advance(owner, 0, timedelta(minutes=6))
    monkeypatch.setattr(catching_up, "STEPS_AT_ONCE", 1)
    member_id = await owner.fetchval("select member_id from members")
    with pytest.raises(asyncpg.CheckViolationError):
        await catch_up_set(programme.db, {member_id: None})
    assert await owner.fetchval("select available from balances") == 60
    await owner.execute("update balances set pending = 5")
    assert (await catch_up_set(programme.db, {member_id: None})).steps == {member_id: 1}


@pytest.mark.spoils
async def test_a_member_with_thousands_of_coupons_gets_every_notice(programme: Programme, owner: asyncpg.Connection):
    """R50, R52: several statements write them, a part of them each."""
    await members_whose_points_are_due(programme, owner, 2)
    member_id = await owner.fetchval("select member_id from mi_accounts where mi_id = 'mi-0'")
    await owner.execute(
        "with issued as (insert into coupons (member_id, coupon_id, code, reward_id, value_minor, currency, cost, "
        "issued_at, expires_at, state_since) select $1, gen_random_uuid(), 'CODE-' || n, gen_random_uuid(), 500, "
        "'EUR', 0, now - interval '40 days', now + interval '2 days', now - interval '40 days' "
        "from generate_series(1, 2000) n, programme_now() now returning member_id, coupon_id, code) "
        "insert into coupon_codes (code, member_id, coupon_id) select code, member_id, coupon_id from issued",
        member_id,
    )
    assert await lapse_due(programme.db) == 2
    told = await owner.fetch("select kind, count(*) from notices where member_id = $1 group by 1", member_id)
    assert dict(tuple(row) for row in told)["COUPON_EXPIRING"] == 2000


async def test_two_workers_that_catch_up_the_same_members_write_each_step_once(
    programme: Programme, owner: asyncpg.Connection
):
    """R50: whoever comes second finds a newer version and writes nothing."""
    await members_whose_points_are_due(programme, owner, 12)
    members = dict.fromkeys(row["member_id"] for row in await owner.fetch("select member_id from members"))
    rounds = await asyncio.gather(*(catch_up_set(programme.db, members) for _ in range(4)))
    assert sum(each.steps.total() for each in rounds) == 12 * 3
    assert await owner.fetchval("select count(*) from notices") == 12 * 2
