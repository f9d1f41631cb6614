"""Members are closed, suspended, reinstated and erased many times at once (R5, R71): each happens once, no point is
lost."""

import asyncio
from collections import Counter
from datetime import timedelta
from uuid import UUID

import asyncpg

from db import clock
from loyalty.callers import Caller
from loyalty.coupons.redeem import redeem
from loyalty.earning.earn import earn
from loyalty.earning.rules.activity import Activity
from loyalty.members.erase import erase_member
from loyalty.members.register import register
from loyalty.members.set_state import StateChange, set_member_state
from loyalty.members.set_time_zone import set_time_zone
from loyalty.programme.programme import Programme
from loyalty.refusals import MemberNotActive, NotAMember
from tests.support.drain import apply_deliveries, credit_due
from tests.test_races import SHARE, STOREFRONT, deliver, member_with, person, placed_order

OPERATOR = Caller("olga", frozenset({"operator"}), is_service=True)


async def becomes(programme: Programme, state: str, key: str, *, is_confirmed: bool = False) -> None:
    await set_member_state(programme, OPERATOR, StateChange("mi-1", state, "a check", is_confirmed), key)


async def test_a_membership_closed_many_times_at_once_is_forfeited_once(
    programme: Programme, owner: asyncpg.Connection
):
    """R5."""
    await member_with(programme, owner, "mi-1", 600)
    await asyncio.gather(*(becomes(programme, "CLOSED", f"key-{n}", is_confirmed=True) for n in range(20)))
    assert await owner.fetchval("select count(*) from verdicts where business_key = 'closed'") == 1
    assert await owner.fetchval("select count(*) from operator_log") == 1
    assert await owner.fetchval("select sum(points) from transfers") == 0


async def test_closing_beside_earning_spending_and_crediting_leaves_nothing(
    programme: Programme, owner: asyncpg.Connection
):
    """R5: whichever comes first, no points are left in a closed membership and none are added later."""
    await member_with(programme, owner, "mi-1", 3000)
    await placed_order(programme, "mi-1", "ORD-late", 100)
    for n in range(2):
        await earn(programme, Caller("mi-1"), SHARE, None, f"early-{n}")
    await clock.advance(owner, 0, timedelta(minutes=5))
    answers = await asyncio.gather(
        *(redeem(programme, Caller("mi-1"), "mi-1", "es-5", f"redeem-{n}") for n in range(3)),
        *(earn(programme, Caller("mi-1"), Activity("FUEL"), None, f"fuel-{n}") for n in range(3)),
        becomes(programme, "CLOSED", "close", is_confirmed=True),
        deliver(programme, "ORD-late"),
        *(credit_due(programme.db) for _ in range(3)),
        return_exceptions=True,
    )
    faults = [each for each in answers if isinstance(each, Exception) and not isinstance(each, MemberNotActive)]
    assert faults == []
    await credit_due(programme.db)
    await apply_deliveries(programme)
    assert tuple(await owner.fetchrow("select available, pending from balances")) == (0, 0)
    assert {row["state"] for row in await owner.fetch("select state from coupons")} <= {"CANCELLED"}
    assert await owner.fetchval("select count(*) from verdicts where outcome = 'WAITING'") == 0


async def test_a_member_reinstated_many_times_at_once_gets_the_stored_facts_once(
    programme: Programme, owner: asyncpg.Connection
):
    """R5: the stored facts are applied once, beside sweepers and new deliveries."""
    await member_with(programme, owner, "mi-1", 50)
    for n in range(3):
        await placed_order(programme, "mi-1", f"ORD-{n}", 100)
    await becomes(programme, "SUSPENDED", "suspend")
    for n in range(2):
        await deliver(programme, f"ORD-{n}")
    assert await owner.fetchval("select count(*) from kept_facts") == 2
    await asyncio.gather(
        *(becomes(programme, "ACTIVE", f"key-{n}") for n in range(10)),
        deliver(programme, "ORD-2"),
        *(credit_due(programme.db) for _ in range(2)),
    )
    await apply_deliveries(programme)
    assert await owner.fetchval("select available from balances") == 350
    assert await owner.fetchval("select count(*) from kept_facts") == 0


async def test_news_and_suspensions_at_once_lose_no_delivery(programme: Programme, owner: asyncpg.Connection):
    """R5: every accepted delivery is applied in the end."""
    await member_with(programme, owner, "mi-1", 50)
    for n in range(6):
        await placed_order(programme, "mi-1", f"ORD-{n}", 10)
    for n in range(6):
        await asyncio.gather(
            becomes(programme, "SUSPENDED" if n % 2 else "ACTIVE", f"state-{n}"), deliver(programme, f"ORD-{n}")
        )
    await becomes(programme, "ACTIVE", "last")
    await apply_deliveries(programme)
    assert await owner.fetchval("select available from balances") == 110


async def test_a_person_erased_many_times_at_once_is_forgotten_once(programme: Programme, owner: asyncpg.Connection):
    """R71."""
    await member_with(programme, owner, "mi-1", 600)
    answers = await asyncio.gather(
        *(erase_member(programme, OPERATOR, "mi-1", "asked for it", f"key-{n}") for n in range(20)),
        return_exceptions=True,
    )
    assert Counter(isinstance(answer, NotAMember) for answer in answers) == {True: 19, False: 1}
    assert await owner.fetchval("select count(*) from mi_accounts") == 0
    assert await owner.fetchval("select count(*) from operator_log") == 1
    assert await owner.fetchval("select sum(points) from transfers") == 0


async def test_erasing_beside_workers_leaves_no_body_of_a_delivery(programme: Programme, owner: asyncpg.Connection):
    """R71: a body that a worker is applying, or applies again, is emptied by the one of the two that comes last."""
    await member_with(programme, owner, "mi-1", 50)
    await placed_order(programme, "mi-1", "ORD-1", 100)
    for n in range(20):
        lines = f',"lines":[{{"line_id":"nothing-{n}","quantity":1}}]' if n % 2 else ""
        body = f'{{"type":"shipment.delivered","data":{{"order_number":"ORD-1","tracking_number":"T-{n}"{lines}}}}}'
        await owner.execute(
            "insert into inbox (producer, event_id, type, body, headers, received_at) "
            "values ('native', $1, 'shipment.delivered', $2, '{}', programme_now())",
            f"evt-{n}",
            body.encode(),
        )
    await apply_deliveries(programme)
    await owner.execute("update inbox set state = 'RECEIVED', not_before = null")
    await asyncio.gather(
        *(apply_deliveries(programme) for _ in range(4)),
        erase_member(programme, OPERATOR, "mi-1", "asked for it", "erase"),
    )
    await owner.execute("update inbox set not_before = null")
    await apply_deliveries(programme)
    assert await owner.fetchval("select count(*) from inbox where body <> '' or body_hash is null") == 0


async def test_erasing_and_joining_at_once_never_gives_the_sign_up_twice(
    programme: Programme, owner: asyncpg.Connection
):
    """R71, R10: in any sequence; and a Mi account never has two members (R4)."""
    await register(programme, STOREFRONT, person("mi-1"), "first")
    for turn in range(4):
        answers = await asyncio.gather(
            erase_member(programme, OPERATOR, "mi-1", "asked for it", f"erase-{turn}"),
            *(register(programme, STOREFRONT, person("mi-1"), f"join-{turn}-{n}") for n in range(8)),
            return_exceptions=True,
        )
        erasure, *joinings = answers
        assert isinstance(erasure, UUID | NotAMember), "the last erasure may find no member after all joinings"
        assert [answer for answer in joinings if isinstance(answer, BaseException)] == []
    granted = await owner.fetchval("select count(*) from verdicts where kind = 'SIGN_UP' and outcome = 'GRANTED'")
    assert granted == 1
    assert await owner.fetchval("select count(*) from mi_accounts") <= 1


async def test_zones_chosen_and_fuel_collected_at_once_make_one_claim_a_day(
    programme: Programme, owner: asyncpg.Connection
):
    """R20: a change counts from the next day, so today is claimed once."""
    await register(programme, STOREFRONT, person("mi-1"), "join")
    zones = ("Atlantic/Canary", "Europe/Madrid", "Africa/Ceuta")
    await asyncio.gather(
        *(set_time_zone(programme, Caller("mi-1"), "mi-1", zones[n % 3], f"zone-{n}") for n in range(9)),
        *(earn(programme, Caller("mi-1"), Activity("FUEL"), None, f"fuel-{n}") for n in range(9)),
    )
    outcomes = await owner.fetch("select outcome, count(*) from verdicts where kind = 'FUEL' group by 1")
    assert dict(tuple(row) for row in outcomes) == {"GRANTED": 1, "REFUSED": 8}
