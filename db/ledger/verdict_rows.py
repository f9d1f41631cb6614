"""Verdicts as the API shows them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from db.pages import MemberAnd, Window, columns_of, texts_of
from db.pool import Database, Queryable
from db.queries import query
from db.reading_together import by_key, first_pages


class VerdictRow(NamedTuple):
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
    if isinstance(db, Database) and window.is_first and outcomes is None:
        return await db.shared("verdicts_first_pages", _FIRST_PAGES, (member_id, window.most + 1))
    rows = await db.fetch(
        query("verdicts_page"),
        member_id,
        *(window.after or (None, None)),
        list(outcomes) if outcomes is not None else None,
        window.most + 1,
    )
    return [_verdict(row) for row in rows]


@by_key("member_id", "verdict_id")
async def verdicts_by_id(db: Queryable, keys: Sequence[MemberAnd[UUID]]) -> list[VerdictRow]:
    """Verdicts by member and id."""
    return [_verdict(row) for row in await db.fetch(query("verdicts_by_id"), *columns_of(keys))]


def _verdict(values: Iterable[Any]) -> VerdictRow:
    *others, campaign_ids, cap, had_lapsed = values
    return VerdictRow._make((*others, texts_of(campaign_ids), cap, had_lapsed))


_FIRST_PAGES = first_pages("verdicts_first_pages", _verdict)
