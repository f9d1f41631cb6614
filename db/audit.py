"""Checks that must always hold for the ledger, read from the whole database as of one moment."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from db.queries import query

SHOWN = 5

CHECKS = {
    "Every hash chain is whole": "audit_chains",
    "Balances are the sums of their transfers": "audit_balances",
    "Every member's accounts come to zero": "audit_accounts",
    "Pending is what is promised and open": "audit_pending",
    "Every promise was posted or voided exactly once": "audit_promises",
    "Available is what the lots hold": "audit_lots",
    "What was to lapse has lapsed": "audit_overdue",
    "Every lapse emptied its lot": "audit_lapses",
    "The history comes to the balance": "audit_history",
    "Every verdict is what its transfers and promises come to": "audit_verdicts",
    "Points leave pending as they were promised": "audit_promised",
    "No more is taken back than was credited": "audit_clawbacks",
    "No cap is exceeded": "audit_slots",
    "Every slot is its verdict's": "audit_slot_verdicts",
    "Every fuel day is its verdict's": "audit_fuel_days",
    "Every coupon was paid for, every redemption bought one": "audit_coupons",
    "Every order has its verdict, and facts have their order": "audit_orders",
    "Every order is as the shop recorded it": "audit_order_contents",
    "Every order shows what the ledger has": "audit_order_points",
    "Every number and code leads to what has it": "audit_lookups",
    "Every answer that is kept points to what is there": "audit_requests",
    "Outgoing events are numbered without gaps": "audit_outgoing",
}


@dataclass(frozen=True, slots=True)
class BadRow:
    """A member whose rows fail a check, and a sentence that says why."""

    member_id: UUID
    what: str


@dataclass(frozen=True, slots=True)
class Check:
    """One check, and the first rows (at most SHOWN) that fail it; none when it is sound."""

    name: str
    bad: tuple[BadRow, ...]

    @property
    def is_sound(self) -> bool:
        """Whether every member passes."""
        return not self.bad


async def audit_size(connection: Any) -> tuple[int, int]:
    """The numbers of members and of transfers to check."""
    row = await connection.fetchrow(query("audit_size"))
    return row["members"], row["transfers"]


async def audit(connection: Any) -> AsyncIterator[Check]:
    """Each check as it is finished. All of them read one moment's snapshot, so that concurrent writes disturb none."""
    async with connection.transaction(isolation="repeatable_read", readonly=True):
        for name, query_name in CHECKS.items():
            rows = await connection.fetch(query(query_name), SHOWN)
            yield Check(name, tuple(BadRow(row["member_id"], row["what"]) for row in rows))
