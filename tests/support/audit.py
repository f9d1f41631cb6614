"""Runs every check of `mipoints audit` in one round trip."""

import asyncpg

from db.audit import CHECKS, SHOWN
from db.queries import query

_ALL = "\nunion all\n".join(
    f"select '{name.replace(chr(39), 2 * chr(39))}' as name, found.member_id, found.what\n"
    f"from (\n{query(query_name)}\n) found"
    for name, query_name in CHECKS.items()
)


async def problems(connection: asyncpg.Connection) -> list[str]:
    """Returns a sentence for each row that fails a check: the check, the member, and the problem."""
    rows = await connection.fetch(_ALL, SHOWN)
    return [f"{row['name']}: member {row['member_id']}: {row['what']}" for row in rows]


async def assert_ledger_is_sound(connection: asyncpg.Connection) -> None:
    """Fails with the sentences of all failed checks."""
    sentences = await problems(connection)
    assert not sentences, "\n".join(sentences)
