"""Whether a reward can be redeemed, and the first reason if it cannot (R36, R40, R41)."""

from dataclasses import replace
from datetime import timedelta

import pytest

from loyalty.coupons.rules.rewards import Redeemer, why_not_redeem
from loyalty.programme.rules.rewards import Reward, in_stock, offered
from tests.support.terms import at

OPENS, ENDS = at("2026-12-01"), at("2026-12-25")
INSTANT = timedelta(microseconds=1)
REWARD = Reward(
    reward_id="es-7",
    market="ES",
    name="7 euros",
    value_minor=700,
    currency="EUR",
    cost=300,
    valid_days=30,
    minimum_minor=None,
    available_from=OPENS,
    available_until=ENDS,
    stock_left=2,
    per_member=1,
    conditions="",
)
STANDING = replace(REWARD, available_from=None, available_until=None, stock_left=None, per_member=None)


@pytest.mark.parametrize(
    ("moment", "stock_left", "had", "debt", "available", "reason"),
    [
        (OPENS, 2, 0, 0, 300, None),
        (ENDS - INSTANT, 1, 0, 0, 300, None),
        (OPENS - INSTANT, 2, 0, 0, 300, "REWARD_NOT_STARTED"),
        (ENDS, 2, 0, 0, 300, "REWARD_ENDED"),
        (OPENS, 0, 0, 0, 300, "OUT_OF_STOCK"),
        (OPENS, 2, 1, 0, 300, "LIMIT_REACHED"),
        (OPENS, 2, 2, 0, 300, "LIMIT_REACHED"),
        (OPENS, 2, 0, 1, 300, "IN_DEBT"),
        (OPENS, 2, 0, 0, 299, "NOT_ENOUGH_POINTS"),
        # the first reason of several: the window, the stock, the limit, the debt, the points
        (OPENS - INSTANT, 0, 1, 1, 0, "REWARD_NOT_STARTED"),
        (ENDS, 0, 1, 1, 0, "REWARD_ENDED"),
        (OPENS, 0, 1, 1, 0, "OUT_OF_STOCK"),
        (OPENS, 2, 1, 1, 0, "LIMIT_REACHED"),
        (OPENS, 2, 0, 1, 0, "IN_DEBT"),
    ],
)
def test_a_reward_is_redeemable_or_has_a_first_reason_against_it(moment, stock_left, had, debt, available, reason):
    """R36, R40, R41."""
    assert why_not_redeem(REWARD, stock_left, Redeemer(available, debt, had), moment) == reason


@pytest.mark.parametrize(("available", "reason"), [(300, None), (299, "NOT_ENOUGH_POINTS")])
def test_a_standing_reward_has_no_window_no_stock_and_no_limit(available, reason):
    """R40."""
    assert why_not_redeem(STANDING, None, Redeemer(available, 0, had=99), OPENS) == reason
    assert not STANDING.is_limited


@pytest.mark.parametrize("moment", [OPENS - INSTANT, OPENS, ENDS - INSTANT, ENDS])
def test_a_reward_is_shown_exactly_while_its_window_allows_redeeming(moment):
    """R41: showing and redeeming use the same rule."""
    can_be_had = why_not_redeem(REWARD, 2, Redeemer(300, 0), moment) is None
    assert REWARD.is_offered(moment) is can_be_had
    assert offered([REWARD], "ES", moment) == ([REWARD] if can_be_had else [])


def test_rewards_are_offered_in_their_market_cheapest_first():
    """R40."""
    dear, other = replace(STANDING, reward_id="es-a", cost=500), replace(STANDING, market="FR")
    assert offered([dear, STANDING, other], "ES", OPENS) == [STANDING, dear]


def test_a_reward_that_has_run_out_is_not_in_stock():
    """R41."""
    rewards = [replace(REWARD, reward_id=name) for name in ("gone", "left", "endless", "unlimited")]
    found = in_stock(rewards, {"gone": 0, "left": 1, "endless": None})
    assert [each.reward_id for each in found] == ["left", "endless", "unlimited"]
