"""Named queries fit the migrated schema and are used; the application's role writes only where it may."""

import re
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from db.migrate import MigrationsDiffer, are_current, migrate
from db.pool import Database, Queryable, connect
from db.queries import all_queries, query
from tests.support.stage import Stage

ROOT = Path(__file__).parent.parent


async def test_every_named_query_prepares_against_the_migrated_schema(db: Database):
    for name, sql in all_queries().items():
        try:
            await db.with_connection(lambda connection, sql=sql: connection.prepare(sql))
        except asyncpg.PostgresError as error:
            pytest.fail(f"{name}: {error}")


def test_every_named_query_is_used():
    source = "\n".join(path.read_text("utf-8") for path in (ROOT / "db").rglob("*.py"))
    assert [name for name in all_queries() if f'"{name}"' not in source] == []


def test_no_two_queries_are_the_same():
    """Comments and spaces aside."""
    names: dict[str, list[str]] = {}
    for name, sql in all_queries().items():
        plain = " ".join(re.sub(r"--.*", "", sql).lower().split())
        names.setdefault(plain, []).append(name)
    assert [twins for twins in names.values() if len(twins) > 1] == []


async def test_even_a_long_query_is_planned_once_and_not_at_each_call(db: Database):
    sql = f"select 1 /* {'long ' * 10_000} */"

    async def plans(connection: asyncpg.Connection) -> int:
        for _ in range(2):
            await connection.fetchval(sql)
        return await connection.fetchval(
            "select generic_plans + custom_plans from pg_prepared_statements where statement = $1", sql
        )

    assert await db.with_connection(plans) == 2


def test_an_unknown_query_is_an_error():
    with pytest.raises(KeyError):
        query("no_such_query")


async def test_migrating_again_changes_nothing_and_an_edited_migration_is_refused(owner: asyncpg.Connection):
    assert await are_current(owner)
    assert await migrate(owner) == []
    await owner.execute("update schema_migrations set sha256 = 'edited' where number = 3")
    with pytest.raises(MigrationsDiffer, match="0003"):
        await migrate(owner)
    await owner.execute("delete from schema_migrations where number >= 3")
    assert not await are_current(owner)


@pytest.mark.parametrize("table", ["transfers", "requests", "operator_log", "slots", "order_facts", "orders"])
async def test_the_application_adds_to_the_ledger_and_cannot_rewrite_it(db: Database, table: str):
    for statement in (f"delete from {table}", f"truncate {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)
    column = await db.fetchval("select attname from pg_attribute where attrelid = $1::regclass and attnum = 1", table)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(f"update {table} set {column} = {column}")


async def test_a_login_of_the_applications_role_alone_serves_and_cannot_become_the_owner(
    database_url: str, owner: asyncpg.Connection
):
    """The login is the one that docker/logins.sh creates for the APIs and workers."""
    login = f"service_{uuid4().hex[:8]}"
    await owner.execute(f"create role {login} login password 'secret' in role mipoints_app")
    service = await connect(database_url.replace("postgres@", f"{login}:secret@"), most=2, seconds=20)
    try:
        assert await service.fetchval("select current_user") == "mipoints_app"
        await service.fetch("select * from audit.entries")
        for statement in ("set role postgres", "update transfers set amount = 1"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(statement)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await service.in_transaction(as_the_login_itself)
    finally:
        await service.close()
        await owner.execute(f"drop role {login}")


async def as_the_login_itself(transaction: Queryable) -> None:
    await transaction.execute("set local role none")
    await transaction.execute("update transfers set amount = 1")


@pytest.mark.parametrize(
    "statement",
    [
        "update programme_clock set ahead = '1 day'",
        "update inbox set body = ''",
        "update coupons set value_minor = 1",
        "update rewards set cost = 1",
        "update verdicts set facts = '{}'",
        "update outgoing set sequence = 1",
        "delete from outgoing",
        "delete from endpoints",
        "insert into terms (market, version, effective_from, document) values ('ES', 'x', '2030-01-01', '{}')",
    ],
)
async def test_the_application_cannot_rewrite_stored_records_nor_move_the_clock(db: Database, statement: str):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(statement)


@pytest.mark.spoils
async def test_a_verdict_that_is_final_cannot_be_turned(stage: Stage):
    await stage.register()
    assert await stage.programme.db.execute("update verdicts set outcome = 'REFUSED'") == "UPDATE 0"
    await stage.order("ORD-1", [("1", 1, 10000)])
    assert await stage.programme.db.execute("update verdicts set outcome = 'REFUSED'") == "UPDATE 1"


@pytest.mark.spoils
@pytest.mark.parametrize(
    ("tampering", "bad"),
    [
        ("update transfers set amount = amount + 1 where seq = 2", 2),
        ("update transfers set points = 500 where seq = 3", 3),
        ("update transfers set occurred_at = occurred_at + interval '1 us' where seq = 1", 1),
        ("delete from transfers where seq = 2", 2),
        ("delete from transfers where seq = 4", 4),
        ("delete from transfers", 1),
        ("update transfers set seq = 5 where seq = 4", 4),
        ("update balances set head = ''", 4),
        ("delete from balances", 1),
    ],
)
async def test_the_first_bad_row_of_a_broken_chain_is_named(stage: Stage, tampering: str, bad: int):
    await stage.register()
    await stage.earn({"fuel": {}})
    await stage.advance(minutes=5)
    assert await stage.owner.fetch("select * from audit.broken_chains()") == []
    await stage.owner.execute(tampering)
    member = await stage.owner.fetchval("select member_id from members")
    assert [tuple(row) for row in await stage.owner.fetch("select * from audit.broken_chains()")] == [(member, bad)]


async def test_the_auditor_reads_the_audit_schema_and_nothing_else(owner: asyncpg.Connection):
    await owner.execute("set role mipoints_auditor")
    for view in ("members", "entries", "balances", "promises", "inbox", "verdicts", "outgoing", "endpoints"):
        await owner.fetch(f"select * from audit.{view}")
    await owner.fetch("select * from audit.broken_chains()")
    for table in ("transfers", "mi_accounts", "inbox", "endpoints"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.fetch(f"select * from public.{table}")


async def test_every_table_of_a_member_is_led_by_its_member_id(owner: asyncpg.Connection):
    """The schema can then be distributed by member (design §2); lookups by another key have their own tables."""
    rows = await owner.fetch(
        """
        select c.relname, i.relname as index, a.attname
        from pg_index x
        join pg_class c on c.oid = x.indrelid
        join pg_class i on i.oid = x.indexrelid
        join pg_namespace n on n.oid = c.relnamespace
        join pg_attribute a on a.attrelid = c.oid and a.attnum = x.indkey[0]
        where n.nspname = 'public' and x.indisunique
        """
    )
    lookups = {
        "mi_accounts",
        "order_numbers",
        "order_coupons",
        "tracking_numbers",
        "coupon_codes",
        "requests",
        "inbox",
        "once_given",
    }
    reference = {"terms", "rewards", "campaigns", "product_exclusions", "programme_state", "programme_clock"}
    reference |= {"endpoints", "endpoint_health", "webhook_rejections", "operator_turns"}
    apart = lookups | reference | {"schema_migrations", "operator_log", "person_salt"}
    assert {row["relname"] for row in rows if row["attname"] != "member_id"} <= apart


def test_the_names_of_migrations_are_sentences():
    for path in (ROOT / "db" / "migrations").glob("*.sql"):
        assert re.fullmatch(r"\d{4}_[a-z]+(_[a-z]+)+", path.stem), path
