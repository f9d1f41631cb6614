"""Catching up with time (R30, R50): all credits, notices and lapses that are due are written in the order of their due
times, for a set of members in one statement (docs/designs/sets.md).

Each is dated with its own due time, however late a worker runs and however far the sandbox's clock was moved.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from db.ledger.due import DueRows, due_rows
from db.ledger.record import Changes, DecidedChanges, Stale, record_all
from db.pool import Queryable
from loyalty.ledger.due_changes import changes_of
from loyalty.ledger.rules.due import Due, DueCoupon, DueCredit, DueLot
from loyalty.ledger.rules.steps import steps_in_order

STEPS_AT_ONCE = 500
"""The most steps, each a credit, a notice or a lapse, that one statement writes."""


@dataclass(frozen=True, slots=True)
class CaughtUp:
    """The number of steps that were written, by member; and the members of which some were not, because another
    transaction changed or holds them."""

    steps: Counter[UUID]
    missed: frozenset[UUID]


async def catch_up_set(db: Queryable, until: Mapping[UUID, datetime | None]) -> CaughtUp:
    """Writes what is due for each of these members up to its moment (None: now), all members in one statement.

    It takes several statements if there are many steps, or of different kinds. Outside a transaction each statement
    commits, so a step that was written stays written.
    """
    steps, missed, left = Counter[UUID](), set[UUID](), dict(until)
    while left:
        plans = [_planned(rows) for rows in await due_rows(db, left, STEPS_AT_ONCE)]
        written = await _write([plan for plan in plans if plan.steps], db)
        steps.update({plan.member_id: plan.steps for plan in plans if plan.member_id in written})
        missed |= {plan.member_id for plan in plans if plan.steps and plan.member_id not in written}
        left = {
            plan.member_id: until[plan.member_id] for plan in plans if not plan.is_whole and plan.member_id in written
        }
    return CaughtUp(steps, frozenset(missed))


async def catch_up(db: Queryable, member_id: UUID, until: datetime | None = None) -> int:
    """Writes everything that is due for one member up to a moment (None: now); returns the number of steps.

    Raises Stale if another transaction changed the member meanwhile; it cannot if the caller's transaction holds the
    member's lock.
    """
    caught_up = await catch_up_set(db, {member_id: until})
    if caught_up.missed:
        raise Stale
    return caught_up.steps.total()


@dataclass(frozen=True, slots=True)
class _Plan:
    """The steps of one member as it was read, as changes. `is_whole`: nothing more is due."""

    member: DueRows
    steps: int
    is_whole: bool
    changes: Changes

    @property
    def member_id(self) -> UUID:
        return self.member.member_id


def _planned(rows: DueRows) -> _Plan:
    steps, is_whole = steps_in_order(_due(rows), STEPS_AT_ONCE)
    return _Plan(rows, len(steps), is_whole, changes_of(steps, rows.debt))


def _due(rows: DueRows) -> Due:
    return Due(
        until=rows.until,
        debt=rows.debt,
        lots=[DueLot(*lot) for lot in rows.lots],
        credits=[DueCredit(*promise) for promise in rows.promises],
        coupons=[DueCoupon(*coupon) for coupon in rows.coupons],
        are_credits_cut=len(rows.promises) == STEPS_AT_ONCE,
        are_coupons_cut=len(rows.coupons) == STEPS_AT_ONCE,
    )


async def _write(plans: Sequence[_Plan], db: Queryable) -> set[UUID]:
    """Writes the plans, as many with one statement as STEPS_AT_ONCE allows; returns the members that were written."""
    written: set[UUID] = set()
    for group in _groups(plans):
        written |= await record_all(db, [DecidedChanges(plan.member, plan.changes) for plan in group])
    return written


def _groups(plans: Sequence[_Plan]) -> Iterator[list[_Plan]]:
    group: list[_Plan] = []
    for plan in plans:
        if group and sum(each.steps for each in group) + plan.steps > STEPS_AT_ONCE:
            yield group
            group = []
        group.append(plan)
    if group:
        yield group
