"""What may be due for a member: promises, and lots and coupons whose time ends (R30, R50)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID


@dataclass(frozen=True, slots=True)
class DueLot:
    """A lot: its points now, whether its notice was written, the moments of its notice and of its lapse, and the points
    that lapsed of it before."""

    lapses_on: date
    points: int
    is_noticed: bool
    notice_at: datetime
    lapse_at: datetime
    lapsed_before: int


@dataclass(frozen=True, slots=True)
class DueCredit:
    """A promise whose points become available at `due_at`, in the lot of `lapses_on`."""

    promise_id: UUID
    verdict_id: UUID
    kind: str
    points: int
    source: str
    reference: str | None
    due_at: datetime
    lapses_on: date


@dataclass(frozen=True, slots=True)
class DueCoupon:
    """A coupon that needs a notice at `at`; it cannot be used from `ends_on` on. `code` is None if the coupon was
    issued too late for a notice."""

    coupon_id: UUID
    at: datetime
    ends_on: date
    code: str | None


@dataclass(frozen=True, slots=True)
class Due:
    """What may be due for one member up to `until`. `debt` is repaid by the next credits (R36). `lots` are those with
    something due by then, and those that get credits. `credits` and `coupons` are in the order of their moments; if a
    list is cut, there are more of its kind, and later."""

    until: datetime
    debt: int
    lots: Sequence[DueLot]
    credits: Sequence[DueCredit] = ()
    coupons: Sequence[DueCoupon] = ()
    are_credits_cut: bool = False
    are_coupons_cut: bool = False


@dataclass(frozen=True, slots=True)
class LotNotice:
    """The notice that the points of a lot lapse soon."""

    at: datetime
    lot: DueLot


@dataclass(frozen=True, slots=True)
class Lapse:
    """All points of a lot lapse."""

    at: datetime
    lot: DueLot


Step = DueCredit | DueCoupon | LotNotice | Lapse
"""One thing that is due for a member."""
