"""Reads that wait leave together, and each gets exactly the rows that it would have got alone."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

import pytest

from db.coupons.rows import coupons_page
from db.ledger.entries import EntryFilter, entries_page
from db.ledger.member import MemberRef, MemberToJudge, Reads, member_to_judge
from db.members.rows import members_by_mi_id
from db.orders.numbers import order_known
from db.pages import Window
from db.pool import Database, Queryable, TookTooLong, ending_by
from tests.support.stage import Stage

READS = 60
NEVER = datetime.max.replace(tzinfo=UTC)


@pytest.fixture
async def members(stage: Stage) -> list[UUID]:
    """Members with histories of different lengths; the last one has coupons."""
    for number in range(4):
        await stage.register(f"mi-{number}")
        await stage.advance(minutes=10)
        for place in range(number):
            await stage.order(f"ORD-{number}-{place}", [("1", 1, 2_000_00)], f"mi-{number}")
            await stage.delivered(f"ORD-{number}-{place}")
    for _ in range(2):
        await stage.redeem(mi_id="mi-3")
    return [row["member_id"] for row in await stage.owner.fetch("select member_id from members order by joined_at")]


async def test_first_pages(stage: Stage, members: list[UUID]):
    asked = [(members[n % len(members)], Window(1 + n % 3)) for n in range(READS)]
    together = await asyncio.gather(*(entries_page(stage.programme.db, *each, EntryFilter()) for each in asked))

    async def alone(transaction: Queryable) -> list[object]:
        return [await entries_page(transaction, *each, EntryFilter()) for each in asked]

    assert together == await stage.programme.db.in_transaction(alone)
    assert {len(page) for page in together} > {1, 2, 3}


async def test_first_pages_of_coupons(stage: Stage, members: list[UUID]):
    asked = [(members[n % len(members)], Window(1 + n % 3)) for n in range(READS)]
    together = await asyncio.gather(*(coupons_page(stage.programme.db, *each, None) for each in asked))

    async def alone(transaction: Queryable) -> list[object]:
        return [await coupons_page(transaction, *each, None) for each in asked]

    assert together == await stage.programme.db.in_transaction(alone)
    assert max(len(page) for page in together) == 2


async def test_members_some_of_whom_have_not_joined(stage: Stage, members: list[UUID]):
    asked = [[f"mi-{n % 6}", f"mi-{n % 3}"] for n in range(READS)]
    together = await asyncio.gather(*(members_by_mi_id(stage.programme.db, each) for each in asked))
    shown = [[member.mi_id for member in each] for each in together]
    assert shown == [[mi_id for mi_id in each if mi_id < "mi-4"] for each in asked]
    assert len(members) == 4


async def test_order_numbers_of_which_some_are_not_known(stage: Stage, members: list[UUID]):
    asked = [f"ORD-{n % 5}-{n % 3}" for n in range(READS)]
    together = await asyncio.gather(*(order_known(stage.programme.db, each) for each in asked))

    async def alone(transaction: Queryable) -> list[object]:
        return [await order_known(transaction, each) for each in asked]

    assert together == await stage.programme.db.in_transaction(alone)
    assert {each.member_id for each in together if each is not None} == set(members[1:])
    assert None in together


async def test_members_to_judge_each_with_its_own_slots_and_answers(stage: Stage, members: list[UUID]):
    for n in range(4):
        await stage.earn({"fuel": {}}, f"mi-{n}")
        await stage.earn({"linkShare": {"productId": "p-1"}}, f"mi-{n}")
    wanted = [
        (MemberRef(mi_id=f"mi-{n % 6}"), None, Reads(["FUEL", "LINK_SHARE", None][n % 3]))
        if n % 2
        else (MemberRef(member_id=members[n % 4]), f"key-{n}", Reads("REVIEW", "p-1"))
        for n in range(READS)
    ]

    async def read(db: Queryable, who: MemberRef, key: str | None, reads: Reads) -> MemberToJudge | None:
        member = await member_to_judge(db, who, key=key, reads=reads)
        return replace(member, now=NEVER) if member is not None else None

    together = await asyncio.gather(*(read(stage.programme.db, *each) for each in wanted))

    async def alone(transaction: Queryable) -> list[MemberToJudge | None]:
        return [await read(transaction, *each) for each in wanted]

    assert together == await stage.programme.db.in_transaction(alone)
    assert any(member is None for member in together)
    assert any(member is not None and member.fuel_days for member in together)


async def test_many_calls_are_few_statements_and_each_has_its_own_result(db: Database):
    sets: list[Sequence[int]] = []

    async def numbers(database: Database, wanted: Sequence[int]) -> list[int]:
        sets.append(wanted)
        rows = await database.fetch(
            "select n from unnest($1::int[]) with ordinality as t (n, place) order by place", wanted
        )
        return [row["n"] for row in rows]

    assert await asyncio.gather(*(db.shared("numbers", numbers, n) for n in range(READS))) == list(range(READS))
    assert [len(each) for each in sets] == [1, 1, READS - 2]


async def test_a_call_past_its_deadline_is_refused_and_its_neighbours_are_not(db: Database):
    release = asyncio.Event()

    async def waits(_database: Database, wanted: Sequence[int]) -> list[int]:
        await release.wait()
        return list(wanted)

    patient = asyncio.create_task(db.shared("waits", waits, 1))
    with pytest.raises(TookTooLong), ending_by(asyncio.get_running_loop().time() + 0.05):
        await db.shared("waits", waits, 2)
    release.set()
    assert await patient == 1
