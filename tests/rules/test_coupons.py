"""The discount of a coupon or the reason it has none, and when it may be committed or released (R43, R44)."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from loyalty.coupons.rules.coupons import (
    Cart,
    Coupon,
    CouponState,
    Exclusion,
    ForCart,
    held_until,
    state_once_free,
    usable_for,
    why_not_commit,
    why_not_release,
)
from loyalty.programme.rules.reward_check import ExclusionToCheck, RewardToCheck, check_exclusion, check_reward
from tests.support.terms import at, line

NOW = at("2026-06-10 12:00")
EXPIRES = at("2026-07-11 00:00")
FIFTY = Coupon("AVAILABLE", 5000, "EUR", EXPIRES, NOW - timedelta(days=1))


def cart(*paid_minor: int, number: str = "ORD-1", currency: str = "EUR") -> Cart:
    """A cart of lines called 1, 2 …, their products product-1, product-2 …"""
    return Cart(number, currency, tuple(line(str(place), paid) for place, paid in enumerate(paid_minor, 1)))


def reserved(number: str, since: datetime = NOW) -> Coupon:
    return replace(
        FIFTY, state="RESERVED", state_since=since, order_number=number, reserved_until=since + timedelta(minutes=30)
    )


def excluded(*names: str, since: datetime = NOW, until: datetime | None = None) -> list[Exclusion]:
    return [Exclusion(f"product-{name}", since, until) for name in names]


@pytest.mark.parametrize(
    ("paid", "exclusions", "minimum", "expected"),
    [
        ((10000,), [], None, ForCart(5000)),
        ((3000,), [], None, ForCart(3000)),
        ((2000, 4000), excluded("1"), None, ForCart(4000)),
        ((2000, 4000), excluded("1", "2"), None, ForCart(reason="PRODUCT_EXCLUDED")),
        ((2000,), excluded("1", since=NOW + timedelta(seconds=1)), None, ForCart(2000)),
        ((2000,), excluded("1", since=NOW - timedelta(days=1), until=NOW), None, ForCart(2000)),
        ((2000,), excluded("1", since=NOW - timedelta(days=1), until=NOW + timedelta(seconds=1)), None,
         ForCart(reason="PRODUCT_EXCLUDED")),
        ((9999,), [], 10000, ForCart(reason="MINIMUM_NOT_MET", missing_minor=1)),
        ((10000,), [], 10000, ForCart(5000)),
        ((8000, 4000), excluded("2"), 10000, ForCart(reason="MINIMUM_NOT_MET", missing_minor=2000)),
        ((0,), [], None, ForCart(reason="MINIMUM_NOT_MET", missing_minor=1)),
    ],
)  # fmt: skip
def test_the_discount_of_a_coupon_of_fifty(paid, exclusions, minimum, expected):
    """R44."""
    coupon = replace(FIFTY, minimum_minor=minimum)
    assert usable_for(cart(*paid), coupon, exclusions, NOW, order_has_another=False) == expected


@pytest.mark.parametrize(
    ("coupon", "currency", "order_has_another", "reason"),
    [
        (replace(FIFTY, state="USED", order_number="ORD-1"), "EUR", False, "COUPON_USED"),
        (replace(FIFTY, state="EXPIRED"), "EUR", False, "COUPON_EXPIRED"),
        (replace(FIFTY, state="CANCELLED"), "EUR", False, "COUPON_CANCELLED"),
        (reserved("ORD-2"), "EUR", False, "COUPON_RESERVED"),
        (reserved("ORD-1"), "EUR", False, None),
        (FIFTY, "EUR", True, "ORDER_HAS_COUPON"),
        (FIFTY, "GBP", False, "CURRENCY_MISMATCH"),
    ],
)
def test_a_coupon_that_cannot_be_used_has_a_reason(coupon, currency, order_has_another, reason):
    """R44, R45."""
    found = usable_for(cart(6000, currency=currency), coupon, [], NOW, order_has_another=order_has_another)
    assert found.reason == reason


def test_a_reservation_made_before_an_exclusion_stands():
    """R44: it is judged by the exclusions of the moment it was made."""
    later = excluded("1", since=NOW + timedelta(minutes=1))
    two_minutes_later = NOW + timedelta(minutes=2)
    assert usable_for(cart(6000), reserved("ORD-1"), later, two_minutes_later, order_has_another=False).reason is None
    assert usable_for(cart(6000), FIFTY, later, two_minutes_later, order_has_another=False).reason == "PRODUCT_EXCLUDED"


def test_a_reservation_lasts_its_minutes_and_is_not_prolonged_past_the_expiry():
    """R43."""
    assert held_until(FIFTY, "ORD-1", NOW, 30) == NOW + timedelta(minutes=30)
    assert held_until(reserved("ORD-1"), "ORD-1", NOW, 30) == NOW + timedelta(minutes=30)
    late = reserved("ORD-1", EXPIRES - timedelta(minutes=1))
    assert held_until(late, "ORD-1", EXPIRES, 30) == EXPIRES + timedelta(minutes=29)


@pytest.mark.parametrize(
    ("coupon", "was_reserved", "reason"),
    [
        (reserved("ORD-1"), True, None),
        (FIFTY, True, None),
        (replace(FIFTY, state="EXPIRED"), True, None),
        (replace(FIFTY, state="USED", order_number="ORD-1"), True, None),
        (FIFTY, False, "COUPON_NOT_RESERVED"),
        (reserved("ORD-2"), False, "COUPON_NOT_RESERVED"),
        (reserved("ORD-2"), True, "COUPON_RESERVED"),
        (replace(FIFTY, state="USED", order_number="ORD-2"), True, "COUPON_USED"),
        (replace(FIFTY, state="CANCELLED"), True, "COUPON_CANCELLED"),
    ],
)
def test_a_commit_is_allowed_or_refused_with_a_reason(coupon, was_reserved, reason):
    """R43: also after the timeout, if no other order holds it and it was reserved for that order."""
    assert why_not_commit(coupon, "ORD-1", was_reserved=was_reserved) == reason


@pytest.mark.parametrize(
    ("coupon", "ever_reserved", "reason"),
    [
        (reserved("ORD-1"), True, None),
        (FIFTY, True, None),
        (reserved("ORD-2"), True, None),
        (reserved("ORD-2"), False, "COUPON_NOT_RESERVED"),
        (FIFTY, False, "COUPON_NOT_RESERVED"),
        (replace(FIFTY, state="USED", order_number="ORD-1"), True, "COUPON_USED"),
        (replace(FIFTY, state="CANCELLED"), True, None),
    ],
)
def test_a_release_is_allowed_or_refused_with_a_reason(coupon, ever_reserved, reason):
    """R43."""
    assert why_not_release(coupon, "ORD-1", ever_reserved=ever_reserved) == reason


def test_a_freed_coupon_is_available_until_its_expiry():
    """R52: the expiry is the first instant at which it is no longer valid."""
    assert state_once_free(EXPIRES, EXPIRES - timedelta(seconds=1)) is CouponState.AVAILABLE
    assert state_once_free(EXPIRES, EXPIRES) is CouponState.EXPIRED


REWARD = RewardToCheck(
    "ES", "Summer coupon", 1000, 800, 10, "For one order.", minimum_minor=2000, stock=1, per_member=1
)


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({}, None),
        ({"market": "BE"}, "market"),
        ({"value_minor": 0}, "valueMinor"),
        ({"minimum_minor": 0}, "minimumMinor"),
        ({"cost": -1}, "cost"),
        ({"valid_days": 0}, "validDays"),
        ({"valid_days": 2_000_000_000}, "validDays"),
        ({"stock": 0}, "stock"),
        ({"per_member": 0}, "perMember"),
        ({"name": " "}, "name"),
        ({"conditions": ""}, "conditions"),
        ({"available_from": NOW, "available_until": NOW}, "availableUntil"),
        ({"available_from": NOW, "available_until": NOW + timedelta(seconds=1)}, None),
    ],
)
def test_a_fault_in_a_reward_is_named_by_its_path(changed, path):
    """R41, and the list of InvalidInput."""
    problems = check_reward(replace(REWARD, **changed), ("ES", "FR"))
    assert [each for each, _ in problems] == ([(path,)] if path else [])


@pytest.mark.parametrize(
    ("changed", "path"),
    [
        ({}, None),
        ({"market": "BE"}, "market"),
        ({"product_ids": ()}, "productIds"),
        ({"reason": " "}, "reason"),
        ({"until": NOW}, "until"),
        ({"since": EXPIRES, "until": EXPIRES}, "until"),
    ],
)
def test_a_fault_in_an_exclusion_is_named_by_its_path(changed, path):
    """R44, and the list of InvalidInput."""
    exclusion = replace(ExclusionToCheck("ES", ("p-1",), None, None, "Price-fixed books"), **changed)
    assert [each for each, _ in check_exclusion(exclusion, ("ES",), NOW)] == ([(path,)] if path else [])
