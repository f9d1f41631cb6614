"""The same request many times at once: each unique key lets exactly one through, and no other points move."""

import asyncio
import json
from collections import Counter
from datetime import date, timedelta
from uuid import uuid4

import asyncpg
import pytest

from db import clock
from db.ledger.credit import due_promises, post_due
from db.pool import Database
from db.webhooks.reconcile import claim_question
from loyalty.callers import Caller
from loyalty.coupons.redeem import Redeemed, redeem
from loyalty.earning.earn import earn
from loyalty.earning.rules.activity import Activity
from loyalty.members.eligibility import Registration
from loyalty.members.register import register
from loyalty.orders.record import OrderToRecord, record_order
from loyalty.orders.rules.order import Order, OrderLine
from loyalty.programme.programme import Programme
from loyalty.refusals import IdempotencyMismatch, InvalidInput, NotEnoughPoints
from tests.support.drain import apply_deliveries, credit_due
from tests.support.stage import Stage

STOREFRONT = Caller("storefront", frozenset({"storefront"}), is_service=True)
SHARE = Activity("SOCIAL_SHARE", product_id="p-1")


def person(mi_id: str) -> Registration:
    return Registration(mi_id, "ES", date(1990, 1, 1))


async def member_with(programme: Programme, owner: asyncpg.Connection, mi_id: str, points: int) -> None:
    """Registers a member with exactly so many available points, from the sign-up and one delivered order."""
    await register(programme, STOREFRONT, person(mi_id), f"join-{mi_id}")
    await clock.advance(owner, 0, timedelta(minutes=5))
    await credit_due(programme.db)
    if points > 50:
        await placed_order(programme, mi_id, f"ORD-{mi_id}", points - 50)
        await deliver(programme, f"ORD-{mi_id}")


async def placed_order(programme: Programme, mi_id: str, number: str, units: int, key: str | None = None) -> None:
    order = Order(number, await clock.now(programme.db), "EUR", (OrderLine("1", "p-1", 1, units * 100),))
    await record_order(programme, STOREFRONT, OrderToRecord(mi_id, order), key or f"key-{number}")


async def deliver(programme: Programme, number: str) -> None:
    data = {"order_number": number, "occurred_at": "2026-11-03T12:00:00Z"}
    body = json.dumps({"type": "shipment.delivered", "data": data})
    await programme.db.execute(
        "insert into inbox (producer, event_id, type, body, headers, received_at) "
        "values ('native', $1, 'shipment.delivered', $2, '{}', programme_now())",
        str(uuid4()),
        body.encode(),
    )
    await apply_deliveries(programme)


async def test_fifty_members_with_twenty_shares_each_at_once_get_exactly_three(
    programme: Programme, owner: asyncpg.Connection
):
    members = [f"mi-{n}" for n in range(50)]
    for mi_id in members:
        await register(programme, STOREFRONT, person(mi_id), f"join-{mi_id}")
    await asyncio.gather(
        *(earn(programme, Caller(mi_id), SHARE, None, f"share-{n}") for n in range(20) for mi_id in members)
    )
    granted = await owner.fetch(
        "select member_id, count(*) filter (where outcome = 'GRANTED') as granted, count(*) as verdicts "
        "from audit.verdicts where kind = 'SOCIAL_SHARE' group by member_id"
    )
    assert Counter((row["granted"], row["verdicts"]) for row in granted) == {(3, 20): 50}


async def test_sixty_four_redemptions_of_the_last_five_hundred_points_issue_one_coupon(
    programme: Programme, owner: asyncpg.Connection
):
    await member_with(programme, owner, "mi-1", 500)
    answers = await asyncio.gather(
        *(redeem(programme, Caller("mi-1"), "mi-1", "es-5", f"key-{n}") for n in range(64)),
        return_exceptions=True,
    )
    assert Counter(type(answer) for answer in answers) == {Redeemed: 1, NotEnoughPoints: 63}
    assert await owner.fetchval("select count(*) from coupons") == 1
    assert await owner.fetchval("select available from audit.balances") == 0


async def test_one_key_sixty_four_times_at_once_has_one_effect_and_one_answer(
    programme: Programme, owner: asyncpg.Connection
):
    await member_with(programme, owner, "mi-1", 2000)
    answers = await asyncio.gather(*(redeem(programme, Caller("mi-1"), "mi-1", "es-5", "key") for _ in range(64)))
    assert len(set(answers)) == 1
    with pytest.raises(IdempotencyMismatch):
        await redeem(programme, Caller("mi-1"), "mi-1", "es-10", "key")
    assert await owner.fetchval("select available from audit.balances") == 1500


async def test_one_storefront_key_for_two_members_at_once_serves_one_of_them(
    programme: Programme, owner: asyncpg.Connection
):
    for mi_id in ("mi-1", "mi-2"):
        await member_with(programme, owner, mi_id, 600)
    answers = await asyncio.gather(
        *(redeem(programme, STOREFRONT, mi_id, "es-5", "key") for mi_id in ("mi-1", "mi-2") * 10),
        return_exceptions=True,
    )
    assert Counter(type(answer) for answer in answers) == {Redeemed: 10, IdempotencyMismatch: 10}
    assert await owner.fetchval("select count(*) from coupons") == 1


async def test_joining_thirty_times_at_once_makes_one_member(programme: Programme, owner: asyncpg.Connection):
    answers = await asyncio.gather(
        *(register(programme, STOREFRONT, person("mi-1"), f"key-{n % 10}") for n in range(30))
    )
    assert len({(answer.member_id, answer.verdict_id) for answer in answers}) == 1
    assert await owner.fetchval("select count(*) from members") == 1
    assert await owner.fetchval("select pending from audit.balances") == 50


async def test_fuel_tapped_on_many_devices_at_once_is_collected_once(programme: Programme, owner: asyncpg.Connection):
    await register(programme, STOREFRONT, person("mi-1"), "join")
    await asyncio.gather(*(earn(programme, Caller("mi-1"), Activity("FUEL"), None, f"k-{n}") for n in range(20)))
    outcomes = await owner.fetch("select outcome, count(*) from audit.verdicts where kind = 'FUEL' group by 1")
    assert dict(tuple(row) for row in outcomes) == {"GRANTED": 1, "REFUSED": 19}


async def test_one_review_sent_many_times_at_once_gets_one_verdict(programme: Programme):
    await register(programme, STOREFRONT, person("mi-1"), "join")
    review = Activity("REVIEW", product_id="p-1", review_id="rv-1")
    answers = await asyncio.gather(*(earn(programme, Caller("mi-1"), review, None, f"k-{n}") for n in range(20)))
    assert len({answer.verdict_id for answer in answers}) == 1


async def test_one_order_number_for_two_members_at_once_belongs_to_one(programme: Programme, owner: asyncpg.Connection):
    for mi_id in ("mi-1", "mi-2"):
        await register(programme, STOREFRONT, person(mi_id), f"join-{mi_id}")
    placed_at = await clock.now(programme.db)
    order = Order("ORD-1", placed_at, "EUR", (OrderLine("1", "p-1", 1, 10000),))
    answers = await asyncio.gather(
        *(
            record_order(programme, STOREFRONT, OrderToRecord(mi_id, order), f"{mi_id}-{n}")
            for n in range(10)
            for mi_id in ("mi-1", "mi-2")
        ),
        return_exceptions=True,
    )
    refused = [answer for answer in answers if isinstance(answer, InvalidInput)]
    assert {refusal.code for refusal in refused} == {"ORDER_KNOWN"}
    assert len(refused) == 10
    assert await owner.fetchval("select sum(pending) from audit.balances") == 200


async def test_eight_sweepers_credit_every_promise_once(programme: Programme, db: Database, owner: asyncpg.Connection):
    for n in range(40):
        await register(programme, STOREFRONT, person(f"mi-{n}"), f"join-{n}")
        await earn(programme, Caller(f"mi-{n}"), SHARE, None, "share")
        await earn(programme, Caller(f"mi-{n}"), Activity("APP_SIGN_IN"), None, "sign-in")
    await clock.advance(owner, 0, timedelta(minutes=5))
    credited = 0
    while await due_promises(db, 1):
        credited += sum(await asyncio.gather(*(credit_due(db) for _ in range(8))))
    assert credited == 120
    assert await owner.fetchval("select count(*) from audit.entries where debit = 'pending'") == 120
    assert set(await owner.fetch("select available, pending from audit.balances")) == {(105, 0)}


async def test_a_promise_cannot_be_closed_twice_even_by_hand(programme: Programme, owner: asyncpg.Connection):
    await member_with(programme, owner, "mi-1", 50)
    with pytest.raises(asyncpg.UniqueViolationError, match="a_promise_is_closed_once"):
        await owner.execute(
            "insert into transfers select (jsonb_populate_record(t, '{\"seq\": 99}')).* from transfers t "
            "where debit = 'pending'"
        )


async def test_spending_and_crediting_at_once_keep_every_point(programme: Programme, owner: asyncpg.Connection):
    await member_with(programme, owner, "mi-1", 3000)
    for n in range(3):
        await earn(programme, Caller("mi-1"), SHARE, None, f"share-{n}")
    await clock.advance(owner, 0, timedelta(minutes=5))
    promises = await due_promises(programme.db, 10)
    await asyncio.gather(
        *(redeem(programme, Caller("mi-1"), "mi-1", "es-5", f"key-{n}") for n in range(4)),
        *(post_due(programme.db, [promise]) for promise in promises),
    )
    await credit_due(programme.db)
    assert await owner.fetchval("select available from audit.balances") == 3000 + 15 - 4 * 500


async def test_one_delivery_applied_by_many_workers_at_once_counts_once(
    programme: Programme, owner: asyncpg.Connection
):
    await register(programme, STOREFRONT, person("mi-1"), "join")
    await placed_order(programme, "mi-1", "ORD-1", 100)
    for n in range(5):
        await owner.execute(
            "insert into inbox (producer, event_id, type, body, headers, received_at) "
            "values ('native', $1, 'shipment.delivered', $2, '{}', programme_now())",
            f"evt-{n}",
            b'{"type":"shipment.delivered","data":{"order_number":"ORD-1","occurred_at":"2026-11-03T12:00:00Z"}}',
        )
    for _ in range(3):
        await asyncio.gather(*(apply_deliveries(programme) for _ in range(6)))
    assert await owner.fetchval("select available from audit.balances") == 100
    assert {row["state"] for row in await owner.fetch("select state from inbox")} == {"APPLIED"}


async def test_one_webhook_sent_many_times_at_once_is_stored_once(stage: Stage):
    data = {"order_number": "ORD-1", "occurred_at": "2026-11-03T12:00:00Z"}
    answers = await asyncio.gather(*(stage.webhook("shipment.delivered", data, id_="evt-1") for _ in range(20)))
    assert all(answer.is_success for answer in answers)
    assert await stage.owner.fetchval("select count(*) from inbox") == 1


async def test_many_workers_at_once_send_one_query_about_a_parcel(programme: Programme, owner: asyncpg.Connection):
    await member_with(programme, owner, "mi-1", 50)
    member_id = await owner.fetchval("select member_id from members")
    answers = await asyncio.gather(
        *(claim_question(programme.db, member_id, "A", "T1", "easypost", timedelta(hours=12)) for _ in range(30))
    )
    assert sum(answers) == 1
