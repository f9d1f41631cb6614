"""Which states a membership can change to, and what leaving forfeits (R5, R71)."""

import pytest

from loyalty.members.rules.membership import forfeit_of, may_become

STATES = ("ACTIVE", "SUSPENDED", "CLOSED")


@pytest.mark.parametrize("state", STATES)
@pytest.mark.parametrize("wanted", STATES)
def test_closed_is_final_and_all_else_may_change(state, wanted):
    """R5."""
    assert may_become(state, wanted) is (state != "CLOSED" or wanted == "CLOSED")


@pytest.mark.parametrize(
    ("available", "pending", "coupons", "sentence"),
    [
        (0, 0, [], "0 points, 0 pending points and no coupons"),
        (1, 1, [(500, "EUR")], "1 point, 1 pending point and 1 coupon worth 5.00 EUR"),
        (650, 20, [(500, "EUR"), (2050, "EUR")], "650 points, 20 pending points and 2 coupons worth 25.50 EUR"),
        (0, 0, [(500, "GBP"), (500, "EUR")], "0 points, 0 pending points and 2 coupons worth 5.00 EUR and 5.00 GBP"),
    ],
)
def test_a_confirmation_names_everything_that_would_be_forfeited(available, pending, coupons, sentence):
    """R5."""
    assert forfeit_of(available, pending, coupons).sentence == sentence
