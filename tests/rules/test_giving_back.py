"""Giving points back into the lots they came from (R51), and what they repay (R36)."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.ledger.rules.give_back import MoreThanTaken, Taken, give_back, repaid_of
from loyalty.ledger.rules.lots import Take
from loyalty.programme.rules.kinds import Code, Outcome

FEB, MAR, APR = (date(2027, month, 1) for month in (2, 3, 4))
NEW = date(2028, 1, 1)
BEFORE = date(2027, 1, 31)


@pytest.mark.parametrize(
    ("takes", "debt", "before", "points", "today", "puts", "lapsed"),
    [
        # Undone from the end: the points that lapse last come back first.
        ([(FEB, 50), (MAR, 70)], 0, 0, 120, BEFORE, [(MAR, 70), (FEB, 50)], 0),
        ([(FEB, 50), (MAR, 70)], 0, 0, 80, BEFORE, [(MAR, 70), (FEB, 10)], 0),
        # Points that were given back before are skipped.
        ([(FEB, 50), (MAR, 70)], 0, 80, 40, BEFORE, [(FEB, 40)], 0),
        ([(FEB, 50), (MAR, 70)], 0, 60, 30, BEFORE, [(MAR, 10), (FEB, 20)], 0),
        # A lot has lapsed from its day on; points that never lapse stay available.
        ([(FEB, 50), (MAR, 70)], 0, 0, 120, FEB, [(MAR, 70)], 50),
        ([(FEB, 50), (MAR, 70)], 0, 0, 120, FEB - timedelta(days=1), [(MAR, 70), (FEB, 50)], 0),
        ([(FEB, 50), (MAR, 70)], 0, 70, 50, FEB, [], 50),
        ([(date.max, 9)], 0, 0, 9, APR, [(date.max, 9)], 0),
        # Points that had become debt come first, as newly credited points.
        ([(FEB, 50)], 30, 0, 40, BEFORE, [(NEW, 30), (FEB, 10)], 0),
        ([], 30, 10, 20, APR, [(NEW, 20)], 0),
    ],
)
def test_points_go_back_where_they_came_from(takes, debt, before, points, today, puts, lapsed):
    """R51."""
    found = give_back(Taken(tuple(Take(*each) for each in takes), debt, before), points, today, NEW)
    assert found.puts == tuple(Take(*each) for each in puts)
    assert found.lapsed == lapsed


@pytest.mark.parametrize(
    ("today", "verdict"),
    [
        (BEFORE, (Outcome.GRANTED, Code.ADJUSTED)),
        (FEB, (Outcome.REDUCED, Code.LOT_LAPSED)),
        (MAR, (Outcome.REFUSED, Code.LOT_LAPSED)),
    ],
)
def test_the_verdict_names_the_points_that_had_lapsed(today, verdict):
    """R51."""
    assert give_back(Taken((Take(FEB, 5), Take(MAR, 5))), 10, today, NEW).verdict == verdict


def test_more_than_is_left_cannot_be_given_back():
    """R51."""
    with pytest.raises(MoreThanTaken):
        give_back(Taken((Take(FEB, 50),), 10, 20), 41, BEFORE, NEW)


@pytest.mark.parametrize(
    ("puts", "debt", "repaid"),
    [
        ([(NEW, 30), (FEB, 10)], 35, [(NEW, 30), (FEB, 5)]),
        ([(NEW, 30)], 0, []),
        ([(NEW, 30)], 100, [(NEW, 30)]),
        ([], 5, []),
    ],
)
def test_a_debt_is_repaid_first(puts, debt, repaid):
    """R36."""
    assert repaid_of([Take(*each) for each in puts], debt) == tuple(Take(*each) for each in repaid)


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(1, 40), min_size=1, max_size=6),
    st.integers(0, 30),
    st.lists(st.integers(1, 20), max_size=8),
    st.integers(0, 7),
)
def test_however_it_is_split_a_lot_never_gets_more_than_it_gave(gave, debt, wishes, lapsed_months):
    """R51."""
    lots = [date(2027, month + 2, 1) for month in range(len(gave))]
    taken = Taken(tuple(Take(day, points) for day, points in zip(lots, gave, strict=True)), debt)
    today = date(2027, 1 + lapsed_months, 1)
    back: dict[date, int] = {}
    lapsed = 0
    for wish in wishes:
        if wish > taken.left:
            continue
        found = give_back(taken, wish, today, NEW)
        assert found.points + found.lapsed == wish
        lapsed += found.lapsed
        for put in found.puts:
            back[put.lapses_on] = back.get(put.lapses_on, 0) + put.points
        taken = Taken(taken.takes, taken.debt, taken.given + found.points)
    assert back.pop(NEW, 0) <= debt
    assert all(day > today and points <= dict(zip(lots, gave, strict=True))[day] for day, points in back.items())
