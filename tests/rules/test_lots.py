"""Lots: spending and taking back (R36, R50)."""

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.ledger.rules.lots import Lot, Take, TakenBack, TooFewPoints, spend, take_back

FEB, MAR, APR = (date(2027, month, 1) for month in (2, 3, 4))


@pytest.mark.parametrize(
    ("lots", "points", "takes"),
    [
        ([Lot(MAR, 100), Lot(FEB, 50)], 30, [(FEB, 30)]),
        ([Lot(MAR, 100), Lot(FEB, 50)], 50, [(FEB, 50)]),
        ([Lot(MAR, 100), Lot(FEB, 50)], 120, [(FEB, 50), (MAR, 70)]),
        ([Lot(date.max, 100), Lot(FEB, 0), Lot(APR, 5)], 10, [(APR, 5), (date.max, 5)]),
        ([Lot(FEB, 50)], 0, []),
    ],
)
def test_points_that_lapse_soonest_are_spent_first(lots, points, takes):
    """R50."""
    assert spend(lots, points) == tuple(Take(*each) for each in takes)


def test_more_than_there_is_cannot_be_spent():
    with pytest.raises(TooFewPoints):
        spend([Lot(FEB, 50)], 51)


@pytest.mark.parametrize(
    ("lots", "points", "origins", "takes", "debt"),
    [
        # Out of the lot they were credited to, although another lapses sooner.
        ([Lot(FEB, 50), Lot(MAR, 50)], 30, [Take(MAR, 30)], [(MAR, 30)], 0),
        # Of two such lots, the one that lapses sooner comes first; at most the points that were put there.
        ([Lot(FEB, 50), Lot(MAR, 50)], 30, [Take(MAR, 20), Take(FEB, 20)], [(FEB, 20), (MAR, 10)], 0),
        # Then the points that lapse soonest.
        ([Lot(FEB, 50), Lot(MAR, 5)], 30, [Take(MAR, 30)], [(FEB, 25), (MAR, 5)], 0),
        ([Lot(APR, 50), Lot(MAR, 50), Lot(FEB, 0)], 60, [Take(FEB, 60)], [(MAR, 50), (APR, 10)], 0),
        # The lot also holds points of other orders: beyond the order's own points, the soonest lot comes next.
        ([Lot(FEB, 10), Lot(MAR, 90)], 40, [Take(MAR, 20)], [(FEB, 10), (MAR, 30)], 0),
        # The rest is debt.
        ([Lot(FEB, 10)], 40, [Take(FEB, 40)], [(FEB, 10)], 30),
        ([], 40, [], [], 40),
    ],
)
def test_points_are_taken_back_from_where_they_were_put(lots, points, origins, takes, debt):
    """R36."""
    assert take_back(lots, points, origins) == TakenBack(tuple(Take(*each) for each in takes), debt)


@pytest.mark.parametrize(
    ("points", "origins", "lapsed", "waived", "taken", "debt"),
    [
        (300, [Take(FEB, 300)], [Lot(FEB, 200)], 200, 100, 0),
        (300, [Take(FEB, 100), Take(MAR, 200)], [Lot(FEB, 200)], 100, 150, 50),
        (50, [Take(FEB, 300)], [Lot(FEB, 200)], 50, 0, 0),
        (300, [Take(FEB, 300)], [], 0, 150, 150),
    ],
)
def test_an_orders_own_points_that_have_lapsed_are_not_taken_again(points, origins, lapsed, waived, taken, debt):
    """R36."""
    found = take_back([Lot(MAR, 100), Lot(APR, 50)], points, origins, lapsed)
    assert sum(take.points for take in found.waived) == waived
    assert sum(take.points for take in found.takes) == taken
    assert found.debt == debt


LOTS = st.dictionaries(st.sampled_from([FEB, MAR, APR, date.max]), st.integers(0, 50))


@settings(max_examples=100, deadline=None)
@given(LOTS, LOTS, LOTS, st.integers(0, 300))
def test_every_point_taken_back_is_accounted_for(held, put, lapsed, points):
    """R36: no lot goes below zero, and there is debt only if no points are left."""
    lapsed = {day: left for day, left in lapsed.items() if not held.get(day)}
    found = take_back(
        [Lot(*each) for each in held.items()],
        points,
        [Take(*each) for each in put.items()],
        [Lot(*each) for each in lapsed.items()],
    )
    taken = {take.lapses_on: take.points for take in found.takes}
    assert len(taken) == len(found.takes)
    assert sum(taken.values()) + sum(take.points for take in found.waived) + found.debt == points
    assert all(points <= held[day] for day, points in taken.items())
    assert not found.debt or taken == {day: there for day, there in held.items() if there}
