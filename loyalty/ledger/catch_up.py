"""Catching up with time (R30, R50): everything that is due for one member is written in the order of its due times.

That is credits, notices and lapses. Each is dated with its own due time, however late a worker runs and however far the
sandbox's clock was moved.
"""

from datetime import datetime
from uuid import UUID

from db.ledger.credit import due_promises_of, post_due
from db.ledger.lapse import TimeStep, lock_member_to_lapse, mark_coupon_noticed, mark_lot_noticed, next_step
from db.ledger.record import Changes, record
from db.pool import Database, Queryable
from loyalty.ledger.journal import Cause, take, write
from loyalty.ledger.notices import coupon_expiring, points_lapsed, points_lapsing
from loyalty.ledger.rules.lots import Take
from loyalty.programme.rules.kinds import EntryKind


async def catch_up_alone(db: Database, member_id: UUID) -> bool:
    """Catches up one member until now. False if nothing was due, or if another worker holds the member."""

    async def within(transaction: Queryable) -> bool:
        return await lock_member_to_lapse(transaction, member_id) and await catch_up(transaction, member_id) > 0

    return await db.in_transaction(within)


async def catch_up(db: Queryable, member_id: UUID, until: datetime | None = None) -> int:
    """Writes all credits, notices and lapses of one member that are due up to a moment (default: now), in the order
    of their due times. Returns the number written.

    Runs in the caller's transaction, which holds the lock of the member.
    """
    done = 0
    while True:
        step = await next_step(db, member_id, until)
        credited = await credit_before(db, member_id, step.at if step is not None else until)
        done += credited
        if step is None and not credited:
            return done
        if step is not None and not credited:
            await _take(db, member_id, step)
            done += 1


async def credit_before(db: Queryable, member_id: UUID, moment: datetime | None) -> int:
    """Credits the promises of one member that were due before a moment (default: now), in the caller's transaction.
    Returns the number credited."""
    promises = await due_promises_of(db, member_id, moment)
    return await post_due(db, promises) if promises else 0


async def _take(db: Queryable, member_id: UUID, step: TimeStep) -> None:
    changes = Changes()
    if step.step == "LAPSE":
        _let_lapse(changes, step)
    elif step.step == "TELL_LOT":
        assert step.points is not None
        changes.notices.append(points_lapsing(step.lapses_on, step.points, step.at))
        await mark_lot_noticed(db, member_id, step.lapses_on)
    else:
        assert step.coupon_id is not None
        if step.reference is not None:
            changes.notices.append(coupon_expiring(step.coupon_id, step.reference, step.lapses_on, step.at))
        await mark_coupon_noticed(db, member_id, step.coupon_id)
    await record(db, step, changes)


def _let_lapse(changes: Changes, step: TimeStep) -> None:
    """The rest of a lot leaves `available` at midnight of its day: one line of history, and a notice."""
    assert step.points is not None
    lapse = Cause(f"lapse:{step.lapses_on}", step.at)
    write(changes, take(EntryKind.LAPSE, lapse, "lapsed", [Take(step.lapses_on, step.points)]))
    changes.notices.append(points_lapsed(step.lapses_on, step.points, step.lapsed_before, step.at))
