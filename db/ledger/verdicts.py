"""Earlier verdicts, as decisions about them read them: moderation, an operator's resolution, points given back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class PromiseOfVerdict:
    promise_id: UUID
    kind: str
    points: int
    state: str
    source: str
    reference: str | None


@dataclass(frozen=True, slots=True)
class VerdictToResolve:
    """A verdict with its promises and everything else that a decision about it needs.

    `origins` are the credited points not taken back, as (lapses on, points). `lapsed` is what lapsed of each lot, in
    the same form. `first_entry` is the first line of history it made. `published_at` is when its review was reported
    as published while the verdict still waited for something else.
    """

    verdict_id: UUID
    key: str
    kind: str
    outcome: str
    code: str
    points: int
    reference: str | None
    occurred_at: datetime
    decided_at: datetime
    terms_version: str
    campaign_ids: tuple[str, ...]
    facts: Mapping[str, Any]
    promises: tuple[PromiseOfVerdict, ...]
    origins: tuple[tuple[date, int], ...]
    lapsed: tuple[tuple[date, int], ...]
    first_entry: int | None
    published_at: datetime | None

    @property
    def open_promises(self) -> tuple[PromiseOfVerdict, ...]:
        """Its promises that are neither credited nor cancelled."""
        return tuple(promise for promise in self.promises if promise.state == "PROMISED")


async def verdict_to_resolve(db: Queryable, member_id: UUID, verdict_id: UUID) -> VerdictToResolve | None:
    """One verdict of a member, with everything that resolving or taking it back depends on; None if there is none."""
    row = await db.fetchrow(query("verdict_to_resolve"), member_id, verdict_id)
    if row is None:
        return None
    values = dict(row.items())
    return VerdictToResolve(
        **values
        | {
            "promises": tuple(PromiseOfVerdict(UUID(id_), *others) for id_, *others in values["promises"]),
            "origins": _by_day(values["origins"]),
            "lapsed": _by_day(values["lapsed"]),
            "campaign_ids": tuple(str(each) for each in values["campaign_ids"]),
        }
    )


def _by_day(rows: list[tuple[str, int]]) -> tuple[tuple[date, int], ...]:
    return tuple(sorted((date.fromisoformat(day), points) for day, points in rows))


async def verdict_of_business_key(db: Queryable, member_id: UUID, business_key: str) -> UUID | None:
    """The verdict that an event with this business key already has; None if it has none."""
    verdict_id: UUID | None = await db.fetchval(query("verdict_of_business_key"), member_id, business_key)
    return verdict_id
