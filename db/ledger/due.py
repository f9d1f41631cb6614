"""Everything that is due for members: promises to credit, and lots and coupons whose time ends (R30, R50)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

import asyncpg

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class DueRows:
    """One member as it was read at `now`, as of `version`, and its rows that may be due up to `until`, each list
    soonest first.

    `seq` and `head` are the number and the hash of the last transfer in its ledger; `available` and `debt` are points.

    `lots` are (lapses on, points, is noticed, moment of the notice, moment of the lapse, points that lapsed before);
    `promises` are (promise, verdict, kind, points, source, reference, due at, lapses on); `coupons` are (coupon, moment
    of the notice, first day on which it cannot be used, code; None if it was issued too late for a notice).
    """

    member_id: UUID
    version: int
    seq: int
    head: bytes
    available: int
    debt: int
    now: datetime
    until: datetime
    lots: tuple[tuple[date, int, bool, datetime, datetime, int], ...]
    promises: tuple[tuple[UUID, UUID, str, int, str, str | None, datetime, date], ...]
    coupons: tuple[tuple[UUID, datetime, date, str | None], ...]


async def due_rows(db: Queryable, until: Mapping[UUID, datetime | None], most: int) -> list[DueRows]:
    """What is due for each of these members up to its moment (None: now; never later than now), in one statement.

    At most `most` promises and `most` coupons of each member. The promises of a suspended member pause (R5).
    """
    rows = await db.fetch(query("due_rows"), list(until), list(until.values()), most)
    return [_due(row) for row in rows]


def _due(row: asyncpg.Record) -> DueRows:
    return DueRows(
        member_id=row["member_id"],
        version=row["version"],
        seq=row["seq"],
        head=row["head"],
        available=row["available"],
        debt=row["debt"],
        now=row["now"],
        until=row["until"],
        lots=tuple(
            (_day(day), points, is_noticed, _at(notice_at), _at(lapse_at), lapsed_before)
            for day, points, is_noticed, notice_at, lapse_at, lapsed_before in row["lots"]
        ),
        promises=tuple(
            (UUID(id_), UUID(verdict), kind, points, source, reference, _at(due_at), _day(day))
            for id_, verdict, kind, points, source, reference, due_at, day in row["promises"]
        ),
        coupons=tuple((UUID(id_), _at(at), _day(day), code) for id_, at, day, code in row["coupons"]),
    )


_at = datetime.fromisoformat
_day = date.fromisoformat
