"""With any changes of zone and late claims, no day has two claims and no month four shares (R20, R23)."""

from collections import Counter
from dataclasses import replace
from datetime import date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.programme.rules.calendar import Calendar
from loyalty.programme.rules.kinds import EntryKind, Outcome
from tests.support.terms import ES, Person, at

MADRID, CANARY, CEUTA = "Europe/Madrid", "Atlantic/Canary", "Africa/Ceuta"
SECOND = timedelta(seconds=1)
DAYS = [
    "2026-01-15",  # winter
    "2026-03-28",  # the next day has 23 hours
    "2026-03-29",
    "2026-07-31",  # a month ends
    "2026-10-24",  # the next day has 25 hours
    "2026-10-25",
    "2026-10-31",
    "2026-12-31",  # a year ends
    "2028-02-28",
    "2028-02-29",
]


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(("old", "new"), [(MADRID, CANARY), (CANARY, MADRID), (MADRID, CEUTA), (CEUTA, CANARY)])
def test_around_the_midnight_of_a_change_each_second_has_one_day_and_days_never_run_back(day, old, new):
    """R20: the boundary seconds of both zones' midnights, before and after the change counts."""
    calendar = Calendar(old).changed_to(new, at(f"{day} 12:00", old))
    today = date.fromisoformat(day)
    tomorrow = today + timedelta(days=1)
    ends, begins = at(f"{tomorrow} 00:00", old), at(f"{tomorrow} 00:00", new)
    assert calendar.zone_since == ends
    assert calendar.day(ends - SECOND) == today
    first = max(ends, begins)
    assert calendar.day(first) == tomorrow
    assert calendar.day(first - SECOND) == today
    assert calendar.first_instant(tomorrow) == first == calendar.next_day(at(f"{day} 12:00", old))
    seconds = sorted({each + delta for each in (ends, begins) for delta in (-SECOND, timedelta(0), SECOND)})
    days = [calendar.day(each) for each in seconds]
    assert days == sorted(days)
    months = [calendar.month(each) for each in seconds]
    assert months == sorted(months)


@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize(("old", "new"), [(MADRID, CANARY), (CANARY, MADRID)])
def test_fuel_tapped_at_every_boundary_second_is_collected_once_a_day(day, old, new):
    """R17, R20."""
    person = Person(calendar=Calendar(old).changed_to(new, at(f"{day} 12:00", old)))
    tomorrow = date.fromisoformat(day) + timedelta(days=1)
    taps = sorted(
        {
            at(f"{local_day} 00:00", zone) + delta
            for local_day in (day, tomorrow, tomorrow + timedelta(days=1))
            for zone in (old, new)
            for delta in (-SECOND, timedelta(0), SECOND)
        }
    )
    granted = [tap for tap in taps if person.does("FUEL", tap).outcome is Outcome.GRANTED]
    assert max(Counter(person.calendar.day(tap) for tap in granted).values()) == 1


def test_a_late_activity_counts_in_the_zone_of_its_moment_however_often_the_zone_changed():
    """R20, R23: half past midnight in Madrid stays that day after two more changes of zone."""
    half_past = at("2026-11-02 00:30")
    calendar = Calendar(MADRID).changed_to(CANARY, at("2026-11-02 12:00"))
    calendar = calendar.changed_to(CEUTA, at("2026-11-03 12:00", CANARY))
    calendar = calendar.changed_to(CANARY, at("2026-11-04 12:00"))
    assert calendar.day(half_past) == date(2026, 11, 2)
    assert calendar.next_day(half_past) == at("2026-11-03 01:00")
    assert calendar.earlier == ((MADRID, at("2026-11-03 00:00")), (CANARY, at("2026-11-04 00:00", CANARY)))


@pytest.mark.parametrize("late", ["00:00", "00:30", "00:59:59", "01:00", "23:59:59"])
def test_a_late_claim_of_a_day_that_was_claimed_is_refused_however_often_the_zone_changed_since(late):
    """R20, R23: counted in Canary, the first hour of that day in Madrid would be the day before."""
    person = Person(calendar=Calendar(MADRID))
    assert person.does("FUEL", at("2026-11-02 12:00")).outcome is Outcome.GRANTED
    person.calendar = person.calendar.changed_to(CANARY, at("2026-11-02 13:00"))
    person.calendar = person.calendar.changed_to(CEUTA, at("2026-11-03 13:00", CANARY))
    assert person.does("FUEL", at(f"2026-11-02 {late}")).outcome is Outcome.REFUSED


def test_a_change_that_is_undone_leaves_the_earlier_zones_as_they_were():
    """R20."""
    before = Calendar(MADRID).changed_to(CANARY, at("2026-11-02 12:00"))
    noon = at("2026-11-03 12:00", CANARY)
    assert before.changed_to(CEUTA, noon).changed_to(CANARY, noon + SECOND) == before


def test_zones_long_gone_are_forgotten():
    """R20, R23: no activity is accepted that late."""
    calendar = Calendar(MADRID).changed_to(CANARY, at("2026-01-02 12:00"))
    calendar = calendar.changed_to(MADRID, at("2026-06-02 12:00", CANARY))
    assert calendar.earlier == ()


START = at("2026-10-27")
NEAR_MIDNIGHT = st.sampled_from([-90, -61, -59, -30, -1, 0, 1, 30, 59, 60, 61, 90, 720]).map(
    lambda minutes: timedelta(minutes=minutes)
)
DEEDS = st.tuples(
    st.sampled_from([None, None, None, MADRID, CANARY, CEUTA]),  # a claim, or a zone chosen
    st.integers(0, 1),  # days since the last claim or change
    NEAR_MIDNIGHT,
    st.integers(0, 3),  # days by which a claim is late
    NEAR_MIDNIGHT,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(DEEDS, max_size=30))
def test_no_run_of_changes_and_late_claims_fits_two_in_a_day_or_four_in_a_month(deeds):
    """R20, R23: measured with the true zones of each moment, not with the stored ones."""
    person, day, now = Person(calendar=Calendar(MADRID)), START, START
    history = [(START - timedelta(days=90), MADRID)]
    claims: list[datetime] = []
    shares: list[datetime] = []
    for zone, days_on, offset, days_late, told_offset in deeds:
        day += timedelta(days=days_on)
        now = max(now, day + offset)
        if zone is not None:
            person.calendar = person.calendar.changed_to(zone, now)
            history = [each for each in history if each[0] <= now]
            if person.calendar.zone != history[-1][1]:
                assert person.calendar.zone_since is not None
                history.append((person.calendar.zone_since, person.calendar.zone))
            continue
        happened = min(now, day - timedelta(days=days_late) + told_offset)
        for kind, moments in ((EntryKind.FUEL, claims), (EntryKind.SOCIAL_SHARE, shares)):
            if person.does(kind, happened, "p-1").outcome is Outcome.GRANTED:
                moments.append(happened)
    truth = [(since, Calendar(zone)) for since, zone in history]
    days = Counter(_truly(truth, claim).day(claim) for claim in claims)
    months = Counter(_truly(truth, share).month(share) for share in shares)
    assert max(days.values(), default=0) <= 1
    assert max(months.values(), default=0) <= (ES.ways["SOCIAL_SHARE"].cap_limit or 0)


def _truly(truth: list[tuple[datetime, Calendar]], moment: datetime) -> Calendar:
    return [calendar for since, calendar in truth if since <= moment][-1]


@settings(max_examples=300, deadline=None)
@given(
    st.lists(st.tuples(st.sampled_from([MADRID, CANARY, CEUTA]), st.integers(0, 1), NEAR_MIDNIGHT), max_size=12),
    st.integers(0, 40 * 24 * 60),
)
def test_from_now_on_a_calendar_needs_no_earlier_zones(choices, minutes):
    """R20: so everything shown of a member, which is about now and later, is read without them."""
    calendar, day, now = Calendar(MADRID), START, START
    for zone, days_on, offset in choices:
        day += timedelta(days=days_on)
        now = max(now, day + offset)
        calendar = calendar.changed_to(zone, now)
    shown = replace(calendar, earlier=())
    later = now + timedelta(minutes=minutes)
    for moment in (now, later):
        assert shown.day(moment) == calendar.day(moment)
        assert shown.next_day(moment) == calendar.next_day(moment)
        assert shown.next_month(moment) == calendar.next_month(moment)
        coming = calendar.day(moment) + timedelta(days=2)
        assert shown.first_instant(coming) == calendar.first_instant(coming)
