"""Every attack in graphql-armor's list, and worse ones, on a server in production: each is refused before it runs."""

from collections.abc import AsyncIterator

import pytest_asyncio

from tests.support.fresh import Shared
from tests.support.hostile.attacking import ATTACKS, Attack
from tests.support.stage import Stage, open_stage

ARMOR = {
    "max-aliases", "max-depth", "max-tokens", "max-directives", "cost-limit", "character-limit",
    "block-field-suggestions",
}  # fmt: skip
LONGEST = 8000


@pytest_asyncio.fixture
async def production(database_url: str, shared: Shared) -> AsyncIterator[Stage]:
    async with open_stage(shared, sandbox=False, graphql_member_budget=0) as opened:
        yield opened


async def statements(stage: Stage) -> list[object]:
    """The times of the last statement on each of the application's connections: every statement changes them."""
    return await stage.owner.fetch(
        "select pid, query_start, state_change from pg_stat_activity "
        "where datname = current_database() and pid <> pg_backend_pid() order by pid"
    )


async def result_of(stage: Stage, attack: Attack) -> tuple[int, set[str], str]:
    """The status, the codes, and all signs that the attack had an effect."""
    headers = {
        "accept": "application/graphql-response+json",
        "content-type": "application/json",
        "authorization": f"Bearer {stage.token('mi-1')}",
    }
    before = await statements(stage)
    answer = await stage.http.post("/graphql", content=attack.body, headers=headers)
    signs = {
        "a statement was sent to Postgres": await statements(stage) != before,
        "it was run": "data" in answer.json(),
        "names are suggested": "Did you mean" in answer.text,
        "a long answer": len(answer.content) > LONGEST,
    }
    codes = {error["extensions"]["code"] for error in answer.json()["errors"]}
    return answer.status_code, codes, ", ".join(sign for sign, is_so in signs.items() if is_so)


async def test_each_is_refused_with_its_code_and_sends_no_statement_to_postgres(production: Stage):
    results = {f"{attack.of}: {attack.name}": await result_of(production, attack) for attack in ATTACKS}
    assert results == {f"{attack.of}: {attack.name}": (attack.status, {attack.code}, "") for attack in ATTACKS}


async def test_a_query_that_is_answered_is_seen_in_postgres(production: Stage):
    before = await statements(production)
    await production.ask("{ me { balance { available } } }", token=production.token("mi-1"))
    assert await statements(production) != before


def test_nothing_of_graphql_armor_is_left_out():
    assert {attack.of for attack in ATTACKS} >= ARMOR
