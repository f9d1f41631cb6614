"""Counts of deliveries that were rejected and not stored."""

from collections.abc import Mapping

from db.pool import Queryable
from db.queries import query


async def add_rejections(db: Queryable, counts: Mapping[tuple[str, str], int]) -> None:
    """Adds counts by (producer, reason) to those of this hour, in one statement."""
    keys = list(counts)
    await db.execute(
        query("add_rejections"), [key[0] for key in keys], [key[1] for key in keys], [counts[key] for key in keys]
    )


async def forget_rejections(db: Queryable) -> None:
    """Deletes counts that are older than REJECTIONS_DAYS."""
    await db.execute(query("forget_rejections"))
