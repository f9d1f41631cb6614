"""Campaigns (R21)."""

from copy import deepcopy
from datetime import timedelta
from fractions import Fraction

import pytest

from loyalty.programme.files import shipped_campaign, shipped_campaigns
from loyalty.programme.rules.campaigns import BadCampaign, best_factor, bonuses, campaigns_from, extras
from tests.support.terms import ZONES, at, campaign

NOON = at("2026-06-10 12:00")


@pytest.mark.parametrize(
    ("moment", "fits"),
    [
        ("2026-05-31 23:59:59", False),
        ("2026-06-01 00:00:00", True),
        ("2026-06-30 23:59:59", True),
        ("2026-07-01 00:00:00", False),
    ],
)
def test_a_window_has_its_start_and_not_its_end(moment, fits):
    june = campaign("june", starts="2026-06-01", ends="2026-07-01")
    assert june.fits("PURCHASE", "ES", at(moment), None) is fits


@pytest.mark.parametrize(
    ("kind", "market", "product", "fits"),
    [
        ("PURCHASE", "ES", "phone", True),
        ("PURCHASE", "ES", "case", False),
        ("PURCHASE", "ES", None, False),
        ("REVIEW", "ES", "phone", False),
        ("PURCHASE", "FR", "phone", False),
    ],
)
def test_kind_market_and_product_must_fit(kind, market, product, fits):
    assert campaign("phones", products=["phone"]).fits(kind, market, NOON, product) is fits


def test_the_highest_factor_wins_alone():
    known = [campaign("a", amount="1.5"), campaign("b", amount="3"), campaign("c", amount="2")]
    factor, winner = best_factor(known, "PURCHASE", "ES", NOON, "phone")
    assert (factor, winner and winner.id) == (3, "b")


def test_of_two_equal_factors_the_first_by_id_wins_whatever_the_order():
    known = [campaign("b"), campaign("a")]
    winners = {best_factor(each, "PURCHASE", "ES", NOON, None)[1].id for each in (known, known[::-1])}
    assert winners == {"a"}


def test_no_factor_is_one():
    assert best_factor([], "PURCHASE", "ES", NOON, None) == (Fraction(1), None)
    assert best_factor([campaign("half", amount="0.5")], "PURCHASE", "ES", NOON, None) == (Fraction(1), None)


def test_all_bonuses_add_up():
    known = [campaign(name, "BONUS", "10", kinds=["REVIEW"]) for name in ("b", "a")]
    assert [each.id for each in bonuses(known, "REVIEW", "ES", NOON, None)] == ["a", "b"]


def test_an_activity_gets_the_best_factor_and_every_bonus():
    known = [
        campaign("half more", amount="1.5", kinds=["SOCIAL_SHARE"]),
        campaign("plus", "BONUS", "4", kinds=["SOCIAL_SHARE"]),
        campaign("other", "BONUS", "9", kinds=["REVIEW"]),
    ]
    added = extras(5, known, "SOCIAL_SHARE", "ES", NOON, "phone")
    assert [(each.id, extra) for each, extra in added] == [("half more", 3), ("plus", 4)]


def test_members_week_is_the_same_days_in_every_market():
    found = campaigns_from(shipped_campaign("members_week_2022"), ZONES)
    assert len(found) == 6
    windows = {each.markets: (each.starts_at, each.ends_at) for each in found}
    assert windows == {
        frozenset({"ES", "FR", "IT", "DE", "NL"}): (at("2022-09-21"), at("2022-09-26")),
        frozenset({"GB"}): (at("2022-09-21", "Europe/London"), at("2022-09-26", "Europe/London")),
    }
    effects = {(tuple(each.kinds), each.effect, each.factor, each.bonus) for each in found}
    assert effects == {
        (("SIGN_UP",), "BONUS", None, 100),
        (("APP_SIGN_IN",), "BONUS", None, 100),
        (("PURCHASE",), "MULTIPLY", Fraction(2), None),
    }


def test_every_shipped_file_loads_with_ids_of_its_own():
    found = [each for document in shipped_campaigns() for each in campaigns_from(document, ZONES)]
    assert len({each.id for each in found}) == len(found)
    assert any(each.product_ids for each in found)
    assert all(each.ends_at - each.starts_at > timedelta(days=1) for each in found)


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("windows",), [], "windows"),
        (("windows", 0, "last_day"), "2022-09-20", "windows[0].last_day"),
        (("windows", 0, "first_day"), "soon", "windows[0].first_day"),
        (("windows", 0, "markets"), ["BE"], "windows[0].markets names BE"),
        (("windows", 0, "hour"), 3, "windows[0].hour"),
        (("campaigns", 0, "effect"), "DOUBLE", "campaigns[0].effect"),
        (("campaigns", 0, "bonus"), 0, "campaigns[0].bonus"),
        (("campaigns", 0, "factor"), 2, "campaigns[0].factor"),
        (("campaigns", 0, "kinds"), [], "campaigns[0].kinds"),
        (("campaigns", 2, "factor"), 1, "campaigns[2].factor"),
        (("campaigns", 2, "factor"), 1.005, "campaigns[2].factor"),
        (("campaigns", 2, "factor"), "two", "campaigns[2].factor"),
        (("campaigns", 2, "factor"), True, "campaigns[2].factor"),
        (("note",), "hello", "note"),
    ],
)
def test_a_wrong_field_is_named(path, value, named):
    document = deepcopy(shipped_campaign("members_week_2022"))
    place = document
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(BadCampaign) as refused:
        campaigns_from(document, ZONES)
    assert str(refused.value).startswith(named)


def test_a_market_has_one_window():
    document = shipped_campaign("double_points_example")
    document["windows"][1]["markets"] = ["GB", "ES"]
    with pytest.raises(BadCampaign, match="names ES twice"):
        campaigns_from(document, ZONES)
