"""Refusals that a member or a person got (R62)."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from db.pages import Window
from db.pool import Queryable
from db.queries import query


@dataclass(frozen=True, slots=True)
class RefusalRow:
    """A refusal as it is stored under an idempotency key: its type, code and facts, and under `request` what was asked;
    old ones have no `request`."""

    refusal_id: UUID
    answer: Mapping[str, Any]
    answered_at: datetime


async def refusals_page(
    db: Queryable, member_id: UUID, person_hash: str, window: Window[tuple[datetime, UUID]]
) -> list[RefusalRow]:
    """A part of a member's refusals, newest first, and one row more if there are more.

    `person_hash`, hexadecimal, finds those that the person got before joining.
    """
    place = window.after or (None, None)
    rows = await db.fetch(query("refusals_page"), member_id, person_hash, *place, window.most + 1)
    return [RefusalRow(**dict(row.items())) for row in rows]
