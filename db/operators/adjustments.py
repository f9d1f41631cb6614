"""The sums of what one operator adjusted lately (R37)."""

from dataclasses import dataclass
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class AdjustedLately:
    """Points that an operator credited and debited at once in the last ADJUSTED_HOURS, all above zero: for one member,
    and for all members."""

    credited: int
    debited: int
    credited_to_all: int
    debited_from_all: int


async def adjusted_lately(db: Queryable, actor: str, member_id: UUID) -> AdjustedLately:
    """The sums for one operator and one member. This operator's other adjustments wait for the transaction's end."""
    await db.execute(query("take_operator_turn"), actor)
    row = await db.fetchrow(query("adjusted_lately"), actor, member_id)
    assert row is not None
    return AdjustedLately(**dict(row.items()))
