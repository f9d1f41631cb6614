"""The faults for which an operator's campaign is refused (R21)."""

from dataclasses import replace
from fractions import Fraction

import pytest

from loyalty.programme.rules.campaign_check import CampaignToCheck, check_campaign, is_way
from tests.support.terms import TERMS, at, campaign

GOOD = CampaignToCheck(
    "Double", ("ES", "GB"), at("2026-06-01"), at("2026-07-01"), "MULTIPLY", ("PURCHASE", "REVIEW"), Fraction(2)
)
BONUS = replace(GOOD, effect="BONUS", factor=None, bonus=100)


@pytest.mark.parametrize(
    "campaign", [GOOD, BONUS, replace(GOOD, factor=Fraction("1.01")), replace(GOOD, factor=Fraction(100))]
)
def test_a_valid_campaign_has_no_problem(campaign):
    assert check_campaign(campaign, TERMS) == []


@pytest.mark.parametrize(
    ("campaign", "paths"),
    [
        (replace(GOOD, name=" "), [("name",)]),
        (replace(GOOD, markets=("ES", "BE")), [("markets", "1")]),
        (replace(GOOD, markets=()), [("markets",), ("kinds", "0"), ("kinds", "1")]),
        (replace(GOOD, ends_at=GOOD.starts_at), [("endsAt",)]),
        (replace(GOOD, kinds=()), [("kinds",)]),
        (replace(GOOD, kinds=("REDEMPTION", "REVIEW", "VIDEO")), [("kinds", "0"), ("kinds", "2")]),
        (replace(GOOD, factor=None), [("factor",)]),
        (replace(GOOD, factor=Fraction(1)), [("factor",)]),
        (replace(GOOD, factor=Fraction("1.005")), [("factor",)]),
        (replace(GOOD, factor=Fraction("100.01")), [("factor",)]),
        (replace(GOOD, bonus=1), [("bonus",)]),
        (replace(BONUS, bonus=None), [("bonus",)]),
        (replace(BONUS, bonus=0), [("bonus",)]),
        (replace(BONUS, bonus=1_000_001), [("bonus",)]),
        (replace(BONUS, factor=Fraction(2)), [("factor",)]),
    ],
)
def test_each_problem_has_its_path(campaign, paths):
    assert [path for path, _ in check_campaign(campaign, TERMS)] == paths


@pytest.mark.parametrize(
    ("kind", "markets", "known"),
    [("SOCIAL_SHARE", ("GB",), True), ("FUEL_STREAK", ("ES",), True), ("LAPSE", ("ES",), False), ("FUEL", (), False)],
)
def test_a_way_is_one_of_any_version_of_the_markets_terms(kind, markets, known):
    """R22: Great Britain offered a social share until June 2025."""
    assert is_way(kind, markets, TERMS) is known


@pytest.mark.parametrize(
    ("ended", "moment", "runs"),
    [
        (None, "2026-06-30 23:59:59", True),
        ("2026-06-10 12:00", "2026-06-10 11:59:59", True),
        ("2026-06-10 12:00", "2026-06-10 12:00", False),
        ("2026-05-01", "2026-06-10", False),
        ("2026-08-01", "2026-06-30", True),
        ("2026-08-01", "2026-07-01", False),
    ],
)
def test_a_campaign_that_was_ended_stops_at_that_moment(ended, moment, runs):
    june = campaign("june", starts="2026-06-01", ends="2026-07-01")
    assert replace(june, ended_at=at(ended) if ended else None).runs("ES", at(moment)) is runs
