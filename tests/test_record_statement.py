"""The statement that writes decisions: put together from the parts they use, for one member or for several at once."""

import asyncio
import dataclasses
import re
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any, get_args, get_type_hints
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.clock import now
from db.ledger.member import MemberRef, MemberToJudge, member_to_judge
from db.ledger.record import LISTS, Changes, DecidedChanges, NewNotice, NewTransfer, Stale, record, record_all
from db.ledger.record_statement import credit_statement, parts, record_statement
from db.ledger.sealing import transfer_text
from db.pool import Database
from tests.support.stage import Stage

ALONE = [frozenset[str](), *(frozenset({name}) for name in LISTS if name != "coupons")]
EFFECTS = sorted({name for part in parts() for name in part.lists} - {"promises due", *LISTS})
MOVED = [frozenset({"transfers", effect}) for effect in EFFECTS]
NOTICED = [moved | {"noticed_lots"} for moved in MOVED]
SHAPES = [
    *ALONE,
    *MOVED,
    *NOTICED,
    *(lists | {"transfers"} for lists in (*ALONE, frozenset({"coupons"}))),
    frozenset((*LISTS, *EFFECTS)),
]


@pytest.mark.parametrize("lists", SHAPES, ids=lambda lists: "+".join(sorted(lists)))
async def test_a_statement_for_any_lists_fits_the_schema(db: Database, lists: frozenset[str]):
    await db.in_transaction(lambda connection: connection.prepare(record_statement(lists)))


async def test_crediting_is_put_together_from_the_same_parts(db: Database):
    await db.in_transaction(lambda connection: connection.prepare(credit_statement()))
    (transfers,) = [part.text for part in parts() if part.name == "added_transfers"]
    assert transfers in credit_statement()
    assert transfers in record_statement(frozenset({"transfers"}))


def test_each_part_is_of_a_list_and_each_list_has_a_part():
    into = NewTransfer(1, "ADJUSTMENT", "issuance", "available", 5, "test", A_MOMENT, 5, date.max)
    out = NewTransfer(2, "LAPSE", "available", "lapsed", 5, "test", A_MOMENT, -5, date.max)
    changes = Changes(**{name: [None] for name in LISTS} | {"transfers": [into, out]})  # type: ignore[arg-type]
    assert changes.lists | {"promises due"} == {name for part in parts() for name in part.lists}
    assert Changes(transfers=[out]).lists == {"transfers", "points out of lots"}


def test_a_statement_has_no_part_that_its_decisions_do_not_use():
    redeemed = record_statement(frozenset({"transfers", "verdicts", "coupons", "requests"}))
    assert "order_facts" not in redeemed
    assert len(redeemed) < len(record_statement(frozenset(LISTS))) / 2


@pytest.mark.parametrize("name", [name for name in LISTS if name != "transfers"])
async def test_the_rows_of_a_list_have_the_columns_of_its_type(db: Database, name: str):
    (row,) = get_args(get_type_hints(Changes)[name])
    (type_,) = set(re.findall(rf"unnest\(\{{{name}\}}::(\w+)\[\]\)", "".join(part.text for part in parts())))
    columns = await db.fetch(
        "select attname from pg_attribute where attrelid = $1::text::regclass and attnum > 0 order by attnum", type_
    )
    assert [each["attname"] for each in columns] == ["member_id", *(each.name for each in dataclasses.fields(row))]


A_UUID = UUID("0f0e0d0c-0b0a-4908-8706-050403020100")
A_MOMENT = datetime(2026, 11, 28, 10, 0, tzinfo=UTC)
NULLS = (None,) * 6
TEXTS = ["plain", 'say "no"', "back\\slash", "line\nand\ttab\x01\x7f", "ñandú 点 🎁", "\u2028", ""]


@pytest.mark.parametrize(
    "values",
    [
        *((1, 1, "LAPSE", "available", "lapsed", 5, *NULLS, text, text, A_MOMENT) for text in TEXTS),
        *(
            (7, 6, "PURCHASE", "pending", "available", 2**40, -3, 0, day, A_UUID, A_UUID, 2, "s", None, at)
            for day in (date(1969, 12, 31), date(2027, 2, 28), date.max)
            for at in (
                datetime(1969, 12, 31, 23, 59, 58, 500_000, tzinfo=UTC), A_MOMENT.replace(microsecond=1),
                datetime(1970, 1, 1, tzinfo=UTC), A_MOMENT.astimezone(timezone(timedelta(hours=5, minutes=30))),
            )
        ),
    ],
    ids=repr,
)  # fmt: skip
async def test_the_text_of_a_transfer_is_the_same_in_python_and_in_sql(db: Database, values: tuple[Any, ...]):
    row = (A_UUID, *values, A_MOMENT + timedelta(microseconds=120))
    numbers = ", ".join(f"${n}" for n in range(1, len(row) + 1))
    assert transfer_text(*row) == await db.fetchval(f"select transfer_text({numbers})", *row)


async def members(stage: Stage, count: int) -> list[MemberToJudge]:
    for number in range(count):
        await stage.register(f"mi-{number}")
    return await as_judged(stage)


async def as_judged(stage: Stage) -> list[MemberToJudge]:
    """All members, in the order of their ids."""
    ids = [row["member_id"] for row in await stage.owner.fetch("select member_id from balances order by member_id")]
    found = [await member_to_judge(stage.programme.db, MemberRef(member_id=id_)) for id_ in ids]
    return [member for member in found if member is not None]


def stale(member: MemberToJudge) -> MemberToJudge:
    return replace(member, version=member.version - 1)


def notice(reference: str, at: object) -> Changes:
    return Changes(notices=[NewNotice(uuid4(), "CLAWBACK", 1, None, reference, at)])  # type: ignore[arg-type]


async def test_of_several_decisions_each_is_written_or_left_by_its_own_members_version(stage: Stage):
    first, second, third = await members(stage, 3)
    at = await now(stage.programme.db)
    decided = [
        DecidedChanges(first, notice("first", at)),
        DecidedChanges(stale(second), notice("second", at)),
        DecidedChanges(third, notice("third", at)),
    ]
    assert await record_all(stage.programme.db, decided) == {first.member_id, third.member_id}
    written = await stage.owner.fetch("select reference from notices order by reference")
    assert [row["reference"] for row in written] == ["first", "third"]
    assert await versions(stage) == [first.version + 1, second.version, third.version + 1]


async def versions(stage: Stage) -> list[int]:
    return [row["version"] for row in await stage.owner.fetch("select version from balances order by member_id")]


@pytest.mark.spoils
async def test_transfers_of_several_members_are_numbered_and_chained_for_each(stage: Stage):
    found = await members(stage, 3)
    await stage.advance(minutes=5)
    at = await now(stage.programme.db)
    rows = await as_judged(stage)
    lapses_on = await stage.owner.fetchval("select min(lapses_on) from lots")

    def earned(member: MemberToJudge) -> DecidedChanges:
        lines = [
            NewTransfer(n, "ADJUSTMENT", "issuance", "available", n, "test", at - timedelta(seconds=n), n, lapses_on)
            for n in (1, 2)
        ]
        return DecidedChanges(member, Changes(transfers=lines))

    written = await record_all(stage.programme.db, [earned(row) for row in rows])
    assert len(written) == len(found)
    grown = await stage.owner.fetch("select seq from balances order by member_id")
    assert [row["seq"] for row in grown] == [row.seq + 2 for row in rows]
    assert await stage.owner.fetch("select * from audit.broken_chains()") == []


async def test_decisions_of_many_members_at_once_share_statements_and_commits(stage: Stage):
    rows = await members(stage, 20)
    at = await now(stage.programme.db)
    before = await commits(stage)
    await asyncio.gather(*(record(stage.programme.db, row, notice("at once", at)) for row in rows))
    assert await stage.owner.fetchval("select count(*) from notices where reference = 'at once'") == len(rows)
    assert await commits(stage) - before < len(rows)


async def commits(stage: Stage) -> int:
    """Different transactions that changed a member's version so far."""
    return await stage.owner.fetchval("select count(distinct xmin::text) from balances where version > 1")


async def test_of_decisions_that_leave_together_a_stale_one_and_one_that_fails_are_the_only_ones_left_out(stage: Stage):
    rows = await members(stage, 6)
    at = await now(stage.programme.db)
    changes = [notice(str(n), at) for n in range(len(rows))]
    changes[5] = Changes(notices=[NewNotice(uuid4(), "NO_SUCH_KIND", 1, None, "5", at)])
    rows[2] = stale(rows[2])
    ends = await asyncio.gather(
        *(record(stage.programme.db, row, each) for row, each in zip(rows, changes, strict=True)),
        return_exceptions=True,
    )
    nothing = type(None)
    assert [type(end) for end in ends] == [nothing, nothing, Stale, nothing, nothing, asyncpg.CheckViolationError]
