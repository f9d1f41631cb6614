"""Reads that wait leave together, and each gets exactly the rows that it would have got alone."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from db.coupons.rows import StockRow, coupons_page, stock_of_rewards
from db.earning import progress_of_members
from db.ledger.entries import EntryFilter, entries_page
from db.ledger.member import MemberRef, MemberToJudge, Reads, member_to_judge
from db.ledger.notices import notices_page
from db.ledger.promises import pending_page
from db.ledger.verdict_rows import verdicts_page
from db.members.rows import MemberRow, members_by_id, members_by_mi_id
from db.orders.numbers import order_known
from db.pages import Window
from db.pool import Database, Queryable, TookTooLong, ending_by
from db.reading_together import MOST_KEYS
from loyalty.earning.context import progress_wanted
from tests.support.stage import Stage

MANY = 60
NEVER = datetime.max.replace(tzinfo=UTC)
NOBODY = UUID(int=0)


@pytest.fixture
async def members(stage: Stage) -> list[UUID]:
    """Members with histories of different lengths; the last one has coupons, and was told of points taken back."""
    for number in range(4):
        await stage.register(f"mi-{number}")
        await stage.advance(minutes=10)
        for place in range(number):
            await stage.order(f"ORD-{number}-{place}", [("1", 1, 2_000_00)], f"mi-{number}")
            await stage.delivered(f"ORD-{number}-{place}")
        await stage.earn({"fuel": {}}, f"mi-{number}")
        await stage.earn({"linkShare": {"productId": "p-1"}}, f"mi-{number}")
    for _ in range(2):
        await stage.redeem(mi_id="mi-3")
    await stage.returned("ORD-3-0", "RET-1", lines=[{"line_id": "1", "quantity": 1}])
    await stage.drain()
    return [row["member_id"] for row in await stage.owner.fetch("select member_id from members order by joined_at")]


Read = Callable[[Queryable, MemberRow, int], Awaitable[Sequence[Any]]]
READS: dict[str, Read] = {
    "history": lambda db, member, n: entries_page(db, member.member_id, Window(1 + n % 3), EntryFilter()),
    "coupons": lambda db, member, n: coupons_page(db, member.member_id, Window(1 + n % 3), None),
    "promises": lambda db, member, n: pending_page(db, member.member_id, Window(1 + n % 3)),
    "verdicts": lambda db, member, n: verdicts_page(db, member.member_id, Window(1 + n % 9), None),
    "notices": lambda db, member, n: notices_page(db, member.member_id, Window(1 + n % 3)),
    "progress": lambda db, member, n: progress_of_members(db, [progress_wanted(member)] * (n % 3)),
    "rows by key": lambda db, member, n: members_by_id(db, [member.member_id, NOBODY][n % 2 :]),
    "stock": lambda db, member, n: stock_of_rewards(db, ["es-5", "es-10", "none"][n % 3 :]),
}


async def test_each_read_gets_the_rows_that_it_would_get_alone(stage: Stage, members: list[UUID]):
    db = stage.programme.db
    asked = [(member, n) for n, member in enumerate([*await members_by_id(db, members)] * (MANY // 4))]
    for kind, read in READS.items():
        together = await asyncio.gather(*(read(db, *each) for each in asked))

        async def alone(transaction: Queryable, read: Read = read) -> list[object]:
            return [await read(transaction, *each) for each in asked]

        assert as_of_any_moment(together) == as_of_any_moment(await db.in_transaction(alone)), kind
        assert len({len(rows) for rows in together}) > 1, kind


def as_of_any_moment(found: Sequence[Sequence[Any]]) -> list[list[Any]]:
    """The rows, members as of the same moment. Rows by key, which have no order, are sorted."""
    rows_of = [[row._replace(now=NEVER) if isinstance(row, MemberRow) else row for row in rows] for rows in found]
    return [sorted(rows, key=str) if rows and isinstance(rows[0], StockRow) else rows for rows in rows_of]


async def test_a_read_of_more_rows_than_are_read_together_finds_them_too(stage: Stage, members: list[UUID]):
    few, many = await asyncio.gather(
        members_by_id(stage.programme.db, members[:1]),
        members_by_id(stage.programme.db, [*members, *[uuid4() for _ in range(MOST_KEYS)]]),
    )
    assert [row.member_id for row in few] == members[:1]
    assert {row.member_id for row in many} == set(members)


async def test_members_some_of_whom_have_not_joined(stage: Stage, members: list[UUID]):
    asked = [[f"mi-{n % 6}", f"mi-{n % 3}"] for n in range(MANY)]
    together = await asyncio.gather(*(members_by_mi_id(stage.programme.db, each) for each in asked))
    shown = [[member.mi_id for member in each] for each in together]
    assert shown == [[mi_id for mi_id in each if mi_id < "mi-4"] for each in asked]
    assert len(members) == 4


async def test_order_numbers_of_which_some_are_not_known(stage: Stage, members: list[UUID]):
    asked = [f"ORD-{n % 5}-{n % 3}" for n in range(MANY)]
    together = await asyncio.gather(*(order_known(stage.programme.db, each) for each in asked))

    async def alone(transaction: Queryable) -> list[object]:
        return [await order_known(transaction, each) for each in asked]

    assert together == await stage.programme.db.in_transaction(alone)
    assert {each.member_id for each in together if each is not None} == set(members[1:])
    assert None in together


async def test_members_to_judge_each_with_its_own_slots_and_answers(stage: Stage, members: list[UUID]):
    wanted = [
        (MemberRef(mi_id=f"mi-{n % 6}"), None, Reads(["FUEL", "LINK_SHARE", None][n % 3]))
        if n % 2
        else (MemberRef(member_id=members[n % 4]), f"key-{n}", Reads("REVIEW", "p-1"))
        for n in range(MANY)
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

    assert await asyncio.gather(*(db.shared("numbers", numbers, n) for n in range(MANY))) == list(range(MANY))
    assert [len(each) for each in sets] == [1, 1, MANY - 2]


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
