"""Refusals that a member or a person got, as they are shown afterwards (R62)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from db.members.refusals import RefusalRow, refusals_page
from db.members.rows import MemberRow
from db.pages import Window
from loyalty.programme.programme import Programme
from loyalty.refusals import Refusal, stored_refusal


@dataclass(frozen=True, slots=True)
class RefusalShown:
    """One refusal, its moment, and what was asked: the mutation, and what it was about, such as a reward or an order.
    Both are empty for refusals of older releases."""

    refusal_id: UUID
    at: datetime
    refusal: Refusal
    operation: str | None = None
    about: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, row: RefusalRow) -> "RefusalShown":
        """The refusal of a row."""
        refusal, request = refusal_in(row.answer), row.answer.get("request", {})
        return cls(row.refusal_id, row.answered_at, refusal, request.get("operation"), request.get("about", {}))


def refusal_in(answer: Mapping[str, Any]) -> Refusal:
    """The refusal in a stored answer that is one."""
    refusal = stored_refusal(dict(answer))
    assert refusal is not None
    return refusal


async def refusals_of_member(
    programme: Programme, member: MemberRow, window: Window[tuple[datetime, UUID]]
) -> list[RefusalShown]:
    """A part of the refusals that a member got, and that its person got before joining, newest first, and one more if
    there are more."""
    person_hash = await programme.person_hash(member.mi_id, programme.db)
    rows = await refusals_page(programme.db, member.member_id, person_hash.hex(), window)
    return [RefusalShown.of(row) for row in rows]
