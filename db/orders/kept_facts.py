"""Facts about orders of suspended members: stored, and applied at reinstatement (R5)."""

from collections.abc import Sequence
from uuid import UUID

from db.pool import Queryable
from db.queries import query


async def kept_facts(db: Queryable, member_id: UUID) -> list[tuple[str, str]]:
    """The facts stored about a member's orders, as (order number, fact key), in the order they came."""
    return [(row["number"], row["fact_key"]) for row in await db.fetch(query("kept_facts"), member_id)]


async def drop_kept_facts(db: Queryable, member_id: UUID, facts: Sequence[tuple[str, str]]) -> None:
    """Deletes stored facts. The caller's transaction applies them, so each is applied once."""
    numbers, keys = [number for number, _ in facts], [key for _, key in facts]
    await db.execute(query("drop_kept_facts"), member_id, numbers, keys)


async def members_with_kept_facts(db: Queryable, most: int) -> list[UUID]:
    """Up to `most` members that can be credited again and have facts that still wait."""
    return [row["member_id"] for row in await db.fetch(query("members_with_kept_facts"), most)]
