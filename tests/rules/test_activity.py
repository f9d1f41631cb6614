"""Judging activities (R10, R11, R14 to R17, R20 to R23, R30, R60, R61)."""

from datetime import timedelta

import pytest

from loyalty.earning.rules.activity import Activity, EarningContext, judge, too_late_or_early, ways_now
from loyalty.earning.rules.caps import CapAfter, Slot
from loyalty.programme.files import shipped_terms
from loyalty.programme.rules.calendar import Calendar
from loyalty.programme.rules.kinds import Awaiting, Code, Outcome
from loyalty.programme.rules.terms_document import terms_from
from tests.support.terms import ES, MADRID, TERMS, Person, at, campaign, fuel_days

NOON = at("2026-11-23 12:00")
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("kind", "points", "key", "cap"),
    [
        ("SIGN_UP", 50, "sign_up", CapAfter(1, 1, 0, None)),
        ("APP_SIGN_IN", 50, "app_sign_in", CapAfter(1, 1, 0, None)),
        ("SOCIAL_SHARE", 5, "social_share:2026-11:1", CapAfter(3, 1, 2, at("2026-12-01"))),
        ("LINK_SHARE", 10, "link_share:2026-11:1", CapAfter(3, 1, 2, at("2026-12-01"))),
        ("FUEL", 2, "fuel:2026-11-23", CapAfter(1, 1, 0, at("2026-11-24"))),
    ],
)
def test_an_activity_is_granted_after_the_hold(kind, points, key, cap):
    """R10, R11, R14, R15, R17, R30."""
    judged = judge(Activity(kind, "phone"), NOON, NOON + MINUTE, ES, MADRID, EarningContext())
    assert (judged.outcome, judged.code, judged.points) == (Outcome.GRANTED, Code.GRANTED, points)
    assert (judged.awaiting, judged.due_at) == (Awaiting.HOLD, NOON + MINUTE + timedelta(minutes=5))
    assert judged.slot is not None
    assert judged.slot.business_key == key
    assert (judged.cap, judged.terms_version) == (cap, "es-2020-01-01")


def test_a_review_waits_for_its_publication():
    """R16, R16a."""
    judged = Person().does("REVIEW", NOON, "phone")
    assert (judged.outcome, judged.code) == (Outcome.WAITING, Code.WAITING_FOR_PUBLICATION)
    assert (judged.awaiting, judged.due_at, judged.points) == (Awaiting.PUBLICATION, None, 20)
    assert (judged.slot, judged.cap) == (Slot("REVIEW", "phone", 1), CapAfter(1, 1, 0, None))
    assert judged.slot.business_key == "review:phone"
    assert judged.parts[0].reference == "phone"


@pytest.mark.parametrize(
    ("kind", "times", "code", "resets_at"),
    [
        ("SIGN_UP", 1, Code.ALREADY_GRANTED, None),
        ("APP_SIGN_IN", 1, Code.ALREADY_GRANTED, None),
        ("REVIEW", 1, Code.ALREADY_REVIEWED, None),
        ("FUEL", 1, Code.ALREADY_COLLECTED_TODAY, at("2026-11-24")),
        ("SOCIAL_SHARE", 3, Code.CAP_REACHED, at("2026-12-01")),
        ("LINK_SHARE", 3, Code.CAP_REACHED, at("2026-12-01")),
    ],
)
def test_once_product_day_and_month_have_their_own_refusal(kind, times, code, resets_at):
    """R61."""
    person = Person()
    for _ in range(times):
        assert person.does(kind, NOON, "phone").outcome is not Outcome.REFUSED
    refused = person.does(kind, NOON, "phone")
    assert (refused.outcome, refused.code, refused.points) == (Outcome.REFUSED, code, 0)
    assert refused.cap == CapAfter(times, times, 0, resets_at)
    assert (refused.slot, refused.due_at, refused.parts, refused.campaigns) == (None, None, (), ())


def test_the_two_share_kinds_have_separate_caps():
    """R15."""
    person = Person()
    for _ in range(3):
        person.does("SOCIAL_SHARE", NOON, "phone")
    assert person.does("LINK_SHARE", NOON, "phone").cap == CapAfter(3, 1, 2, at("2026-12-01"))


def test_each_product_is_reviewed_once():
    """R16."""
    person = Person()
    reviews = [person.does("REVIEW", NOON, product).outcome for product in ("phone", "band", "phone")]
    assert reviews == [Outcome.WAITING, Outcome.WAITING, Outcome.REFUSED]


def test_the_lowest_free_slot_is_taken():
    """R35: a slot is never freed, but two requests can race for different ones."""
    known = EarningContext(frozenset({Slot("LINK_SHARE", "2026-11", 1), Slot("LINK_SHARE", "2026-11", 3)}))
    judged = judge(Activity("LINK_SHARE"), NOON, NOON, ES, MADRID, known)
    assert judged.slot == Slot("LINK_SHARE", "2026-11", 2)
    assert judged.cap == CapAfter(3, 3, 0, at("2026-12-01"))


def test_a_cap_lowered_within_the_month_counts_slots_taken_before():
    """R22: two of three slots are taken, numbers 2 and 3; from now on the cap is two."""
    document = shipped_terms()[1]
    document["ways"]["LINK_SHARE"]["cap_limit"] = 2
    known = EarningContext(frozenset({Slot("LINK_SHARE", "2026-11", 2), Slot("LINK_SHARE", "2026-11", 3)}))
    judged = judge(Activity("LINK_SHARE"), NOON, NOON, terms_from(document), MADRID, known)
    assert judged.code is Code.CAP_REACHED


@pytest.mark.parametrize("kind", ["PURCHASE", "FUEL_STREAK", "REDEMPTION", "WATCH_VIDEO"])
def test_a_kind_that_the_terms_do_not_offer_as_an_activity_is_refused(kind):
    """R22."""
    assert Person().does(kind, NOON).code is Code.NOT_OFFERED


def test_a_social_share_is_not_offered_in_gb_since_june_2025():
    """R22."""
    london = Calendar("Europe/London")
    person = Person(TERMS["GB"][1], london)
    refused = person.does("SOCIAL_SHARE", at("2025-06-17", "Europe/London"), "phone")
    assert (refused.outcome, refused.code, refused.cap) == (Outcome.REFUSED, Code.NOT_OFFERED, None)
    assert person.does("LINK_SHARE", at("2025-06-17", "Europe/London"), "phone").points == 10


def test_the_streak_in_gb_since_june_2025():
    """R22: ten a day and a hundred for seven."""
    person = Person(TERMS["GB"][1], Calendar("Europe/London"))
    start = at("2026-11-02 12:00", "Europe/London")
    assert [person.does("FUEL", start + timedelta(days=day)).points for day in range(7)] == [10] * 6 + [110]


def test_a_late_activity_counts_in_its_own_month_and_is_held_from_now():
    """R23, R30: shared on 31 October, sent on 1 November."""
    received = at("2026-11-01 09:00")
    judged = judge(Activity("LINK_SHARE"), at("2026-10-31 23:59:59"), received, ES, MADRID, EarningContext())
    assert judged.slot == Slot("LINK_SHARE", "2026-10", 1)
    assert judged.due_at == received + timedelta(minutes=5)
    assert judged.cap is not None
    assert judged.cap.resets_at == at("2026-11-01")


@pytest.mark.parametrize(
    ("occurred", "answer"),
    [
        (timedelta(0), None),
        (timedelta(seconds=60), None),
        (timedelta(seconds=61), "OCCURRED_IN_FUTURE"),
        (-timedelta(hours=72), None),
        (-timedelta(hours=72, seconds=1), "OCCURRED_TOO_LONG_AGO"),
    ],
)
def test_an_activity_may_be_three_days_late_and_a_minute_early(occurred, answer):
    """R23."""
    assert too_late_or_early(NOON + occurred, NOON, NOON - timedelta(days=90), ES) == answer


def test_nothing_counts_from_before_joining():
    """R23."""
    joined = NOON - timedelta(hours=1)
    assert too_late_or_early(joined, NOON, joined, ES) is None
    too_early = joined - timedelta(seconds=1)
    assert too_late_or_early(too_early, NOON, joined, ES) == "OCCURRED_TOO_LONG_AGO"


def test_the_sandbox_can_shorten_every_hold():
    """R30."""
    judged = judge(Activity("FUEL"), NOON, NOON, ES, MADRID, EarningContext(), hold_seconds_override=0)
    assert judged.due_at == NOON


def test_a_new_way_has_its_own_cap_and_hold():
    """R22: three videos a day, a minute's hold."""
    document = shipped_terms()[1]
    document["ways"]["WATCH_VIDEO"] = {"points": 3, "cap_limit": 3, "cap_period": "DAY", "hold_seconds": 60}
    document["ways"]["WAVE"] = {"points": 1}
    person = Person(terms_from(document))
    keys = [person.does("WATCH_VIDEO", NOON).slot.business_key for _ in range(3)]
    assert keys == ["watch_video:2026-11-23", "watch_video:2026-11-23:2", "watch_video:2026-11-23:3"]
    refused = person.does("WATCH_VIDEO", NOON)
    assert refused.code is Code.CAP_REACHED
    waved = [person.does("WAVE", NOON) for _ in range(5)]
    assert {(each.points, each.slot, each.cap) for each in waved} == {(1, None, None)}
    assert person.does("WATCH_VIDEO", NOON + timedelta(days=1)).due_at == NOON + timedelta(days=1, minutes=1)


def test_campaigns_add_parts_of_their_own():
    """R21: each part names its campaign; the verdict names all of them."""
    known = [
        campaign("welcome", "BONUS", "100", kinds=["SIGN_UP"]),
        campaign("double", amount="2", kinds=["SIGN_UP", "APP_SIGN_IN"]),
        campaign("later", "BONUS", "100", kinds=["SIGN_UP"], starts="2026-12-01"),
    ]
    judged = Person(campaigns=known).does("SIGN_UP", NOON)
    assert [(part.kind, part.points, part.campaign_id, part.reference) for part in judged.parts] == [
        ("SIGN_UP", 50, None, None),
        ("CAMPAIGN_BONUS", 50, "double", "Campaign double"),
        ("CAMPAIGN_BONUS", 100, "welcome", "Campaign welcome"),
    ]
    assert [each.id for each in judged.campaigns] == ["double", "welcome"]


def test_a_campaign_on_products_fits_a_share_of_one_of_them():
    """R21."""
    known = [campaign("phones", "BONUS", "7", kinds=["SOCIAL_SHARE"], products=["phone"])]
    person = Person(campaigns=known)
    assert [person.does("SOCIAL_SHARE", NOON, product).points for product in ("phone", "band")] == [12, 5]


def test_the_streaks_bonus_is_multiplied_only_if_the_campaign_includes_it():
    """R18, R21."""
    days = fuel_days(("2026-11-22", 6, 0))
    for kinds, points in ((["FUEL"], 54), (["FUEL", "FUEL_STREAK"], 104)):
        known = EarningContext(fuel_days=days, campaigns=(campaign("double", kinds=kinds),))
        assert judge(Activity("FUEL"), NOON, NOON, ES, MADRID, known).points == points


def test_ways_now_show_how_much_of_each_cap_is_left():
    """The schema's waysToEarn; the streak is part of FUEL."""
    person = Person(campaigns=[campaign("double"), campaign("more", "BONUS", "8", kinds=["REVIEW"])])
    for _ in range(3):
        person.does("LINK_SHARE", NOON)
    person.does("FUEL", NOON)
    ways = {way.kind: way for way in ways_now(ES, MADRID, person.known, NOON)}
    assert list(ways) == [
        "SIGN_UP",
        "APP_SIGN_IN",
        "PURCHASE",
        "SOCIAL_SHARE",
        "LINK_SHARE",
        "REVIEW",
        "FUEL",
    ]
    assert ways["LINK_SHARE"].unavailable_code is Code.CAP_REACHED
    assert ways["FUEL"].unavailable_code is Code.ALREADY_COLLECTED_TODAY
    assert ways["FUEL"].cap == CapAfter(1, 1, 0, at("2026-11-24"))
    assert (ways["SOCIAL_SHARE"].cap, ways["SOCIAL_SHARE"].unavailable_code) == (
        CapAfter(3, 0, 3, at("2026-12-01")),
        None,
    )
    assert (ways["PURCHASE"].points, ways["PURCHASE"].cap) == (2, None)
    assert (ways["REVIEW"].points, ways["REVIEW"].cap) == (28, CapAfter(1, 0, 1, None))
