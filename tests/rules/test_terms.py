"""Terms as dated data (R2, R22, R40)."""

import json
from copy import deepcopy
from datetime import date

import pytest

from loyalty.programme.files import shipped_terms
from loyalty.programme.rules.kinds import LANGUAGES, CapPeriod
from loyalty.programme.rules.terms import StreakTerm, catalogue_of, terms_at
from loyalty.programme.rules.terms_document import BadTerms, terms_from
from tests.support.terms import TERMS, at, terms_of


def document(version: str = "es-2020-01-01") -> dict:
    return deepcopy(next(each for each in shipped_terms() if each["version"] == version))


def test_six_markets_ship_and_gb_in_two_versions():
    """R2: BE does not ship."""
    versions = {market: [each.version for each in terms] for market, terms in TERMS.items()}
    assert versions.pop("GB") == ["gb-2020-01-01", "gb-2025-06-17"]
    assert versions == {market: [f"{market.lower()}-2020-01-01"] for market in ("DE", "ES", "FR", "IT", "NL")}


def test_documents_can_be_stored_as_json():
    for shipped in shipped_terms():
        assert terms_from(json.loads(json.dumps(shipped))) == terms_from(shipped)


@pytest.mark.parametrize("market", ["ES", "FR", "IT", "DE", "NL", "GB"])
def test_every_market_starts_with_the_same_numbers(market):
    """R3, R10 to R18, R23, R30, R37, R43, R50, R70."""
    terms = TERMS[market][0]
    assert {kind: way.points for kind, way in terms.ways.items()} == {
        "SIGN_UP": 50,
        "APP_SIGN_IN": 50,
        "PURCHASE": 1,
        "SOCIAL_SHARE": 5,
        "LINK_SHARE": 10,
        "REVIEW": 20,
        "FUEL": 2,
        "FUEL_STREAK": 50,
    }
    assert terms.streak == StreakTerm(7, 50)
    assert (terms.currency, terms.points_per_unit) == ("GBP" if market == "GB" else "EUR", 1)
    assert (terms.minimum_age, terms.hold_seconds, terms.lapse_after_months) == (18, 300, 12)
    assert (terms.late_hours, terms.future_seconds, terms.adjust_threshold) == (72, 60, 10_000)
    assert (terms.reservation_minutes, terms.velocity_per_minute) == (30, 60)
    assert terms.coupon_notice_days == 7
    share = terms.ways["SOCIAL_SHARE"]
    assert (share.cap_limit, share.cap_period) == (3, CapPeriod.MONTH)
    assert terms.takes_back("REVIEW") == "automatic"


def test_gb_from_june_2025_offers_more_for_joining_and_one_share_kind():
    """R22."""
    terms = TERMS["GB"][1]
    assert "SOCIAL_SHARE" not in terms.ways
    points = {kind: terms.ways[kind].points for kind in ("SIGN_UP", "APP_SIGN_IN", "FUEL", "LINK_SHARE")}
    assert points == {"SIGN_UP": 200, "APP_SIGN_IN": 100, "FUEL": 10, "LINK_SHARE": 10}
    assert terms.streak == StreakTerm(7, 100)


@pytest.mark.parametrize(
    ("moment", "zone", "version"),
    [
        ("2025-06-16 23:59:59", "Europe/London", "gb-2020-01-01"),
        ("2025-06-17 00:00:00", "Europe/London", "gb-2025-06-17"),
        ("2025-06-17 00:30:00", "Europe/Madrid", "gb-2020-01-01"),
        ("2020-01-01 00:00:00", "Europe/London", "gb-2020-01-01"),
    ],
)
def test_a_version_begins_at_midnight_of_the_markets_zone(moment, zone, version):
    """R22."""
    assert terms_of("GB", at(moment, zone)).version == version


def test_before_the_first_version_there_are_no_terms():
    assert terms_at(TERMS["ES"], at("2019-12-31 23:59:59")) is None
    assert terms_at([], at("2026-01-01")) is None


@pytest.mark.parametrize("market", ["ES", "FR", "IT", "DE", "NL", "GB"])
def test_the_catalogue_is_four_coupons(market):
    """R40, R42."""
    for terms in TERMS[market]:
        coupons = catalogue_of(terms)
        assert [each.id for each in coupons] == [f"{market.lower()}-{value}" for value in (5, 10, 20, 50)]
        assert [each.value_minor for each in coupons] == [500, 1000, 2000, 5000]
        assert [each.cost for each in coupons] == [500, 1000, 2000, 5000]
        assert {(each.valid_days, each.currency, each.market) for each in coupons} == {(30, terms.currency, market)}


def test_belgium_is_one_more_file():
    """R2."""
    belgium = document() | {"market": "BE", "version": "be-2026-12-01", "effective_from": "2026-12-01"}
    belgium["time_zones"] = ["Europe/Brussels"]
    terms = terms_from(belgium)
    assert (terms.market, terms.zone, terms.effective_from) == ("BE", "Europe/Brussels", date(2026, 12, 1))


def test_a_new_way_to_earn_is_data():
    """R22: watching a video."""
    draft = document()
    draft["ways"]["WATCH_VIDEO"] = {"points": 3, "cap_limit": 5, "cap_period": "DAY", "hold_seconds": 0}
    way = terms_from(draft).way("WATCH_VIDEO")
    assert way is not None
    assert (way.points, way.cap_limit, way.cap_period, way.hold_seconds) == (3, 5, CapPeriod.DAY, 0)


def test_a_new_way_describes_its_action_in_every_language_or_in_none():
    """R22, R60."""
    draft = document()
    draft["ways"]["WATCH_VIDEO"] = {"points": 3, "actions": dict.fromkeys(LANGUAGES, "Watch a video")}
    assert terms_from(draft).ways["WATCH_VIDEO"].actions["nl"] == "Watch a video"
    del draft["ways"]["WATCH_VIDEO"]["actions"]["nl"]
    with pytest.raises(BadTerms, match=r"^ways\.WATCH_VIDEO\.actions\.nl must be a text"):
        terms_from(draft)


@pytest.mark.parametrize("never", ["never", None])
def test_points_may_never_lapse(never):
    """R50."""
    assert terms_from(document() | {"lapse_after_months": never}).lapse_after_months is None


def test_a_cost_follows_from_the_value_unless_it_is_given():
    """R40."""
    draft = document() | {"points_per_unit_spent": 150}
    assert [each.cost for each in catalogue_of(terms_from(draft))] == [750, 1500, 3000, 7500]
    draft["rewards"][0]["cost"] = 700
    assert catalogue_of(terms_from(draft))[0].cost == 700


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("market",), "Spain", "market"),
        (("market",), None, "market"),
        (("currency",), "eur", "currency"),
        (("version",), "ES 1", "version"),
        (("effective_from",), "2026-13-01", "effective_from"),
        (("time_zones",), [], "time_zones"),
        (("time_zones",), ["Europe/Madrit"], "time_zones names Europe/Madrit"),
        (("time_zones",), ["../etc/passwd"], "time_zones"),
        (("points_per_unit",), 0, "points_per_unit"),
        (("points_per_unit",), True, "points_per_unit"),
        (("points_per_unit",), 1.5, "points_per_unit"),
        (("hold_seconds",), -1, "hold_seconds"),
        (("lapse_after_months",), 0, "lapse_after_months"),
        (("lapse_after_months",), "always", "lapse_after_months"),
        (("earn_basis",), "gross", "earn_basis"),
        (("late_hours",), 433, "late_hours must be a whole number of 0 to 432"),
        (("velocity_per_minute",), 59, "velocity_per_minute"),
        (("taking_back", "REVIEW"), "never", "taking_back.REVIEW"),
        (("taking_back", "WALKING"), "operator", "taking_back.WALKING"),
        (("ways", "REVIEW", "points"), 0, "ways.REVIEW.points"),
        (("ways", "REVIEW", "actions"), {}, "ways.REVIEW.actions"),
        (("ways", "OTHER"), {"points": 1}, "ways.OTHER"),
        (("ways", "REVIEW", "cap_limit"), 2, "ways.REVIEW.cap_limit"),
        (("ways", "REVIEW", "cap_period"), "MONTH", "ways.REVIEW.cap_period"),
        (("ways", "FUEL", "cap_limit"), 2, "ways.FUEL.cap_period"),
        (("ways", "LINK_SHARE", "cap_period"), "WEEK", "ways.LINK_SHARE.cap_period"),
        (("ways", "LINK_SHARE", "sparkle"), 1, "ways.LINK_SHARE.sparkle"),
        (("ways", "PURCHASE"), {"points": 1}, "ways.PURCHASE"),
        (("ways", "CLAWBACK"), {"points": 1}, "ways.CLAWBACK"),
        (("ways", "walk"), {"points": 1}, "ways.walk"),
        (("streak", "days"), 1, "streak.days"),
        (("streak",), 7, "streak"),
        (("rewards", 0, "value_minor"), 0, "rewards[0].value_minor"),
        (("rewards", 0, "id"), "es-10", "rewards"),
        (("rewards", 0, "name"), " ", "rewards[0].name"),
        (("rewards", 1, "valid_days"), 0, "rewards[1].valid_days"),
        (("rewards",), [], "rewards"),
        (("colour",), "orange", "colour"),
    ],
)
def test_a_wrong_field_is_named(path, value, named):
    draft = document()
    place = draft
    for name in path[:-1]:
        place = place[name]
    place[path[-1]] = value
    with pytest.raises(BadTerms) as refused:
        terms_from(draft)
    assert str(refused.value).startswith(named)


@pytest.mark.parametrize("field", sorted(set(document()) - {"taking_back", "streak", "rewards", "ways"}))
def test_no_number_has_a_default_hidden_in_the_code(field):
    draft = document()
    del draft[field]
    with pytest.raises(BadTerms, match=f"^{field} "):
        terms_from(draft)


def test_a_streak_needs_fuel():
    draft = document()
    del draft["ways"]["FUEL"]
    with pytest.raises(BadTerms, match=r"^ways\.FUEL is missing"):
        terms_from(draft)
