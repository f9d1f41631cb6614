"""Plans of all statements on hot paths: none reads or sorts more because a table has more rows.

`MIPOINTS_PLANS` is the number of members, 10,000 by default. `make plans` takes 100,000. Fewer members are the harder
case: the smaller a table, the sooner a scan of all of it seems cheap.
"""

import json
import os
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import asyncpg
import pytest_asyncio

from db.pool import Database, connect
from db.queries import all_queries
from tests.conftest import database_named, run_on_server
from tests.plans.reading import Growing, growing
from tests.plans.statements import (
    MAY_GROW,
    OFF_THE_HOT_PATHS,
    OWNERS,
    SEEN_BY_NO_PLAN,
    WHOLE_WHILE_NEW,
    hot_statements,
)

MEMBERS = int(os.environ.get("MIPOINTS_PLANS", "10000"))
_FUNCTIONS = """
select proname as name, proargnames as parameters, pg_get_function_sqlbody(oid) as body
from pg_proc
where pronamespace = 'public'::regnamespace and prosqlbody is not null and provolatile = 'v'
"""


def script(name: str, members: int) -> list[str]:
    """The statements of one of this folder's scripts."""
    text = (Path(__file__).parent / f"{name}.sql").read_text("utf-8").replace(":members", str(members))
    return [each for each in text.split(";\n") if each.strip()]


@pytest_asyncio.fixture
async def url(postgres_url: str, template: str) -> AsyncIterator[str]:
    """The address of a migrated database of this test's own, which nobody has analysed."""
    name = f"mipoints_plans_{uuid4().hex[:12]}"
    await run_on_server(postgres_url, f"create database {name} template {template} strategy file_copy")
    yield database_named(postgres_url, name)
    await run_on_server(postgres_url, f"drop database {name} with (force)")


async def test_no_plan_of_a_hot_path_grows_with_a_table(url: str):
    """With a little work due, and then with a flood of it. Plans made while the tables were empty are made anew."""
    db = await connect(url, most=1, seconds=600)
    as_owner = await connect(url, most=1, seconds=600, role=None)
    hot, owners = hot_statements(), await owners_statements(as_owner)
    try:
        assert whole_tables(await found(db, hot)) <= WHOLE_WHILE_NEW
        for work in ("fill", "flood"):
            await run_on_server(url, *script(work, MEMBERS), "vacuum analyze")
            assert {(name, each.table) for name, each in await found(db, hot)} <= MAY_GROW.keys()
            assert await found(as_owner, owners) == set()
        growing_ones = {name for name, _ in await found(as_owner, excepted())}
        assert excepted().keys() - growing_ones == SEEN_BY_NO_PLAN
    finally:
        await db.close()
        await as_owner.close()


def excepted() -> dict[str, str]:
    """The queries that no hot path runs."""
    return {name: all_queries()[name] for name in OFF_THE_HOT_PATHS}


async def found(db: Database, statements: dict[str, str]) -> set[tuple[str, Growing]]:
    """The names of statements, and what of their plans grows."""
    return {(name, each) for name, sql in statements.items() for each in growing(await plan_of(db, sql))}


def whole_tables(found: set[tuple[str, Growing]]) -> set[str]:
    """The names of statements that read whole tables."""
    return {name for name, each in found if each.index is None}


async def plan_of(db: Database, sql: str) -> Any:
    """The plan with which the application would run a statement, whatever its parameters."""

    async def explained(connection: asyncpg.Connection) -> Any:
        statement = await connection.prepare(sql)
        nulls = ", ".join("null" for _ in statement.get_parameters())
        arguments = f"({nulls})" if nulls else ""
        return await connection.fetchval(f"explain (format json) execute {statement.get_name()}{arguments}")

    (explanation,) = json.loads(await db.with_connection(explained))
    return explanation["Plan"]


async def owners_statements(db: Database) -> dict[str, str]:
    """What runs with the owner's rights: some queries, and statements within functions, which a plan does not show.
    Functions that only read are part of the plan."""
    bodies = {name: all_queries()[name] for name in OWNERS}
    for row in await db.fetch(_FUNCTIONS):
        body = re.sub(r"^BEGIN ATOMIC\s+|;\s*END$", "", row["body"])
        for place, parameter in enumerate(row["parameters"] or [], start=1):
            body = body.replace(f"{row['name']}.{parameter}", f"${place}")
        bodies[row["name"]] = body
    return bodies


async def test_the_members_of_these_plans_are_as_the_programme_would_have_made_them(owner: asyncpg.Connection):
    """The audit, after every test, reads them."""
    for statement in script("fill", 40):
        await owner.execute(statement)
    assert await owner.fetchval("select count(*) from members") == 40
