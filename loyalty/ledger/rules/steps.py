"""Everything that is due for a member, in the order of its moments: credits, notices and lapses (R30, R50)."""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from uuid import UUID

from loyalty.ledger.rules.due import Due, DueCoupon, DueCredit, DueLot, Lapse, LotNotice, Step

_Ending = DueCoupon | LotNotice | Lapse
_NO_ID = UUID(int=0)


def steps_in_order(due: Due, most: int) -> tuple[list[Step], bool]:
    """The first `most` steps that are due, in the order of their moments, and whether they are all.

    Of steps with the same moment, credits come first, then lapses, notices of coupons, notices of lots. Points that are
    credited to a lot whose moment has passed are the next step. The steps end where a list that is cut ends, because a
    step that was not read may come next.
    """
    steps: list[Step] = []
    for step in _steps(due):
        if step is None or len(steps) == most:
            return steps, False
        steps.append(step)
    return steps, True


def _steps(due: Due) -> Iterator[Step | None]:
    """Every step in order; None where nothing further is known."""
    lots, debt = {lot.lapses_on: lot for lot in due.lots}, due.debt
    promised, coupons = deque(due.credits), deque(due.coupons)
    while promised or not due.are_credits_cut:
        if due.are_coupons_cut and not coupons:
            break
        ending = _next(lots, coupons, due.until)
        until = due.until if ending is None else ending.at
        if promised and promised[0].due_at <= until:
            while promised and promised[0].due_at <= until:
                _put(lots, promised[0], debt)
                debt -= min(debt, promised[0].points)
                yield promised.popleft()
        elif ending is None:
            return
        else:
            _end(lots, coupons, ending)
            yield ending
    yield None


def _next(lots: dict[date, DueLot], coupons: deque[DueCoupon], until: datetime) -> _Ending | None:
    """The next lapse or notice up to a moment."""
    endings: list[_Ending] = [coupons[0]] if coupons else []
    endings += [
        Lapse(lot.lapse_at, lot) if lot.is_noticed else LotNotice(lot.notice_at, lot)
        for lot in lots.values()
        if lot.points
    ]
    return min((each for each in endings if each.at <= until), key=_order, default=None)


def _order(ending: _Ending) -> tuple[datetime, int, date, UUID]:
    match ending:
        case Lapse(at, lot):
            return at, 0, lot.lapses_on, _NO_ID
        case DueCoupon(coupon_id, at, ends_on):
            return at, 1, ends_on, coupon_id
        case LotNotice(at, lot):
            return at, 2, lot.lapses_on, _NO_ID


def _put(lots: dict[date, DueLot], credit: DueCredit, debt: int) -> None:
    """Adds what is left after the debt to the lot. A lot that is not here lapses so late that nothing of it is due."""
    lot = lots.get(credit.lapses_on)
    if lot is not None:
        lots[lot.lapses_on] = replace(lot, points=lot.points + max(0, credit.points - debt))


def _end(lots: dict[date, DueLot], coupons: deque[DueCoupon], ending: _Ending) -> None:
    match ending:
        case DueCoupon():
            coupons.popleft()
        case LotNotice(lot=lot):
            lots[lot.lapses_on] = replace(lot, is_noticed=True)
        case Lapse(lot=lot):
            lots[lot.lapses_on] = replace(lot, points=0, lapsed_before=lot.lapsed_before + lot.points)
