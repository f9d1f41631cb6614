"""Publications and removals by moderators (R16a, R35), and activities that come too fast (R70)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.earning.rules.activity import Activity, EarningContext, judge
from loyalty.earning.rules.caps import Slot
from loyalty.earning.rules.moderation import Removal, removal_of, when_published
from loyalty.earning.rules.velocity import counted_since, is_too_fast, limit_of, on_hold_for_operator
from loyalty.programme.rules.kinds import Awaiting, Code, Outcome
from tests.support.terms import ES, MADRID, at

NOON = at("2026-11-23 12:00")
REVIEW = judge(Activity("REVIEW", "p-1", "rv-1"), NOON, NOON, ES, MADRID, EarningContext())
REPEATED = judge(
    Activity("REVIEW", "p-1", "rv-2"), NOON, NOON, ES, MADRID, EarningContext(frozenset({Slot("REVIEW", "p-1", 1)}))
)


@pytest.mark.parametrize(
    ("outcome", "policy", "removal"),
    [
        ("WAITING", "automatic", Removal.REFUSE),
        ("WAITING", "operator", Removal.REFUSE),
        ("GRANTED", "automatic", Removal.TAKE_BACK),
        ("GRANTED", "operator", Removal.ASK_OPERATOR),
        ("REDUCED", "automatic", Removal.TAKE_BACK),
        ("REFUSED", "automatic", Removal.NOTHING),
        ("REFUSED", "operator", Removal.NOTHING),
        ("REVERSED", "automatic", Removal.NOTHING),
    ],
)
def test_a_removal_depends_on_the_verdict_and_the_policy(outcome, policy, removal):
    """R35."""
    assert removal_of(outcome, policy) is removal


def test_a_published_review_waits_for_its_hold_only():
    """R16, R16a."""
    due = NOON + timedelta(minutes=5)
    granted = when_published(REVIEW, due)
    assert (granted.outcome, granted.code, granted.awaiting, granted.due_at) == (
        Outcome.GRANTED,
        Code.GRANTED,
        Awaiting.HOLD,
        due,
    )
    assert (granted.parts, granted.slot) == (REVIEW.parts, REVIEW.slot)
    assert when_published(REPEATED, due) is REPEATED


@pytest.mark.parametrize(
    ("setting", "limit"),
    [(None, ES.velocity_per_minute), (0, None), (5, 5), (500, 500)],
)
def test_the_setting_overrides_the_terms_and_zero_means_no_limit(setting, limit):
    """R70."""
    assert limit_of(ES, setting) == limit


@pytest.mark.parametrize(
    ("of_member", "of_device", "too_fast"), [(0, 0, False), (4, 4, False), (5, 0, True), (0, 5, True), (9, 9, True)]
)
def test_one_more_than_the_limit_is_too_fast(of_member, of_device, too_fast):
    """R70."""
    assert is_too_fast(of_member, of_device, limit=5) is too_fast


def test_a_minute_counts():
    """R70."""
    assert counted_since(NOON) == NOON - timedelta(seconds=60)


def test_an_activity_that_is_too_fast_keeps_its_points_and_waits_for_an_operator():
    """R70: an activity that is refused anyway stays refused."""
    shared = judge(Activity("SOCIAL_SHARE", "p-1"), NOON, NOON, ES, MADRID, EarningContext())
    for judgement in (shared, REVIEW):
        held = on_hold_for_operator(judgement)
        assert held == replace(
            judgement,
            outcome=Outcome.WAITING,
            code=Code.WAITING_FOR_OPERATOR,
            awaiting=Awaiting.REVIEW_BY_OPERATOR,
            due_at=None,
        )
    assert on_hold_for_operator(REPEATED) is REPEATED
