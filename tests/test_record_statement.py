"""The statement that writes decisions: put together from the parts they use, for one member or for several at once."""

import asyncio
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from db.clock import now
from db.ledger.record import LISTS, Changes, DecidedChanges, NewNotice, NewTransfer, Stale, record, record_all
from db.ledger.record_statement import credit_statement, parts, record_statement
from db.pool import Database
from tests.support.stage import Stage

ALONE = [frozenset[str](), *(frozenset({name}) for name in LISTS if name != "coupons")]
SHAPES = [*ALONE, *(lists | {"transfers"} for lists in (*ALONE, frozenset({"coupons"}))), frozenset(LISTS)]


@pytest.mark.parametrize("lists", SHAPES, ids=lambda lists: "+".join(sorted(lists)))
async def test_a_statement_for_any_lists_fits_the_schema(db: Database, lists: frozenset[str]):
    await db.with_connection(lambda connection: connection.prepare(record_statement(lists)))


async def test_crediting_is_put_together_from_the_same_parts(db: Database):
    await db.with_connection(lambda connection: connection.prepare(credit_statement()))
    (transfers,) = [part.text for part in parts() if part.name == "added_transfers"]
    assert transfers in credit_statement()
    assert transfers in record_statement(frozenset({"transfers"}))


def test_each_part_is_of_a_list_and_each_list_has_a_part():
    named = {name for part in parts() for name in part.lists}
    assert named == {"promises due", *LISTS}


def test_a_statement_has_no_part_that_its_decisions_do_not_use():
    redeemed = record_statement(frozenset({"transfers", "verdicts", "coupons", "requests"}))
    assert "order_facts" not in redeemed
    assert len(redeemed) < len(record_statement(frozenset(LISTS))) / 2


async def members(stage: Stage, count: int) -> list[asyncpg.Record]:
    for number in range(count):
        await stage.register(f"mi-{number}")
    return await stage.owner.fetch("select member_id, version from balances order by member_id")


def notice(reference: str, at: object) -> Changes:
    return Changes(notices=[NewNotice(uuid4(), "CLAWBACK", 1, None, reference, at)])  # type: ignore[arg-type]


async def test_of_several_decisions_each_is_written_or_left_by_its_own_members_version(stage: Stage):
    first, second, third = await members(stage, 3)
    at = await now(stage.programme.db)
    decided = [
        DecidedChanges(first["member_id"], first["version"], notice("first", at)),
        DecidedChanges(second["member_id"], second["version"] - 1, notice("second", at)),
        DecidedChanges(third["member_id"], third["version"], notice("third", at)),
    ]
    assert (await record_all(stage.programme.db, decided)).keys() == {first["member_id"], third["member_id"]}
    written = await stage.owner.fetch("select reference from notices order by reference")
    assert [row["reference"] for row in written] == ["first", "third"]
    assert await versions(stage) == [first["version"] + 1, second["version"], third["version"] + 1]


async def versions(stage: Stage) -> list[int]:
    return [row["version"] for row in await stage.owner.fetch("select version from balances order by member_id")]


@pytest.mark.spoils
async def test_transfers_of_several_members_are_numbered_and_chained_for_each(stage: Stage):
    found = await members(stage, 3)
    await stage.advance(minutes=5)
    at = await now(stage.programme.db)
    rows = await stage.owner.fetch("select member_id, version, seq from balances order by member_id")
    lapses_on = await stage.owner.fetchval("select min(lapses_on) from lots")

    def earned(member_id: UUID, version: int) -> DecidedChanges:
        lines = [
            NewTransfer(n, "ADJUSTMENT", "issuance", "available", n, "test", at - timedelta(seconds=n), n, lapses_on)
            for n in (1, 2)
        ]
        return DecidedChanges(member_id, version, Changes(transfers=lines))

    written = await record_all(stage.programme.db, [earned(row["member_id"], row["version"]) for row in rows])
    assert len(written) == len(found)
    grown = await stage.owner.fetch("select seq from balances order by member_id")
    assert [row["seq"] for row in grown] == [row["seq"] + 2 for row in rows]
    assert await stage.owner.fetch("select * from audit.broken_chains()") == []


async def test_decisions_of_many_members_at_once_share_statements_and_commits(stage: Stage):
    rows = await members(stage, 20)
    at = await now(stage.programme.db)
    before = await commits(stage)
    await asyncio.gather(
        *(record(stage.programme.db, row["member_id"], row["version"], notice("at once", at)) for row in rows)
    )
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
    versions = [row["version"] - (n == 2) for n, row in enumerate(rows)]
    ends = await asyncio.gather(
        *(
            record(stage.programme.db, row["member_id"], version, each)
            for row, version, each in zip(rows, versions, changes, strict=True)
        ),
        return_exceptions=True,
    )
    assert [type(end) for end in ends] == [int, int, Stale, int, int, asyncpg.CheckViolationError]
