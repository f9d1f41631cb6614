"""What must always hold of the books, asked of the whole database as of one moment."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.queries import query

SHOWN = 5

_CHECKS = {
    "Every hash chain is whole": "audit_chains",
    "Balances are the sums of their transfers": "audit_balances",
    "Every member's accounts come to zero": "audit_accounts",
    "Pending is what is promised and open": "audit_pending",
    "Every promise was posted or voided exactly once": "audit_promises",
    "Available is what the lots hold": "audit_lots",
    "What was to lapse has lapsed": "audit_overdue",
    "Every lapse emptied its lot": "audit_lapses",
    "The history comes to the balance": "audit_history",
    "No cap is exceeded": "audit_slots",
    "Every coupon was paid for": "audit_coupons",
    "What others were told is numbered without gaps": "audit_outgoing",
}


@dataclass(frozen=True, slots=True)
class Bad:
    """A member for whom something does not hold, and what, in words."""

    member_id: UUID
    what: str


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that must hold, and the first rows for which it does not; none when it is sound."""

    name: str
    bad: tuple[Bad, ...]

    @property
    def is_sound(self) -> bool:
        """Whether it holds for every member."""
        return not self.bad


async def audit_size(connection: Any) -> tuple[int, int]:
    """How many members and transfers there are to check."""
    row = await connection.fetchrow(query("audit_size"))
    return row["members"], row["transfers"]


async def audit(connection: Any) -> AsyncIterator[Check]:
    """Each check as it is done, all as of one moment, so that writes under way disturb none."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for name, query_name in _CHECKS.items():
            rows = await connection.fetch(query(query_name), SHOWN)
            yield Check(name, tuple(Bad(row["member_id"], row["what"]) for row in rows))
