"""Fuel and its streak (R17 to R20)."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.earning.rules.fuel import FuelDay, claim, fuel_view
from loyalty.programme.rules.terms import StreakTerm
from tests.support.terms import ES, MADRID, at, campaign, fuel_days

SEVEN = StreakTerm(7, 50)
FIRST = date(2026, 11, 2)


def claims(*offsets: int) -> tuple[dict[date, FuelDay], list[bool]]:
    """Claims days, given as offsets from the first, in this order; the fuel days, and whether each brought a bonus."""
    rows: dict[date, FuelDay] = {}
    bonus = []
    for offset in offsets:
        claimed = claim(FIRST + timedelta(days=offset), [rows[day] for day in sorted(rows)], SEVEN)
        rows |= {row.day: row for row in claimed.rows}
        bonus.append(claimed.bonus)
    return rows, bonus


def test_the_cycle_restarts_after_seven_and_the_count_goes_on():
    """R19."""
    _, bonus = claims(*range(15))
    assert [place for place, given_ in enumerate(bonus) if given_] == [6, 13]
    claimed = claim(FIRST + timedelta(days=7), fuel_days(("2026-11-08", 7, 1)), SEVEN)
    assert (claimed.streak, claimed.day_in_cycle, claimed.bonus) == (8, 1, False)


def test_a_missed_day_restarts_both():
    """R19."""
    rows, bonus = claims(0, 1, 2, 3, 4, 5, 7, 8)
    assert not any(bonus)
    assert rows[FIRST + timedelta(days=8)].streak == 2


@pytest.mark.parametrize("missing", range(7))
def test_a_late_claim_closes_the_gap_and_brings_the_bonus(missing):
    """R19: the bonus comes with the claim that completes seven."""
    order = [day for day in range(7) if day != missing] + [missing]
    rows, bonus = claims(*order)
    assert bonus == [False] * 6 + [True]
    assert [rows[day].streak for day in sorted(rows)] == list(range(1, 8))


def test_a_late_claim_renumbers_the_days_after_it():
    """R19."""
    claimed = claim(date(2026, 11, 4), fuel_days(("2026-11-03", 2, 0), ("2026-11-05", 1, 0)), SEVEN)
    assert claimed.rows == fuel_days(("2026-11-04", 3, 0), ("2026-11-05", 4, 0))
    assert (claimed.streak, claimed.day_in_cycle) == (4, 4)


@settings(max_examples=150, deadline=None)
@given(st.integers(1, 30).flatmap(lambda days: st.permutations(range(days))))
def test_any_order_of_claims_pays_each_cycle_once(order):
    """R18, R19."""
    rows, bonus = claims(*order)
    assert sum(bonus) == len(order) // 7
    assert [rows[day].streak for day in sorted(rows)] == list(range(1, len(order) + 1))
    assert rows[max(rows)].bonuses == len(order) // 7


def test_without_a_streak_in_the_terms_there_is_no_bonus():
    claimed = claim(date(2026, 11, 8), fuel_days(("2026-11-07", 6, 0)), None)
    assert (claimed.bonus, claimed.streak) == (False, 7)


TODAY = date(2026, 11, 23)
NOON = at("2026-11-23 12:00")


@pytest.mark.parametrize(
    ("rows", "cycle", "streak", "collected", "next_at", "next_points"),
    [
        ((), 0, 0, False, NOON, 2),
        ([("2026-11-21", 5, 0)], 0, 0, False, NOON, 2),
        ([("2026-11-22", 5, 0)], 5, 5, False, NOON, 2),
        ([("2026-11-22", 6, 0)], 6, 6, False, NOON, 52),
        ([("2026-11-22", 7, 1)], 7, 7, False, NOON, 2),
        ([("2026-11-23", 1, 0)], 1, 1, True, at("2026-11-24"), 2),
        ([("2026-11-22", 5, 0), ("2026-11-23", 6, 0)], 6, 6, True, at("2026-11-24"), 52),
        ([("2026-11-22", 7, 1), ("2026-11-23", 8, 1)], 1, 8, True, at("2026-11-24"), 2),
        ([("2026-11-23", 1, 0), ("2026-11-24", 2, 0)], 1, 1, True, at("2026-11-25"), 2),
    ],
)
def test_the_streak_as_the_app_shows_it(rows, cycle, streak, collected, next_at, next_points):
    """R19: a missed day shows 0 until the next claim."""
    view = fuel_view(fuel_days(*rows), TODAY, NOON, MADRID, ES)
    assert (view.day_in_cycle, view.streak_days, view.collected_today) == (cycle, streak, collected)
    assert (view.next_claim_at, view.next_points) == (next_at, next_points)


def test_the_next_claim_counts_the_campaigns_of_its_own_day():
    """R21."""
    tomorrow = [campaign("double", kinds=["FUEL"], starts="2026-11-24")]
    assert fuel_view((), TODAY, NOON, MADRID, ES, tomorrow).next_points == 2
    collected = fuel_days(("2026-11-23", 1, 0))
    assert fuel_view(collected, TODAY, NOON, MADRID, ES, tomorrow).next_points == 4
