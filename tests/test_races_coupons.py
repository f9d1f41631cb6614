"""Coupons and stocks many times at once: exactly one gets through (R41, R43, R44)."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Iterable
from datetime import timedelta
from typing import Any

import asyncpg

from db import clock
from db.pool import Database
from loyalty.callers import Caller
from loyalty.coupons.redeem import Redeemed, redeem
from loyalty.coupons.reserve import CouponDecided, reserve_coupon
from loyalty.coupons.rules.coupons import Cart
from loyalty.coupons.spend import Release, commit_coupon, release_coupon
from loyalty.operators.create_reward import create_reward
from loyalty.orders.rules.order import OrderLine
from loyalty.programme.programme import Programme
from loyalty.programme.rules.reward_check import RewardToCheck
from loyalty.refusals import CouponNotUsable, LimitReached, RewardUnavailable
from tests.support.drain import end_coupons
from tests.support.patience import eventually
from tests.test_races import STOREFRONT, member_with
from workers.sweeper import Sweeper

OPERATOR = Caller("olga", frozenset({"operator"}), is_service=True)
LAST_ONE = RewardToCheck("ES", "The last one", 50, 50, 10, "Una vez.", stock=1)


def cart(order: str) -> Cart:
    return Cart(order, "EUR", (OrderLine("1", "p-1", 1, 6000),))


async def at_once(calls: Iterable[Awaitable[Any]]) -> Counter[str]:
    """Counts the answers: a refusal by its code, anything else by its type."""
    answers = await asyncio.gather(*calls, return_exceptions=True)
    return Counter(
        answer.code if isinstance(answer, CouponNotUsable | RewardUnavailable | LimitReached) else type(answer).__name__
        for answer in answers
    )


async def coupons_of(programme: Programme, owner: asyncpg.Connection, mi_id: str = "mi-1", count: int = 1) -> list[str]:
    """Registers a member with so many coupons of 5 EUR; returns their codes."""
    await member_with(programme, owner, mi_id, 500 * count + 50)
    for n in range(count):
        await redeem(programme, Caller(mi_id), mi_id, "es-5", f"coupon-{mi_id}-{n}")
    rows = await owner.fetch(
        "select code from coupons where member_id = (select member_id from mi_accounts where mi_id = $1)", mi_id
    )
    return [row["code"] for row in rows]


async def test_a_thousand_orders_reserve_one_coupon_at_once_and_exactly_one_has_it(
    programme: Programme, owner: asyncpg.Connection
):
    """R43."""
    (code,) = await coupons_of(programme, owner)
    before = await owner.fetchval("select version from balances")
    answers = await at_once(
        reserve_coupon(programme, STOREFRONT, "mi-1", code, cart(f"ORD-{n}"), f"key-{n}") for n in range(1000)
    )
    assert answers == {"CouponDecided": 1, "COUPON_RESERVED": 999}
    assert await owner.fetchval("select count(*) from coupon_reservations") == 1
    assert await owner.fetchval("select version from balances") == before + 1, (
        "a refused order does not lock the member"
    )
    spent = await at_once(commit_coupon(programme, STOREFRONT, code, f"ORD-{n}", f"c-{n}") for n in range(1000))
    assert spent == {"CouponDecided": 1, "COUPON_NOT_RESERVED": 999}
    assert await owner.fetchval("select state from coupons") == "USED"


async def test_a_hundred_members_race_for_a_stock_of_one(programme: Programme, owner: asyncpg.Connection):
    """R41: and the ninety-nine keep their points."""
    members = [f"mi-{n}" for n in range(100)]
    for mi_id in members:
        await member_with(programme, owner, mi_id, 50)
    reward_id = await create_reward(programme, OPERATOR, LAST_ONE, "reward")
    answers = await at_once(redeem(programme, Caller(mi_id), mi_id, reward_id, "k") for mi_id in members)
    assert answers == {"Redeemed": 1, "OUT_OF_STOCK": 99}
    assert await owner.fetchval("select stock_left from rewards where reward_id = $1", reward_id) == 0
    assert await owner.fetchval("select count(*) from coupons") == 1
    assert Counter(row[0] for row in await owner.fetch("select available from audit.balances")) == {50: 99, 0: 1}
    again = await at_once(redeem(programme, Caller(mi_id), mi_id, reward_id, "k") for mi_id in members)
    assert again == answers


async def test_one_member_who_redeems_many_times_at_once_gets_its_limit(
    programme: Programme, owner: asyncpg.Connection
):
    """R41."""
    await member_with(programme, owner, "mi-1", 3000)
    limited = RewardToCheck("ES", "Two for each", 300, 300, 10, "Dos.", stock=50, per_member=2)
    reward_id = await create_reward(programme, OPERATOR, limited, "reward")
    answers = await at_once(redeem(programme, Caller("mi-1"), "mi-1", reward_id, f"k-{n}") for n in range(30))
    assert answers == {Redeemed.__name__: 2, "LIMIT_REACHED": 28}
    assert await owner.fetchval("select stock_left from rewards where reward_id = $1", reward_id) == 48


async def test_one_order_takes_one_of_many_coupons_of_several_members(programme: Programme, owner: asyncpg.Connection):
    """R44: `one_coupon_per_order` decides."""
    codes = {mi_id: await coupons_of(programme, owner, mi_id, 2) for mi_id in ("mi-1", "mi-2", "mi-3", "mi-4")}
    pairs = [(mi_id, code) for n in range(2) for mi_id, own in codes.items() for code in (own[n],)]
    answers = await at_once(
        reserve_coupon(programme, STOREFRONT, mi_id, code, cart("ORD-1"), f"k-{code}") for mi_id, code in pairs
    )
    assert answers == {CouponDecided.__name__: 1, "ORDER_HAS_COUPON": 7}
    assert await owner.fetchval("select count(*) from coupons where state = 'RESERVED'") == 1


async def test_a_late_commit_and_another_orders_reservation_at_once_let_one_through(
    programme: Programme, owner: asyncpg.Connection
):
    """R43: the first one wins; never both."""
    (code,) = await coupons_of(programme, owner)
    await reserve_coupon(programme, STOREFRONT, "mi-1", code, cart("LATE"), "late")
    await clock.advance(owner, 0, timedelta(minutes=31))
    answers = await at_once(
        [
            commit_coupon(programme, STOREFRONT, code, "LATE", "commit"),
            *(reserve_coupon(programme, STOREFRONT, "mi-1", code, cart(f"ORD-{n}"), f"k-{n}") for n in range(10)),
            *(end_coupons(programme.db) for _ in range(4)),
        ]
    )
    assert answers.pop("int") == 4
    assert answers in (
        {"CouponDecided": 1, "COUPON_USED": 10},
        {"CouponDecided": 1, "COUPON_RESERVED": 10},
    )


async def test_a_commit_and_a_release_at_once_end_in_one_of_the_two(programme: Programme, owner: asyncpg.Connection):
    """R43."""
    (code,) = await coupons_of(programme, owner)
    await reserve_coupon(programme, STOREFRONT, "mi-1", code, cart("ORD-1"), "r")
    answers = await at_once(
        [
            *(commit_coupon(programme, STOREFRONT, code, "ORD-1", f"c-{n}") for n in range(8)),
            *(release_coupon(programme, STOREFRONT, Release(code, "ORD-1"), f"f-{n}") for n in range(8)),
        ]
    )
    state = await owner.fetchval("select state from coupons")
    refusal = "COUPON_USED" if state == "USED" else "COUPON_NOT_RESERVED"
    assert answers == {"CouponDecided": 8, refusal: 8}


async def test_many_sweepers_end_every_coupon_once_beside_their_use(
    programme: Programme, db: Database, owner: asyncpg.Connection
):
    """R43, R52."""
    codes = await coupons_of(programme, owner, count=10)
    for code in codes[:5]:
        await reserve_coupon(programme, STOREFRONT, "mi-1", code, cart(f"ORD-{code}"), f"k-{code}")
    await clock.advance(owner, 0, timedelta(minutes=31))
    commits = [commit_coupon(programme, STOREFRONT, code, f"ORD-{code}", f"c-{code}") for code in codes[:5]]
    answers = await asyncio.gather(*commits, *(end_coupons(db) for _ in range(6)))
    assert sum(each for each in answers if isinstance(each, int)) <= 5
    assert await owner.fetchval("select count(*) from coupons where state = 'USED'") == 5
    await clock.advance(owner, 0, timedelta(days=40))
    assert sum(await asyncio.gather(*(end_coupons(db) for _ in range(6)))) == 5
    states = await owner.fetch("select state, count(*) from coupons group by state")
    assert dict(tuple(row) for row in states) == {"USED": 5, "EXPIRED": 5}


async def test_a_sweeper_ends_reservations_and_coupons_by_itself(programme: Programme, owner: asyncpg.Connection):
    """R43, R52: each at its own moment, however far the clock was moved; also for suspended members."""
    held, free = await coupons_of(programme, owner, count=2)
    await reserve_coupon(programme, STOREFRONT, "mi-1", held, cart("ORD-1"), "r")
    moments = await owner.fetch("select code, greatest(reserved_until, expires_at) as ends from coupons")
    await owner.execute("update members set state = 'SUSPENDED', state_since = now()")
    await clock.advance(owner, 1, timedelta(days=20))
    sweeper = Sweeper(programme, 0.05, reconcile_after=timedelta(days=10))
    sweeping = asyncio.create_task(sweeper.run())
    await eventually(lambda: owner.fetchval("select not exists (select from coupons where state <> 'EXPIRED')"))
    sweeper.stop()
    await sweeping
    ended = await owner.fetch("select code, state_since from coupons")
    assert {tuple(row) for row in ended} == {tuple(row) for row in moments}
    assert {row["code"] for row in ended} == {held, free}
