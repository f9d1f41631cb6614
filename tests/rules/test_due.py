"""What is due for a member, in the order of its moments (R30, R36, R50)."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest

from loyalty.ledger.rules.due import Due, DueCoupon, DueCredit, DueLot, Lapse, LotNotice, Step
from loyalty.ledger.rules.steps import steps_in_order

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
DAY = date(2026, 6, 1)


def lot(points: int, *, noticed: bool = False, hours: int = 0, day: date = DAY, before: int = 0) -> DueLot:
    """A lot that lapses so many hours after noon; its notice is due a day earlier."""
    lapse_at = NOON + timedelta(hours=hours)
    return DueLot(day, points, noticed, lapse_at - timedelta(days=1), lapse_at, before)


def promised(points: int, hours: int, n: int = 1, day: date = DAY) -> DueCredit:
    return DueCredit(UUID(int=n), UUID(int=n), "FUEL", points, "source", None, NOON + timedelta(hours=hours), day)


def coupon(hours: int, n: int = 1) -> DueCoupon:
    return DueCoupon(UUID(int=n), NOON + timedelta(hours=hours), DAY, f"code-{n}")


def due(*, hours: int = 24, most: int = 100, debt: int = 0, **rows: object) -> list[str]:
    """The steps up to so many hours after noon, in short; `...` stands at the end if they are not all."""
    until = NOON + timedelta(hours=hours)
    steps, are_all = steps_in_order(Due(until, debt, **({"lots": []} | rows)), most)  # type: ignore[arg-type]
    return [in_short(step) for step in steps] + ([] if are_all else ["..."])


def in_short(step: Step) -> str:
    match step:
        case DueCredit(points=points):
            return f"+{points}"
        case DueCoupon(code=code):
            return str(code)
        case LotNotice(lot=lot):
            return f"notice {lot.points}"
        case Lapse(lot=lot):
            return f"lapse {lot.points} after {lot.lapsed_before}"


LATER = date(2026, 7, 1)


@pytest.mark.parametrize(
    ("rows", "steps"),
    [
        ({}, []),
        ({"lots": [lot(5)]}, ["notice 5", "lapse 5 after 0"]),
        ({"lots": [lot(5)], "hours": -1}, ["notice 5"]),
        ({"lots": [lot(5)], "hours": -25}, []),
        ({"lots": [lot(5, noticed=True)]}, ["lapse 5 after 0"]),
        ({"lots": [lot(0)]}, []),
        ({"lots": [lot(5, noticed=True)], "credits": [promised(3, -1)]}, ["+3", "lapse 8 after 0"]),
        ({"lots": [lot(5, noticed=True)], "credits": [promised(3, 0)]}, ["+3", "lapse 8 after 0"]),
        ({"lots": [lot(5, noticed=True)], "credits": [promised(3, 1)]}, ["lapse 5 after 0", "+3", "lapse 3 after 5"]),
        ({"lots": [lot(0)], "credits": [promised(3, 1)]}, ["+3", "notice 3", "lapse 3 after 0"]),
        ({"lots": [lot(0, noticed=True, before=7)], "credits": [promised(3, 1)]}, ["+3", "lapse 3 after 7"]),
        ({"credits": [promised(3, 1)]}, ["+3"]),
        ({"credits": [promised(3, 1)], "hours": 0}, []),
        ({"lots": [lot(0)], "credits": [promised(3, -48)], "debt": 2}, ["+3", "notice 1", "lapse 1 after 0"]),
        ({"lots": [lot(0)], "credits": [promised(3, -48)], "debt": 4}, ["+3"]),
        ({"lots": [lot(0)], "credits": [promised(3, -48), promised(3, -47, 2)], "debt": 4, "hours": -20},
         ["+3", "+3", "notice 2"]),
        ({"lots": [lot(5, noticed=True), lot(6, hours=24, day=LATER)], "coupons": [coupon(0)]},
         ["lapse 5 after 0", "code-1", "notice 6", "lapse 6 after 0"]),
        ({"lots": [lot(5, hours=24), lot(6, hours=24, day=LATER)], "hours": 0}, ["notice 5", "notice 6"]),
        ({"coupons": [coupon(0, 1), coupon(0, 2), coupon(25, 3)]}, ["code-1", "code-2"]),
    ],
)  # fmt: skip
def test_steps_are_in_the_order_of_their_moments(rows: dict[str, object], steps: list[str]):
    """At one moment credits come first, then lapses, coupons' notices, lots' notices."""
    assert due(**rows) == steps  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rows", "steps"),
    [
        ({"credits": [promised(3, -1)], "are_credits_cut": True}, ["+3", "..."]),
        ({"lots": [lot(5)], "credits": [promised(3, -9)], "are_credits_cut": True}, ["notice 5", "+3", "..."]),
        ({"lots": [lot(5)], "coupons": [coupon(-9)], "are_coupons_cut": True}, ["notice 5", "code-1", "..."]),
        ({"lots": [lot(5)], "coupons": [coupon(-9)], "credits": [promised(3, -8)], "are_coupons_cut": True},
         ["notice 5", "code-1", "..."]),
        ({"lots": [lot(5)], "most": 1}, ["notice 5", "..."]),
        ({"lots": [lot(5)], "most": 2}, ["notice 5", "lapse 5 after 0"]),
    ],
)  # fmt: skip
def test_steps_end_where_a_later_row_was_not_read(rows: dict[str, object], steps: list[str]):
    assert due(**rows) == steps  # type: ignore[arg-type]
