"""Lapsing (R50): finds the members whose points lapse or who get a notice, and catches them up."""

import logging
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from db.ledger.lapse import LapsePlace, days_now, members_to_lapse, members_with_expiring_coupons
from db.pool import Database
from db.webhooks.inbox import delivery_waits
from loyalty.ledger.catch_up import catch_up_set
from loyalty.ledger.in_sets import work_in_sets

log = logging.getLogger(__name__)

LAPSES_AT_ONCE = 100
_START: LapsePlace = (date.min, UUID(int=0))
_LOOK_EVERY = 60.0
_LOOK_AGAIN = 5.0


@dataclass(slots=True)
class LapseLooks:
    """When one worker searches for lots and coupons that end today, and how far its current search has come.

    A search starts when a day begins in some market (by the clock, or because the clock was moved), and once a minute
    for points that were credited late. If another worker held some members, the next search starts after five seconds;
    if a delivery has to be applied first, it starts at once.
    """

    _days: dict[str, date] = field(default_factory=dict)
    _next_at: float = 0.0
    _after: LapsePlace | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether a search has not reached its end."""
        return self._after is not None

    async def some(self, db: Database) -> int:
        """Catches up one set of members; gives the number of members for whom something was due."""
        if self._after is None:
            days = await days_now(db)
            if days == self._days and time.monotonic() < self._next_at:
                return 0
            self._days, self._after, self._next_at = days, _START, time.monotonic() + _LOOK_EVERY
        places = await members_to_lapse(db, self._after, LAPSES_AT_ONCE)
        members = [member_id for _, member_id in places] or await members_with_expiring_coupons(db, LAPSES_AT_ONCE)
        done = await _catch_up(db, members)
        if done < len(members):
            self._next_at = time.monotonic() + _LOOK_AGAIN
        self._after = places[-1] if places else (self._after if done else None)
        if self._after is None and await delivery_waits(db):
            self._next_at = time.monotonic()
        return done


async def _catch_up(db: Database, members: Sequence[UUID]) -> int:
    """Catches up a set of members; returns for how many something was due. A locked member is left for the next search,
    and one that fails stops no other."""

    async def catch_up(some: Sequence[UUID]) -> int:
        return len((await catch_up_set(db, dict.fromkeys(some))).steps)

    return sum(await work_in_sets(db, members, catch_up, _log_failure))


async def _log_failure(member_id: UUID, error: Exception) -> None:
    log.error("What is due to member %s cannot be done.", member_id, exc_info=error)
