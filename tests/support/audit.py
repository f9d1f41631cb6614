"""What must always hold of the books: every check of `mipoints audit`, in one round trip."""

import asyncpg

from db.audit import CHECKS, SHOWN
from db.queries import query

_ALL = "\nunion all\n".join(
    f"select '{name.replace(chr(39), 2 * chr(39))}' as name, found.member_id, found.what\n"
    f"from (\n{query(query_name)}\n) found"
    for name, query_name in CHECKS.items()
)


async def problems(connection: asyncpg.Connection) -> list[str]:
    """What does not hold, as sentences: the check, the member, and what is wrong."""
    rows = await connection.fetch(_ALL, SHOWN)
    return [f"{row['name']}: member {row['member_id']}: {row['what']}" for row in rows]


async def assert_books_are_sound(connection: asyncpg.Connection) -> None:
    """Fails with what does not hold."""
    found = await problems(connection)
    assert not found, "\n".join(found)
