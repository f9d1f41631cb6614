"""The next reward (R40), the value of points, and the sandbox clock's durations (design, Time)."""

import pytest

from loyalty.programme.rules.durations import BadDuration, Duration, parse_duration
from loyalty.programme.rules.rewards import next_reward, worth_minor
from loyalty.programme.rules.terms import catalogue_of
from tests.support.terms import ES


@pytest.mark.parametrize(
    ("available", "reward", "missing"),
    [(0, "es-5", 500), (499, "es-5", 1), (500, "es-10", 500), (4999, "es-50", 1)],
)
def test_the_next_reward_is_the_cheapest_not_yet_affordable(available, reward, missing):
    """R40."""
    found = next_reward(catalogue_of(ES), available)
    assert found is not None
    assert (found[0].id, found[1]) == (reward, missing)


def test_there_is_no_next_reward_when_all_are_affordable():
    assert next_reward(catalogue_of(ES), 5000) is None


@pytest.mark.parametrize(
    ("points", "rate", "minor"), [(650, 100, 650), (1, 100, 1), (0, 100, 0), (100, 150, 66), (7, 1000, 0)]
)
def test_points_are_worth_their_exact_rate_rounded_down(points, rate, minor):
    """R40."""
    assert worth_minor(points, rate) == minor


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("90s", Duration(0, 0, 90)),
        ("5m", Duration(0, 0, 300)),
        ("36h", Duration(0, 0, 36 * 3600)),
        ("2d", Duration(0, 2, 0)),
        ("13mo", Duration(13, 0, 0)),
        ("1y", Duration(12, 0, 0)),
        ("1y2mo 3d 36h 5m 90s", Duration(14, 3, 36 * 3600 + 390)),
        (" 1mo1m ", Duration(1, 0, 60)),
        ("1d 1d", Duration(0, 2, 0)),
        ("100y", Duration(1200, 0, 0)),
    ],
)
def test_a_duration_is_a_sum_of_units(text, duration):
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "0s", "0d 0h", "-5m", "5", "m", "5 minutes", "1.5h", "5w", "1mox", "5m,3s", "٣x"),
        *("101y", "1201mo", "99999999d", "9" * 400 + "s"),
    ],
)
def test_an_invalid_duration_is_refused_with_a_sentence(text):
    with pytest.raises(BadDuration, match=r"\.$"):
        parse_duration(text)
