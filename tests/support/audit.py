"""Runs every check of `mipoints audit` in one round trip."""

import asyncpg

from db.audit import CHECKS, SHOWN
from db.queries import query
from loyalty.messages.verdict_cases import verdict_cases
from loyalty.programme.rules.kinds import is_new_kind

_ALL = "\nunion all\n".join(
    f"select '{name.replace(chr(39), 2 * chr(39))}' as name, found.member_id, found.what\n"
    f"from (\n{query(query_name)}\n) found"
    for name, query_name in CHECKS.items()
)


async def problems(connection: asyncpg.Connection) -> list[str]:
    """Returns a sentence for each row that fails a check: the check, the member, and the problem."""
    rows = await connection.fetch(_ALL, SHOWN)
    return [f"{row['name']}: member {row['member_id']}: {row['what']}" for row in rows]


_KNOWN_VERDICTS = {(case.kind.value, case.outcome.value, case.code.value) for case in verdict_cases()}


async def assert_ledger_is_sound(connection: asyncpg.Connection) -> None:
    """Fails with the sentences of all failed checks, and for a verdict of a sort that `verdict_cases` does not list."""
    sentences = await problems(connection)
    assert not sentences, "\n".join(sentences)
    rows = await connection.fetch("select distinct kind, outcome, code from verdicts")
    given = {("OTHER" if is_new_kind(kind) else kind, outcome, code) for kind, outcome, code in rows}
    assert given <= _KNOWN_VERDICTS
