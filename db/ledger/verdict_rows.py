"""Verdicts as the API shows them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg

from db.pages import MemberAnd, Window, columns_of, texts_of
from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class VerdictRow:
    """The stored answer to one event. `cap` is the stored JSON: limit, used, left, resets_at. `taking` is that of
    `taking_of`: cause (a code, or FORFEITED), and in points cancelled, lapsed and debt; None for kinds other than
    CLAWBACK and ADJUSTMENT."""

    member_id: UUID
    verdict_id: UUID
    kind: str
    outcome: str
    code: str
    points: int
    reference: str | None
    decided_at: datetime
    terms_version: str
    campaign_ids: tuple[str, ...]
    cap: Mapping[str, Any] | None
    taking: Mapping[str, Any] | None


async def verdicts_page(
    db: Queryable, member_id: UUID, window: Window[tuple[datetime, UUID]], outcomes: Sequence[str] | None
) -> list[VerdictRow]:
    """A part of a member's verdicts, newest first, and one row more if there are more."""
    rows = await db.fetch(
        query("verdicts_page"),
        member_id,
        *(window.after or (None, None)),
        list(outcomes) if outcomes is not None else None,
        window.most + 1,
    )
    return [_verdict(row) for row in rows]


async def verdicts_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[VerdictRow]:
    """Verdicts by member and id."""
    return [_verdict(row) for row in await db.fetch(query("verdicts_by_id"), *columns_of(keys))]


def _verdict(row: asyncpg.Record) -> VerdictRow:
    values = dict(row.items())
    return VerdictRow(**(values | {"campaign_ids": texts_of(values["campaign_ids"])}))
