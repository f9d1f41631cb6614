"""Members with their balances."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from db.pool import Queryable
from db.queries import query
from db.reading_together import by_key


class MemberRow(NamedTuple):
    """A member with its balances, in points, as of `now`, the programme's moment when it was read. `programme_version`
    is the version of terms, campaigns and rewards at that moment."""

    member_id: UUID
    mi_id: str
    market: str
    time_zone: str
    zone_before: str | None
    zone_since: datetime | None
    joined_at: datetime
    state: str
    available: int
    pending: int
    debt: int
    lifetime: int
    now: datetime
    programme_version: int


@by_key("mi_id")
async def members_by_mi_id(db: Queryable, mi_ids: Sequence[str]) -> list[MemberRow]:
    """The members among these Mi accounts; accounts that have not joined are left out."""
    return list(map(MemberRow._make, await db.fetch(query("members_by_mi_id"), list(mi_ids))))


@by_key("member_id")
async def members_by_id(db: Queryable, member_ids: Sequence[UUID]) -> list[MemberRow]:
    """Members by id; erased persons are left out."""
    return list(map(MemberRow._make, await db.fetch(query("members_by_id"), list(member_ids))))


async def erased_member(db: Queryable, member_id: UUID) -> MemberRow | None:
    """A member whose person was erased, with a pseudonym as its Mi account id; None if there is none."""
    row = await db.fetchrow(query("erased_member"), member_id)
    return MemberRow._make(row) if row is not None else None
