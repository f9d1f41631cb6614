"""The points of an order (R12, R13, R13a, R21, R32), and the faults for which one is refused (InvalidInput)."""

import sys
from dataclasses import replace
from datetime import timedelta
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.orders.rules.order import KeptGoods, Parcel, all_kept
from loyalty.orders.rules.order_check import check_order
from loyalty.orders.rules.purchase import Worth, factor_of, purchase_campaigns, worth
from tests.support.terms import ES, TERMS, at, campaign, line, order

GOODS_ONLY = replace(ES, earn_basis="goods")


@pytest.mark.parametrize(
    ("bought", "kept", "points"),
    [
        (order(line("1", 44_99)), {"1": 1}, 45),
        (order(line("1", 40_00), shipping=4_99), {"1": 1}, 45),
        (order(line("1", 30_00), line("2", 10_00), shipping=4_99), {"2": 1}, 11),
        (order(line("1", 100_00), discount=10_50), {"1": 1}, 90),
        (order(line("1", 60_00), line("2", 40_00), discount=10_00), {"2": 1}, 36),
        (order(line("1", 10_00, 4)), {"1": 1}, 3),
        (order(line("1", 10_00, 3)), {"1": 1}, 3),
        (order(line("1", 10_00, 3)), {"1": 2}, 7),
        (order(line("1", 0, 3), line("2", 0), shipping=10_00), {"1": 1}, 3),
        (order(line("1", 50_00, 2), discount=50_00, shipping=10_00), {"1": 1}, 5),
        (order(line("1", 0)), {"1": 1}, 0),
        (order(line("1", 10_00)), {"1": 9}, 10),
        (order(line("1", 10_00)), {"1": -1}, 0),
    ],
)
def test_the_base_is_the_amount_paid_for_the_kept_pieces(bought, kept, points):
    """R13: one rounding, half up; discount and shipping in proportion to value, or to pieces if the goods were free."""
    assert worth(bought, KeptGoods(kept), ES, ()) == Worth(points, {})


@pytest.mark.parametrize(
    ("kept", "points"),
    [
        (KeptGoods({"1": 1}, shipping_refunded_minor=4_99), 40),
        (KeptGoods({"1": 1}, shipping_refunded_minor=2_00), 43),
        (KeptGoods({"1": 1}, shipping_refunded_minor=99_00), 40),
        (KeptGoods({"1": 1}, refunds_without_lines_minor=5_00), 40),
        (KeptGoods({"1": 1}, refunds_without_lines_minor=99_00), 0),
        (KeptGoods({}, refunds_without_lines_minor=5_00), 0),
    ],
)
def test_refunded_money_reduces_the_base(kept, points):
    """R13, R32: never below zero, and shipping never below free."""
    assert worth(order(line("1", 40_00), shipping=4_99), kept, ES, ()).base == points


def test_shipping_earns_nothing_if_only_goods_earn():
    """R13: the setting earn_basis."""
    bought = order(line("1", 40_00), shipping=9_99)
    assert worth(bought, all_kept(bought), GOODS_ONLY, ()).base == 40
    assert worth(bought, KeptGoods({"1": 1}, shipping_refunded_minor=9_99), GOODS_ONLY, ()).base == 40


def test_one_point_per_pound():
    """R13a."""
    bought = replace(order(line("1", 12_50)), currency="GBP")
    assert worth(bought, all_kept(bought), TERMS["GB"][0], ()).total == 13


def test_a_factors_extra_is_rounded_once_over_all_lines():
    """R21: 0.60 and 0.60 add 1.20, which is 1 and not 2."""
    bought = order(line("1", 60), line("2", 60))
    assert worth(bought, all_kept(bought), ES, [campaign("double")]) == Worth(1, {"double": 1})


def test_lines_with_different_winning_campaigns_make_one_extra_under_a_stable_name():
    """R21."""
    known = [campaign("b", amount="3", products=["phone"]), campaign("a", amount="1.5")]
    bought = order(line("1", 10_00, product="phone"), line("2", 10_00))
    assert worth(bought, all_kept(bought), ES, known) == Worth(20, {"a+b": 25})
    assert worth(bought, KeptGoods({"2": 1}), ES, known) == Worth(10, {"a+b": 5})
    assert [factor_of(bought, each, ES, known) for each in bought.lines] == [3, Fraction(3, 2)]
    assert [each.id for each in purchase_campaigns(bought, ES, known)] == ["a", "b"]


def test_a_discount_and_shipping_do_not_multiply():
    """R21: only the eligible goods that are kept are multiplied, at the price paid."""
    bought = order(line("1", 50_00), shipping=10_00, discount=5_00)
    assert worth(bought, all_kept(bought), ES, [campaign("double")]) == Worth(55, {"double": 45})


@pytest.mark.parametrize(
    ("kept", "bonuses"),
    [
        ({"1": 2, "2": 1}, {"plus": 30}),
        ({"1": 1}, {"plus": 30}),
        ({"2": 1}, {}),
        ({}, {}),
    ],
)
def test_a_bonus_is_added_once_while_any_eligible_piece_is_kept(kept, bonuses):
    """R21."""
    plus = campaign("plus", "BONUS", "30", products=["phone"])
    bought = order(line("1", 20_00, 2, "phone"), line("2", 10_00))
    assert worth(bought, KeptGoods(kept), ES, [plus]).bonuses == bonuses


def test_the_moment_of_the_order_decides_which_campaigns_apply():
    """R21."""
    june = campaign("june", starts="2026-06-01", ends="2026-06-10")
    bought = order(line("1", 10_00))
    assert worth(bought, all_kept(bought), ES, [june]).total == 10
    earlier = replace(bought, placed_at=at("2026-06-09 23:59:59"))
    assert worth(earlier, all_kept(bought), ES, [june]).total == 20


LINES = st.lists(st.tuples(st.integers(0, 99_99), st.integers(1, 4)), min_size=1, max_size=4)


@settings(max_examples=100, deadline=None)
@given(LINES, st.integers(0, 20_00), st.data())
def test_keeping_less_is_never_worth_more(lines, shipping, data):
    """R13, R32."""
    bought = order(*(line(str(n), paid, q) for n, (paid, q) in enumerate(lines)), shipping=shipping)
    bought = replace(bought, discount_minor=data.draw(st.integers(0, bought.goods_minor)))
    some = {each.id: data.draw(st.integers(0, each.quantity)) for each in bought.lines}
    fewer = {name: data.draw(st.integers(0, pieces)) for name, pieces in some.items()}
    known = [campaign("double", amount="1.5", products=["product-0"]), campaign("plus", "BONUS", "5")]
    less, more = (worth(bought, KeptGoods(kept), ES, known).by_part for kept in (fewer, some))
    assert all(more.get(key, 0) >= points for key, points in less.items())
    assert worth(bought, KeptGoods({}), ES, known).by_part == {}


def test_a_good_order_has_no_problems():
    parcels = [Parcel("T1", "DHL", {"1": 1}), Parcel("T1", "UPS", {"1": 1, "2": 1})]
    bought = order(line("1", 10_00, 2), line("2", 0), shipping=1, discount=10_00, parcels=parcels)
    assert check_order(bought, currency="EUR", now=bought.placed_at - timedelta(seconds=60)) == []


@pytest.mark.parametrize(
    ("bought", "path"),
    [
        (order(), "lines"),
        (replace(order(line("1", 1)), number=" "), "number"),
        (order(line("1", 1, 0)), "lines.0.quantity"),
        (order(line("1", 1), line("2", 1, -1)), "lines.1.quantity"),
        (order(line("1", 5), line("2", -1)), "lines.1.paidMinor"),
        (order(line("1", 1), line("1", 1)), "lines.1.id"),
        (order(line("", 1, product="p")), "lines.0.id"),
        (order(line("1", 1, product=" ")), "lines.0.productId"),
        (order(line("1", 1), shipping=-1), "shippingMinor"),
        (order(line("1", 1), discount=-1), "discountMinor"),
        (order(line("1", 1), shipping=9, discount=2), "discountMinor"),
        (order(line("1", 2_147_483_647), shipping=1), "lines"),
        (order(line("1", 1), parcels=[Parcel("T", None, {"2": 1})]), "parcels.0.lines.0.lineId"),
        (order(line("1", 1), parcels=[Parcel("T", None, {"1": 2})]), "parcels.0.lines.0.quantity"),
        (order(line("1", 1), parcels=[Parcel("T", None, {"1": 0})]), "parcels.0.lines.0.quantity"),
        (
            order(line("1", 1, 2), parcels=[Parcel("T", None, {"1": 2}), Parcel("U", None, {"1": 1})]),
            "parcels.1.lines.0.quantity",
        ),
        (
            order(line("1", 1, 2), parcels=[Parcel("T", "DHL", {"1": 1}), Parcel("T", "dhl", {"1": 1})]),
            "parcels.1.trackingNumber",
        ),
        (order(line("1", 1), parcels=[Parcel(" ", None, {"1": 1})]), "parcels.0.trackingNumber"),
        (order(line("1", 1), parcels=[Parcel("T", None, {})]), "parcels.0.lines"),
    ],
)
def test_a_fault_in_an_order_is_named_by_its_path(bought, path):
    assert check_order(bought) == [("INVALID_INPUT", ("input", *path.split(".")))]


def test_currency_and_time_are_checked_against_the_market():
    bought = order(line("1", 1))
    assert check_order(bought, currency="GBP") == [("INVALID_INPUT", ("input", "currency"))]
    early = bought.placed_at - timedelta(seconds=61)
    assert check_order(bought, now=early) == [("OCCURRED_IN_FUTURE", ("input", "placedAt"))]


def test_the_largest_total_is_allowed():
    assert check_order(order(line("1", 2_147_483_647))) == []


def test_an_order_of_many_lines_takes_as_much_work_as_it_has_lines():
    """A storefront may send thousands. Each line's part of the discount depends on one sum, computed once."""

    def effort(count: int) -> int:
        large, calls = order(*(line(str(n), 1_00) for n in range(count)), discount=50), 0

        def seen(*_: object) -> None:
            nonlocal calls
            calls += 1

        sys.setprofile(seen)
        worth(large, all_kept(large), ES, ())
        sys.setprofile(None)
        return calls

    effort(10)
    assert effort(1000) < 12 * effort(100)
