"""Days, months, zones, ages and dates (R3, R20, R42, R50, R52)."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.programme.rules.calendar import (
    Calendar,
    change_counts_from,
    end_of_validity,
    is_of_age,
    lapse_date,
    start_of_day,
)
from tests.support.terms import at

ZONES = ["Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta", "Europe/London", "Europe/Berlin"]


@pytest.mark.parametrize(
    ("zone", "moment", "day", "month"),
    [
        ("Europe/Madrid", "2026-11-22T22:59:59Z", "2026-11-22", "2026-11"),
        ("Europe/Madrid", "2026-11-22T23:00:00Z", "2026-11-23", "2026-11"),
        ("Atlantic/Canary", "2026-11-22T23:59:59Z", "2026-11-22", "2026-11"),
        ("Atlantic/Canary", "2026-11-23T00:00:00Z", "2026-11-23", "2026-11"),
        ("Europe/Madrid", "2026-07-31T21:59:59Z", "2026-07-31", "2026-07"),
        ("Europe/Madrid", "2026-07-31T22:00:00Z", "2026-08-01", "2026-08"),
        ("Europe/London", "2026-12-31T23:59:59Z", "2026-12-31", "2026-12"),
        ("Europe/London", "2027-01-01T00:00:00Z", "2027-01-01", "2027-01"),
        ("Europe/Madrid", "2026-03-28T22:59:59Z", "2026-03-28", "2026-03"),
        ("Europe/Madrid", "2026-03-28T23:00:00Z", "2026-03-29", "2026-03"),
        ("Europe/Madrid", "2026-03-29T21:59:59Z", "2026-03-29", "2026-03"),
        ("Europe/Madrid", "2026-03-29T22:00:00Z", "2026-03-30", "2026-03"),
        ("Europe/Madrid", "2026-10-25T22:59:59Z", "2026-10-25", "2026-10"),
        ("Europe/Madrid", "2026-10-25T23:00:00Z", "2026-10-26", "2026-10"),
    ],
)
def test_days_and_months_turn_at_local_midnight(zone, moment, day, month):
    """R20."""
    instant = datetime.fromisoformat(moment)
    assert Calendar(zone).day(instant) == date.fromisoformat(day)
    assert Calendar(zone).month(instant) == month


@pytest.mark.parametrize(
    ("zone", "day", "hours"),
    [
        ("Europe/Madrid", "2026-03-28", 24),
        ("Europe/Madrid", "2026-03-29", 23),
        ("Europe/Madrid", "2026-10-25", 25),
        ("Atlantic/Canary", "2026-03-29", 23),
        ("Europe/London", "2026-10-25", 25),
        ("America/Havana", "2026-03-08", 23),
        ("America/Havana", "2026-11-01", 25),
    ],
)
def test_summer_time_days_are_one_day(zone, day, hours):
    """R20: also where midnight itself is skipped or comes twice."""
    calendar = Calendar(zone)
    begins = start_of_day(date.fromisoformat(day), zone)
    assert calendar.day(begins) == date.fromisoformat(day)
    assert calendar.day(begins - timedelta(seconds=1)) < date.fromisoformat(day)
    assert calendar.next_day(begins) - begins == timedelta(hours=hours)
    assert calendar.next_day(calendar.next_day(begins) - timedelta(seconds=1)) == calendar.next_day(begins)


@pytest.mark.parametrize(
    ("moment", "begins"),
    [
        ("2026-03-01 00:00", "2026-04-01 00:00"),
        ("2026-03-31 23:59:59", "2026-04-01 00:00"),
        ("2026-12-31 23:59:59", "2027-01-01 00:00"),
        ("2026-10-31 12:00", "2026-11-01 00:00"),
    ],
)
def test_the_next_month_begins_on_its_first_at_midnight(moment, begins):
    """R20."""
    assert Calendar("Europe/Madrid").next_month(at(moment)) == at(begins)
    assert Calendar("Europe/Madrid").next_month(at(moment)).tzinfo is UTC


def test_a_change_of_zone_counts_from_the_end_of_the_local_day():
    """R20: if Canary is chosen at noon in Madrid, it counts from Madrid's midnight; the day is an hour longer."""
    changed = Calendar("Europe/Madrid").changed_to("Atlantic/Canary", at("2026-11-22 12:00"))
    assert changed == Calendar("Atlantic/Canary", "Europe/Madrid", at("2026-11-23 00:00"))
    assert changed.day(at("2026-11-22 23:59:59")) == date(2026, 11, 22)
    assert changed.day(at("2026-11-23 00:30")) == date(2026, 11, 22)
    assert changed.day(at("2026-11-23 01:00")) == date(2026, 11, 23)
    assert changed.next_day(at("2026-11-22 12:00")) == at("2026-11-23 01:00")


def test_a_change_eastwards_begins_the_new_day_at_once():
    """R20: at Canary's midnight it is an hour past midnight in Madrid."""
    canary = Calendar("Atlantic/Canary")
    changed = canary.changed_to("Europe/Madrid", at("2026-11-22 12:00", "Atlantic/Canary"))
    midnight = at("2026-11-23 00:00", "Atlantic/Canary")
    assert changed.zone_since == midnight
    assert changed.next_day(at("2026-11-22 12:00")) == midnight
    assert changed.day(midnight) == date(2026, 11, 23)


def test_of_several_changes_in_a_day_the_last_counts():
    """R20."""
    noon, evening = at("2026-11-22 12:00"), at("2026-11-22 20:00")
    first = Calendar("Europe/Madrid").changed_to("Atlantic/Canary", noon)
    assert first.changed_to("Africa/Ceuta", evening) == Calendar(
        "Africa/Ceuta", "Europe/Madrid", at("2026-11-23 00:00")
    )
    assert first.changed_to("Europe/Madrid", evening) == Calendar("Europe/Madrid")
    assert first.changed_to("Atlantic/Canary", evening) == first
    assert change_counts_from(first, evening) == at("2026-11-23 00:00")


def test_a_change_to_the_same_zone_changes_nothing():
    """R20: late activities from before the earlier change still count in the old zone."""
    changed = Calendar("Europe/Madrid").changed_to("Atlantic/Canary", at("2026-11-22 12:00"))
    assert changed.changed_to("Atlantic/Canary", at("2026-11-23 12:00")) == changed


START = datetime(2026, 1, 1, tzinfo=UTC)
MOMENTS = st.integers(0, 2 * 365 * 24 * 60).map(lambda minutes: START + timedelta(minutes=minutes))


@settings(max_examples=150, deadline=None)
@given(
    MOMENTS,
    st.lists(st.tuples(st.sampled_from(ZONES), st.integers(0, 50)), max_size=4),
    st.integers(0, 6 * 24 * 60),
    st.integers(0, 6 * 24 * 60),
)
def test_no_change_of_zone_makes_a_day_begin_twice(start, changes, one, other):
    """R20: days never run backwards, so two claims never fit one day, nor four shares one month."""
    calendar, moment = Calendar("Europe/Madrid"), start
    for zone, hours in changes:
        moment += timedelta(hours=hours)
        calendar = calendar.changed_to(zone, moment)
    early, late = sorted(start + timedelta(minutes=minutes) for minutes in (one, other))
    assert calendar.day(early) <= calendar.day(late)
    begins = calendar.next_day(early)
    assert early < begins
    assert calendar.day(begins - timedelta(seconds=1)) == calendar.day(early) < calendar.day(begins)
    month_begins = calendar.next_month(early)
    assert calendar.month(month_begins - timedelta(seconds=1)) == calendar.month(early)
    assert calendar.month(early) < calendar.month(month_begins)


@pytest.mark.parametrize(
    ("birth", "moment", "years", "of_age"),
    [
        ("2008-11-22", "2026-11-22 00:00", 18, True),
        ("2008-11-22", "2026-11-21 23:59:59", 18, False),
        ("2008-02-29", "2026-02-28 23:59:59", 18, False),
        ("2008-02-29", "2026-03-01 00:00", 18, True),
        ("2004-02-29", "2024-02-29 00:00", 20, True),
        ("1900-01-01", "2026-01-01 00:00", 18, True),
        ("9999-01-01", "2026-01-01 00:00", 18, False),
    ],
)
def test_adults_only(birth, moment, years, of_age):
    """R3: on the day of joining, in the market's zone; born on 29 February is of age on 1 March."""
    assert is_of_age(date.fromisoformat(birth), at(moment), "Europe/Madrid", years) is of_age


def test_age_depends_on_the_markets_day():
    """R3: at 23:30 UTC it is already tomorrow in Madrid, and not yet in London."""
    moment = datetime(2026, 11, 21, 23, 30, tzinfo=UTC)
    assert is_of_age(date(2008, 11, 22), moment, "Europe/Madrid", 18)
    assert not is_of_age(date(2008, 11, 22), moment, "Europe/London", 18)


@pytest.mark.parametrize(
    ("credited", "months", "lapses_on"),
    [
        ("2025-01-01 00:00", 12, "2026-02-01"),
        ("2025-01-31 23:59:59", 12, "2026-02-01"),
        ("2025-02-01 00:00", 12, "2026-03-01"),
        ("2025-12-15 12:00", 12, "2027-01-01"),
        ("2024-02-29 12:00", 12, "2025-03-01"),
        ("2025-01-15 12:00", 1, "2025-03-01"),
        ("2025-11-15 12:00", 24, "2027-12-01"),
    ],
)
def test_points_lapse_on_the_first_of_the_month_after_they_turn_twelve_months(credited, months, lapses_on):
    """R50."""
    assert lapse_date(at(credited), "Europe/Madrid", months) == date.fromisoformat(lapses_on)


def test_points_without_a_lapse_never_lapse():
    """R50."""
    assert lapse_date(at("2025-01-15"), "Europe/Madrid", None) is None


@pytest.mark.parametrize(
    ("issued", "days", "expires"),
    [
        ("2026-11-01 00:00", 30, "2026-12-02 00:00"),
        ("2026-11-01 23:59:59", 30, "2026-12-02 00:00"),
        ("2026-03-01 12:00", 30, "2026-04-01 00:00"),
        ("2026-10-24 12:00", 1, "2026-10-26 00:00"),
    ],
)
def test_a_coupon_ends_with_its_last_local_day(issued, days, expires):
    """R42, R52: the day of issue is day 0."""
    assert end_of_validity(at(issued), "Europe/Madrid", days) == at(expires)
