"""The points that campaigns add, case by case: to orders and to activities (R21)."""

from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest

from loyalty.orders.rules.order import KeptGoods, all_kept
from loyalty.orders.rules.purchase import worth
from loyalty.programme.files import shipped_campaign
from loyalty.programme.rules.campaigns import campaigns_from
from tests.support.terms import ES, ZONES, Person, at, campaign, line, order, terms_of

TWO = campaign("two", amount="2")
THREE_PHONES = campaign("three", amount="3", products=["phone"])
HALF_MORE = campaign("half", amount="1.5")
TEN = campaign("ten", "BONUS", "10")
SEVEN_CASES = campaign("seven", "BONUS", "7", products=["case"])
FIVE_PHONES = campaign("five", "BONUS", "5", products=["phone"])
REVIEWS = campaign("reviews", amount="4", kinds=["REVIEW"])
FRANCE = campaign("france", amount="9", markets=["FR"])

PHONE, CASE = line("1", 30_00, product="phone"), line("2", 10_00, product="case")
BOTH = order(PHONE, CASE, shipping=4_99)


@pytest.mark.parametrize(
    ("bought", "known", "kept", "base", "extra"),
    [
        # the highest factor wins alone, line by line; shipping never multiplies
        (BOTH, [TWO], None, 45, {"two": 40}),
        (BOTH, [TWO, HALF_MORE], None, 45, {"two": 40}),
        (BOTH, [TWO, THREE_PHONES], None, 45, {"three+two": 70}),
        (BOTH, [THREE_PHONES], None, 45, {"three": 60}),
        (BOTH, [REVIEWS, FRANCE], None, 45, {}),
        # bonuses add up, once an order, together with a factor
        (BOTH, [TEN, SEVEN_CASES, FIVE_PHONES], None, 45, {"five": 5, "seven": 7, "ten": 10}),
        (BOTH, [TWO, TEN], None, 45, {"ten": 10, "two": 40}),
        (order(line("1", 10_00, 3)), [TEN], None, 30 - 20, {"ten": 10}),
        # the extra is for kept goods, rounded half up once over all lines
        (BOTH, [TWO], {"2": 1}, 11, {"two": 10}),
        (BOTH, [THREE_PHONES], {"2": 1}, 11, {}),
        (order(line("1", 25), line("2", 25)), [TWO], None, 1, {"two": 1}),
        (order(line("1", 49)), [TWO], None, 0, {}),
        (order(line("1", 33)), [HALF_MORE], None, 0, {}),
        (order(line("1", 1_00)), [HALF_MORE], None, 1, {"half": 1}),
        (order(line("1", 9_99, 3)), [TWO], {"1": 2}, 7, {"two": 7}),
        # the order's discount reduces the multiplied amount
        (order(PHONE, CASE, discount=20_00), [TWO], None, 20, {"two": 20}),
        (order(PHONE, CASE, discount=40_00), [TWO, TEN], None, 0, {"ten": 10}),
        # a bonus is lost with the last eligible piece
        (BOTH, [SEVEN_CASES], {"1": 1}, 34, {}),
        (order(line("1", 10_00, 2, "case")), [SEVEN_CASES], {"1": 1}, 5, {"seven": 7}),
        (BOTH, [TEN], {}, 0, {}),
    ],
)
def test_campaigns_add_points_to_an_order(bought, known, kept, base, extra):
    now = worth(bought, KeptGoods(kept) if kept is not None else all_kept(bought), ES, known)
    assert (now.base, dict(now.bonuses)) == (base, extra)


@pytest.mark.parametrize("known", [[TWO, THREE_PHONES, TEN], [TEN, THREE_PHONES, TWO]])
def test_the_order_of_campaigns_does_not_matter(known):
    assert worth(BOTH, all_kept(BOTH), ES, known).by_part == {
        "PURCHASE": 45, "CAMPAIGN_BONUS:three+two": 70, "CAMPAIGN_BONUS:ten": 10,
    }  # fmt: skip


def test_money_refunded_without_a_line_leaves_the_factors_extra():
    """R21, R33a: the extra is for kept goods, and a refund of money names no goods."""
    refunded = KeptGoods({"1": 1, "2": 1}, refunds_without_lines_minor=20_00)
    now = worth(BOTH, refunded, ES, [TWO])
    assert (now.base, dict(now.bonuses)) == (25, {"two": 40})


@pytest.mark.parametrize(
    ("placed", "points"),
    [
        ("2026-05-31 23:59:59.999999", 45),
        ("2026-06-01 00:00:00", 85),
        ("2026-06-30 23:59:59.999999", 85),
        ("2026-07-01 00:00:00", 45),
    ],
)
def test_the_moment_of_the_order_decides_and_the_end_is_excluded(placed, points):
    june = campaign("june", starts="2026-06-01", ends="2026-07-01")
    bought = replace(BOTH, placed_at=at(placed))
    assert worth(bought, all_kept(bought), ES, [june]).total == points


@pytest.mark.parametrize(
    ("kind", "product", "known", "points"),
    [
        ("SOCIAL_SHARE", "phone", [], [5]),
        ("SOCIAL_SHARE", "phone", [campaign("x", amount="2", kinds=["SOCIAL_SHARE"])], [5, 5]),
        ("SOCIAL_SHARE", "phone", [campaign("x", amount="1.5", kinds=["SOCIAL_SHARE"])], [5, 3]),
        ("SOCIAL_SHARE", "phone", [campaign("x", amount="1.01", kinds=["SOCIAL_SHARE"])], [5]),
        ("SOCIAL_SHARE", "case", [campaign("x", kinds=["SOCIAL_SHARE"], products=["phone"])], [5]),
        ("REVIEW", "phone", [REVIEWS, campaign("b", "BONUS", "9", kinds=["REVIEW"])], [20, 60, 9]),
        ("LINK_SHARE", "phone", [campaign("a", "BONUS", "1", kinds=["LINK_SHARE", "REVIEW"])], [10, 1]),
        ("FUEL", None, [campaign("x", amount="3", kinds=["FUEL"])], [2, 4]),
        ("FUEL", None, [campaign("x", amount="3", kinds=["FUEL"], products=["phone"])], [2]),
        ("APP_SIGN_IN", None, [campaign("x", "BONUS", "100", kinds=["APP_SIGN_IN"])], [50, 100]),
    ],
)
def test_campaigns_add_points_to_an_activity(kind, product, known, points):
    judged = Person(campaigns=known).does(kind, at("2026-06-10 12:00"), product)
    assert [part.points for part in judged.parts] == points


def test_a_campaign_on_the_streak_adds_to_the_seventh_days_bonus():
    """R18, R21."""
    person = Person(campaigns=[campaign("x", kinds=["FUEL_STREAK"])])
    judged = [person.does("FUEL", at("2026-06-01 12:00") + timedelta(days=day)) for day in range(7)]
    assert [part.points for part in judged[6].parts] == [2, 50, 50]
    assert [part.kind for part in judged[6].parts] == ["FUEL", "FUEL_STREAK", "CAMPAIGN_BONUS"]


@pytest.mark.parametrize("market", ["ES", "FR", "IT", "DE", "NL", "GB"])
@pytest.mark.parametrize(
    ("moment", "added", "factor"),
    [
        ("2022-09-20 23:59:59", 0, 1),
        ("2022-09-21 00:00:00", 100, 2),
        ("2022-09-25 23:59:59", 100, 2),
        ("2022-09-26 00:00:00", 0, 1),
    ],
)
def test_members_week_runs_on_each_markets_own_days(market, moment, added, factor):
    """R21: 21 to 25 September 2022, local days, both included."""
    known = campaigns_from(shipped_campaign("members_week_2022"), ZONES)
    then = at(moment, ZONES[market])
    terms = terms_of(market, then)
    person = Person(terms, campaigns=known)
    assert person.does("SIGN_UP", then).points == 50 + added
    assert person.does("APP_SIGN_IN", then).points == 50 + added
    assert person.does("LINK_SHARE", then, "phone").points == 10
    bought = replace(order(PHONE), placed_at=then)
    assert worth(bought, all_kept(bought), terms, known).total == Fraction(30) * factor
