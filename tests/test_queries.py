"""Named queries fit the migrated schema and are used; the application's role writes only where it may."""

import re
from pathlib import Path

import asyncpg
import pytest

from db.migrate import MigrationsDiffer, are_current, migrate
from db.pool import Database
from db.queries import all_queries, query

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
async def test_the_application_adds_to_the_books_and_cannot_rewrite_them(db: Database, table: str):
    for statement in (f"delete from {table}", f"truncate {table}"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await db.execute(statement)
    column = await db.fetchval("select attname from pg_attribute where attrelid = $1::regclass and attnum = 1", table)
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await db.execute(f"update {table} set {column} = {column}")


async def test_the_auditor_reads_the_audit_schema_and_nothing_else(owner: asyncpg.Connection):
    await owner.execute("set role mipoints_auditor")
    for view in ("members", "entries", "balances", "promises", "inbox", "verdicts"):
        await owner.fetch(f"select * from audit.{view}")
    await owner.fetch("select * from audit.broken_chains()")
    for table in ("transfers", "mi_accounts", "inbox"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await owner.fetch(f"select * from public.{table}")


async def test_every_table_of_a_member_is_led_by_its_member_id(owner: asyncpg.Connection):
    """So that the same schema distributes by member (design §2); lookups by another key are tables of their own."""
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
        "tracking_numbers",
        "coupon_codes",
        "requests",
        "inbox",
        "once_given",
    }
    reference = {"terms", "rewards", "campaigns", "product_exclusions", "programme_state", "programme_clock"}
    apart = lookups | reference | {"schema_migrations", "operator_log"}
    assert {row["relname"] for row in rows if row["attname"] != "member_id"} <= apart


def test_migrations_have_sentences_for_names():
    for path in (ROOT / "db" / "migrations").glob("*.sql"):
        assert re.fullmatch(r"\d{4}_[a-z]+(_[a-z]+)+", path.stem), path
