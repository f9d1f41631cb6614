"""Members with their balances."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

import asyncpg

from db.pool import Database, Queryable
from db.queries import query


class MemberRow(NamedTuple):
    """A member with its balances, in points, as of `now`, the programme's moment when it was read."""

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


async def members_by_mi_id(db: Queryable, mi_ids: Sequence[str]) -> list[MemberRow]:
    """The members among these Mi accounts; accounts that have not joined are left out."""
    if isinstance(db, Database):
        return await db.shared("members_by_mi_id", _members_of_accounts, mi_ids)
    (members,) = await _members_of_accounts(db, [mi_ids])
    return members


async def _members_of_accounts(db: Queryable, wanted: Sequence[Sequence[str]]) -> list[list[MemberRow]]:
    """The members of each set of Mi accounts; all sets in one statement."""
    rows = await db.fetch(query("members_by_mi_id"), list({mi_id for mi_ids in wanted for mi_id in mi_ids}))
    members = {member.mi_id: member for member in map(_member, rows)}
    return [[members[mi_id] for mi_id in mi_ids if mi_id in members] for mi_ids in wanted]


async def members_by_id(db: Queryable, member_ids: Sequence[UUID]) -> list[MemberRow]:
    """Members by id; erased persons are left out."""
    return [_member(row) for row in await db.fetch(query("members_by_id"), list(member_ids))]


async def erased_member(db: Queryable, member_id: UUID) -> MemberRow | None:
    """A member whose person was erased, with a pseudonym as its Mi account id; None if there is none."""
    row = await db.fetchrow(query("erased_member"), member_id)
    return _member(row) if row is not None else None


def _member(row: asyncpg.Record) -> MemberRow:
    return MemberRow._make(row)
