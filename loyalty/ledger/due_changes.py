"""Steps that are due as changes: credits, lapses and notices, each dated with its own moment (R30, R36, R50)."""

from collections.abc import Sequence

from db.ledger.record import ChangedPromise, Changes, NoticedCoupon, NoticedLot
from loyalty.ledger.journal import Cause, credit, take, write
from loyalty.ledger.notices import coupon_expiring, points_lapsed, points_lapsing
from loyalty.ledger.rules.due import DueCoupon, DueCredit, Lapse, LotNotice, Step
from loyalty.ledger.rules.lots import Take
from loyalty.programme.rules.kinds import EntryKind


def changes_of(steps: Sequence[Step], debt: int) -> Changes:
    """The changes of one member's steps, in their order. `debt` are the points that it owes before them."""
    changes = Changes()
    for step in steps:
        match step:
            case DueCredit():
                _credit(changes, step, debt)
                debt -= min(debt, step.points)
            case Lapse():
                _let_lapse(changes, step)
            case LotNotice():
                changes.notices.append(points_lapsing(step.lot.lapses_on, step.lot.points, step.at))
                changes.noticed_lots.append(NoticedLot(step.lot.lapses_on))
            case DueCoupon():
                _notice_coupon(changes, step)
    return changes


def _credit(changes: Changes, due: DueCredit, debt: int) -> None:
    """A promise's points become available, dated with its due time; a debt is repaid first (R36)."""
    cause = Cause(due.source, due.due_at, due.verdict_id, due.reference)
    write(changes, credit(due.kind, cause, "pending", [Take(due.lapses_on, due.points)], debt, due.promise_id))
    changes.changed_promises.append(ChangedPromise(due.promise_id, "POSTED", due.points))


def _let_lapse(changes: Changes, step: Lapse) -> None:
    """The rest of a lot leaves `available` at midnight of its day: one line of history, and a notice."""
    lot = step.lot
    cause = Cause(f"lapse:{lot.lapses_on}", step.at)
    write(changes, take(EntryKind.LAPSE, cause, "lapsed", [Take(lot.lapses_on, lot.points)]))
    changes.notices.append(points_lapsed(lot.lapses_on, lot.points, lot.lapsed_before, step.at))


def _notice_coupon(changes: Changes, coupon: DueCoupon) -> None:
    """A coupon's notice. One that was issued too late for a notice is only marked, so that it is not found again."""
    if coupon.code is not None:
        changes.notices.append(coupon_expiring(coupon.coupon_id, coupon.code, coupon.ends_on, coupon.at))
    changes.noticed_coupons.append(NoticedCoupon(coupon.coupon_id))
