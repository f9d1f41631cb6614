"""The rows that decisions read: one member as of one version, and an earlier answer to the same key."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from datetime import date, datetime
from uuid import UUID

import asyncpg

from db.ledger.answers import StoredAnswer, stored_answer
from db.pool import Database, Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class MemberRef:
    """A member named by Mi account id, or by member id."""

    mi_id: str | None = None
    member_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Reads:
    """Rows of a member that only some decisions read: the taken slots of one kind (for FUEL the last days too), and the
    slot of one product."""

    slot_kind: str | None = None
    product_id: str | None = None


NOTHING_MORE = Reads()


@dataclass(frozen=True, slots=True)
class MemberToJudge:
    """One member as of `version`. Balances in points; `seq` and `head` are the number and the hash of the last transfer
    in its ledger; `lots` are (lapses on, remaining), soonest first; `slots` are
    (period, n); `fuel_days` are (day, streak, bonuses).

    `is_behind`: a lot's day has come, and its lapse or its notice is not written yet (R50).
    """

    member_id: UUID
    mi_id: str | None
    market: str
    time_zone: str
    zone_before: str | None
    zone_since: datetime | None
    earlier_zones: tuple[tuple[str, datetime], ...]
    joined_at: datetime
    state: str
    state_since: datetime | None
    available: int
    pending: int
    debt: int
    lifetime: int
    version: int
    seq: int
    head: bytes
    now: datetime
    programme_version: int
    is_behind: bool
    earlier_answer: StoredAnswer | None
    slots: tuple[tuple[str, int], ...]
    fuel_days: tuple[tuple[date, int, int], ...]
    lots: tuple[tuple[date, int], ...]


async def member_to_judge(
    db: Queryable,
    who: MemberRef,
    *,
    service_id: UUID | None = None,
    key: str | None = None,
    reads: Reads = NOTHING_MORE,
) -> MemberToJudge | None:
    """One member with everything a decision needs; None if this account or id is not a member.

    Outside a transaction, the reads of decisions that wait at the same time leave as one statement.
    """
    wanted = (who.mi_id, who.member_id, service_id, key, reads.slot_kind, reads.product_id)
    if isinstance(db, Database):
        return await db.shared("member_to_judge", _members_to_judge, wanted)
    (member,) = await _members_to_judge(db, [wanted])
    return member


async def members_to_judge(db: Queryable, member_ids: Sequence[UUID]) -> dict[UUID, MemberToJudge]:
    """Several members as decisions without a key read them, by id; those that do not exist are left out."""
    wanted: list[_Wanted] = [(None, member_id, None, None, None, None) for member_id in member_ids]
    found = await _members_to_judge(db, wanted) if wanted else []
    return {member.member_id: member for member in found if member is not None}


_Wanted = tuple[str | None, UUID | None, UUID | None, str | None, str | None, str | None]


async def _members_to_judge(db: Queryable, wanted: Sequence[_Wanted]) -> list[MemberToJudge | None]:
    rows = await db.fetch(query("member_to_judge"), *(list(column) for column in zip(*wanted, strict=True)))
    members = {row["place"]: _member_to_judge(row) for row in rows}
    return [members.get(place) for place in range(1, len(wanted) + 1)]


def _member_to_judge(row: asyncpg.Record) -> MemberToJudge:
    return MemberToJudge(
        **{name: row[name] for name in _COLUMNS},
        earlier_zones=tuple((zone, datetime.fromisoformat(until)) for zone, until in row["earlier_zones"]),
        earlier_answer=stored_answer(row),
        slots=tuple((period, n) for period, n in row["slots"]),
        fuel_days=tuple((date.fromisoformat(day), streak, bonuses) for day, streak, bonuses in row["fuel_days"]),
        lots=tuple((date.fromisoformat(day), remaining) for day, remaining in row["lots"]),
    )


_PARSED = {"earlier_zones", "earlier_answer", "slots", "fuel_days", "lots"}
"""The fields that `member_to_judge` makes from JSON; every other field is a column of the statement."""
_COLUMNS = tuple(each.name for each in fields(MemberToJudge) if each.name not in _PARSED)


async def lock_member_to_judge(db: Queryable, who: MemberRef) -> None:
    """Locks the member until the transaction ends, so that the next read cannot be stale."""
    await db.fetchrow(query("lock_member_to_judge"), who.mi_id, who.member_id)
