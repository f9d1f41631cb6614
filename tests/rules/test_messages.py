"""Sentences for members: every code in every language, the requested language, no sentence with a gap."""

import time
from datetime import UTC, date, datetime
from itertools import combinations
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.messages.catalogue import CATALOGUES, DEFAULT, SECTIONS
from loyalty.messages.negotiation import LONGEST_HEADER, language_of
from loyalty.messages.sentences import entry_sentence, notice_sentence, refusal_sentence, verdict_sentence, way_sentence
from loyalty.messages.verdict_cases import verdict_cases
from loyalty.programme.rules.kinds import LANGUAGES, CapPeriod, Code, EntryKind, Outcome
from loyalty.refusals import (
    BeforeTheProgramme,
    InvalidInput,
    LimitReached,
    MemberNotActive,
    NotAllowed,
    NotEnoughPoints,
    Refusal,
    Unavailable,
)
from mipoints.sentences_document import sentences_document

ENGLISH = CATALOGUES[DEFAULT]
KINDS = [kind.value for kind in EntryKind]
CODES = [code.value for code in Code]
REFUSALS = [
    "UNDER_AGE",
    "MARKET_CLOSED",
    "NOT_A_MEMBER",
    "NOT_FOUND",
    "MEMBER_SUSPENDED",
    "MEMBER_CLOSED",
    "NOT_ENOUGH_POINTS",
    "IN_DEBT",
    "REWARD_NOT_STARTED",
    "REWARD_ENDED",
    "OUT_OF_STOCK",
    "LIMIT_REACHED",
    "COUPON_USED",
    "COUPON_EXPIRED",
    "COUPON_RESERVED",
    "COUPON_CANCELLED",
    "COUPON_NOT_RESERVED",
    "ORDER_HAS_COUPON",
    "PRODUCT_EXCLUDED",
    "CURRENCY_MISMATCH",
    "MINIMUM_NOT_MET",
    "INVALID_INPUT",
    "OCCURRED_IN_FUTURE",
    "OCCURRED_TOO_LONG_AGO",
    "ORDER_KNOWN",
    "CONFIRM_FORFEIT",
    "IDEMPOTENCY_MISMATCH",
    "NOT_ALLOWED",
    "CAP_REACHED",
    "ALREADY_GRANTED",
    "ALREADY_REVIEWED",
    "ALREADY_COLLECTED_TODAY",
    "NOT_OFFERED",
]
NOTICES = ["POINTS_LAPSING", "COUPON_EXPIRING", "POINTS_LAPSED", "CLAWBACK"]
FACTS = {
    "points": 20,
    "kind": "REVIEW",
    "reference": "A-1",
    "campaigns": ["Members Week", "Two for one"],
    "resets_at": datetime(2026, 4, 1, tzinfo=ZoneInfo("Europe/Madrid")),
}
ALWAYS_KNOWN = {"points", "kind", "action", "sentence", "cause", "cancelled", "lapsed", "debt"}


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_uses_the_same_facts_as_english(language, section):
    texts = CATALOGUES[language].texts[section]
    assert _facts_needed(texts) == _facts_needed(ENGLISH.texts[section])


def _facts_needed(texts):
    return {key: [sorted(template.needs) for template in templates] for key, templates in texts.items()}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_plurals_where_english_has_them(language):
    assert CATALOGUES[language].counted.keys() == ENGLISH.counted.keys()
    for what, forms in CATALOGUES[language].counted.items():
        assert forms.keys() == ENGLISH.counted[what].keys()
        assert "{count}" in forms["other"]


@pytest.mark.parametrize("section", SECTIONS)
def test_the_last_template_needs_no_fact_that_may_be_missing(section):
    for key, templates in ENGLISH.texts[section].items():
        assert templates[-1].needs <= ALWAYS_KNOWN, key


def test_every_code_kind_and_cap_of_the_programme_has_its_text():
    assert set(CODES) <= ENGLISH.texts["verdicts"].keys()
    assert set(KINDS) <= ENGLISH.texts["kinds"].keys()
    assert {*CapPeriod} <= ENGLISH.counted.keys()
    assert set(REFUSALS) == ENGLISH.texts["refusals"].keys()


def test_every_special_verdict_text_can_be_reached():
    endings = [*KINDS, "TAKEN", "NOTHING"]
    reachable = {*CODES, *(f"{code}_{ending}" for code in CODES for ending in endings)}
    assert ENGLISH.texts["verdicts"].keys() <= reachable


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", CODES)
def test_a_verdict_is_one_whole_sentence_whichever_facts_are_known(code, language):
    for facts in _every_choice_of(FACTS):
        for outcome in (None, *Outcome):
            assert_is_sentence(verdict_sentence(code, language, {**facts, "outcome": outcome}))


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_kind_of_verdict_has_the_sentence_of_another(language):
    """R60: by kind, outcome, code and what is special about it; each sentence is whole."""
    sentences = {}
    for case in verdict_cases():
        sentence = case.sentence(language)
        assert_is_sentence(sentence)
        assert sentences.setdefault(sentence, case) is case, f"{sentences[sentence]} and {case}: {sentence}"


def test_the_document_of_sentences_is_current():
    document = Path(__file__).parents[2] / "docs" / "sentences.md"
    assert document.read_text("utf-8") == sentences_document(), "Run `make sentences`, and commit it."


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*KINDS, "VIDEO"])
def test_an_entry_is_one_whole_sentence_whichever_facts_are_known(kind, language):
    for facts in _every_choice_of({"points": -500, "reference": "A-1", "cause": "RETURNED", "debt": 1}):
        assert_is_sentence(entry_sentence(kind, language, facts))


@pytest.mark.parametrize(
    ("cause", "english", "german"),
    [
        ("RETURNED", "20 points taken back for the return of order A-1.",
         "20 Punkte wegen der Rückgabe von Bestellung A-1 zurückgebucht."),
        ("CANCELLED", "20 points taken back for the cancelled part of order A-1.",
         "20 Punkte für den stornierten Teil von Bestellung A-1 zurückgebucht."),
        ("NOT_DELIVERED", "20 points taken back for the part of order A-1 that was not delivered.",
         "20 Punkte für den nicht zugestellten Teil von Bestellung A-1 zurückgebucht."),
        (None, "20 points taken back (A-1).", "20 Punkte zurückgebucht (A-1)."),
    ],
)  # fmt: skip
def test_a_clawbacks_line_says_why(cause, english, german):
    facts = {"points": -20, "reference": "A-1", "cause": cause}
    assert (entry_sentence("CLAWBACK", "en", facts), entry_sentence("CLAWBACK", "de", facts)) == (english, german)
    for language in LANGUAGES:
        assert_is_sentence(entry_sentence("CLAWBACK", language, facts))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", NOTICES)
def test_a_notice_is_one_whole_sentence_whichever_facts_are_known(kind, language):
    """R50."""
    for facts in _every_choice_of(
        {"points": 500, "reference": "A-1", "lapses_on": date(2027, 12, 1), "cause": "RETURNED"}
    ):
        assert_is_sentence(notice_sentence(kind, language, facts))


def test_every_notice_has_its_text():
    assert set(NOTICES) == ENGLISH.texts["notices"].keys()


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("code", REFUSALS)
def test_a_refusal_is_one_whole_sentence(code, language):
    assert_is_sentence(refusal_sentence(Refusal(code, "This cannot be."), language))


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("kind", [*KINDS, "VIDEO"])
def test_a_way_is_one_whole_sentence(kind, language):
    for period in [None, *CapPeriod]:
        assert_is_sentence(way_sentence(kind, 10, language, None if period is None else 3, period))


def _every_choice_of(facts):
    """Each selection of these facts, with the others absent, and once more with the others None."""
    for size in range(len(facts) + 1):
        for names in combinations(facts, size):
            chosen = {name: facts[name] for name in names}
            yield chosen
            yield dict.fromkeys(facts) | chosen


def assert_is_sentence(text):
    assert text.endswith((".", ".)"))
    assert text[0].isupper() or text[0].isdigit()
    assert [hole for hole in ("None", "{", "}", "  ", "..", " .", " ,") if hole in text] == []


@pytest.mark.parametrize(
    ("code", "facts", "sentence"),
    [
        (
            "GRANTED",
            {"kind": "SOCIAL_SHARE", "points": 5},
            "5 points for sharing on social media; spendable in a few minutes.",
        ),
        ("GRANTED", {"kind": "PURCHASE", "points": 1, "reference": "A-1"}, "1 point for your order A-1."),
        (
            "GRANTED",
            {"kind": "SIGN_UP", "points": 1500, "campaigns": ["Members Week"]},
            "1,500 points for joining Mi Points, with Members Week; spendable in a few minutes.",
        ),
        (
            "CAP_REACHED",
            {"kind": "LINK_SHARE", "points": 0, "outcome": "REFUSED", "resets_at": FACTS["resets_at"]},
            (
                "No points for sharing a product link, because the limit for that month was reached; "
                "you can earn more from 1 April 2026."
            ),
        ),
        ("RETURNED", {"outcome": "REFUSED", "points": 0}, "No points for an order that was returned."),
        (
            "RETURNED",
            {"outcome": "REVERSED", "points": -64, "reference": "A-1"},
            "64 points taken back for the return of order A-1.",
        ),
        ("RETURNED", {"outcome": "REVERSED", "points": 64}, "64 points taken back for a return."),
        ("ADJUSTED", {"points": 50, "kind": "ADJUSTMENT"}, "50 points credited by our team."),
        ("ADJUSTED", {"points": -50, "kind": "ADJUSTMENT"}, "50 points debited by our team."),
        (
            "LOT_LAPSED",
            {"points": 30, "outcome": "REDUCED"},
            "30 points given back; the rest had already lapsed.",
        ),
        (
            "GRANTED",
            {"points": 0, "kind": "CLAWBACK", "outcome": "GRANTED", "lapsed": 20},
            "No points taken back after a check by our team, because they had already lapsed.",
        ),
        (
            "GRANTED",
            {"points": -500, "kind": "REDEMPTION", "outcome": "GRANTED", "reference": "7KQ2M"},
            "500 points turned into coupon 7KQ2M.",
        ),
        (
            "RETURNED",
            {"points": 0, "kind": "CLAWBACK", "outcome": "REVERSED", "reference": "A-1", "cancelled": 1},
            "1 pending point cancelled for the return of order A-1.",
        ),
        (
            "RETURNED",
            {"points": -300, "kind": "CLAWBACK", "outcome": "REVERSED", "reference": "A-1", "debt": 200},
            (
                "300 points taken back for the return of order A-1; your debt grows by 200 points, and the next points "
                "you earn repay it first."
            ),
        ),
        ("LOT_LAPSED", {"points": 0}, "No points given back, because they had already lapsed."),
        (
            "WAITING_FOR_OPERATOR",
            {"points": 20000, "kind": "ADJUSTMENT", "outcome": "WAITING"},
            "20,000 points to be credited once our team has checked it a second time.",
        ),
    ],
)
def test_a_verdicts_sentence_names_the_events_outcome(code, facts, sentence):
    assert verdict_sentence(code, "en", facts) == sentence


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("de", "12.500 Punkte für deine Bestellung A-1, mit Eins und Zwei."),
        ("en", "12,500 points for your order A-1, with Eins and Zwei."),
        ("es", "12.500 puntos por tu pedido A-1, con Eins y Zwei."),
        ("fr", "12\u202f500 points pour ta commande A-1, avec Eins et Zwei."),
        ("it", "12.500 punti per il tuo ordine A-1, con Eins e Zwei."),
        ("nl", "12.500 punten voor je bestelling A-1, met Eins en Zwei."),
    ],
)
def test_numbers_and_lists_are_written_as_the_language_does(language, sentence):
    facts = {"kind": "PURCHASE", "points": 12500, "reference": "A-1", "campaigns": ["Eins", "Zwei"]}
    assert verdict_sentence("GRANTED", language, facts) == sentence


@pytest.mark.parametrize(
    ("language", "first", "eighth"),
    [
        ("de", "1. April 2026", "8. April 2026"),
        ("en", "1 April 2026", "8 April 2026"),
        ("es", "1 de abril de 2026", "8 de abril de 2026"),
        ("fr", "1er avril 2026", "8 avril 2026"),
        ("it", "mercoledì 1º aprile 2026", "mercoledì 8 aprile 2026"),
        ("nl", "1 april 2026", "8 april 2026"),
    ],
)
def test_days_are_written_as_the_language_does(language, first, eighth):
    for day, words in [(1, first), (8, eighth)]:
        resets_at = datetime(2026, 4, day, tzinfo=ZoneInfo("Europe/Rome"))
        assert words in verdict_sentence("CAP_REACHED", language, {"resets_at": resets_at})


@pytest.mark.parametrize(
    ("facts", "day"),
    [
        ({"time_zone": "Europe/Madrid"}, "1 April 2026"),
        ({"time_zone": "America/Lima"}, "31 March 2026"),
        ({}, None),
    ],
)
def test_a_day_is_in_the_members_zone_or_left_out(facts, day):
    midnight_in_madrid = datetime(2026, 3, 31, 22, tzinfo=UTC)
    sentence = verdict_sentence("CAP_REACHED", "en", {"resets_at": midnight_in_madrid, **facts})
    assert (day in sentence) if day else ("2026" not in sentence)


def test_an_unknown_verdict_code_is_a_fault():
    with pytest.raises(KeyError, match="NO_SUCH_CODE"):
        verdict_sentence("NO_SUCH_CODE", "en", {"kind": "FUEL", "points": 2})


def test_braces_in_a_fact_are_only_text():
    sentence = entry_sentence("CLAWBACK", "en", {"points": -5, "reference": "{kind}"})
    assert sentence == "5 points taken back ({kind})."


@pytest.mark.parametrize(
    ("kind", "points", "sentence"),
    [
        ("FUEL", 2, "2 points for collecting fuel."),
        ("CAMPAIGN_BONUS", 30, "30 points as a bonus from the campaign A-1."),
        ("REDEMPTION", -500, "500 points turned into coupon A-1."),
        ("CLAWBACK", -64, "64 points taken back (A-1)."),
        ("LAPSE", -1, "1 point lapsed at the end of the validity period."),
        ("ADJUSTMENT", 50, "50 points given back for coupon A-1, which is cancelled."),
        ("ADJUSTMENT", -50, "50 points debited by our team."),
    ],
)
def test_an_entrys_sentence_names_where_the_points_came_from_or_went(kind, points, sentence):
    assert entry_sentence(kind, "en", {"points": points, "reference": "A-1"}) == sentence


@pytest.mark.parametrize(
    ("refusal", "language", "sentence"),
    [
        (NotEnoughPoints(500, 1), "de", "Dieser Gutschein kostet 500 Punkte; du hast 1 Punkt."),
        (NotEnoughPoints(500, 100, in_debt=True), "nl",
         "Je bent nog punten schuldig door een retour; met je volgende punten los je die eerst af."),
        (LimitReached(limit=2, used=2), "fr", "Tu as déjà 2 bons de ce type\u00a0; la limite est de 2."),
        (MemberNotActive("SUSPENDED"), "es", "Tu cuenta de Mi Points está suspendida."),
        (InvalidInput("A line id comes twice.", "input", "lines"), "it", "A line id comes twice."),
        (InvalidInput("Older than 72 hours.", "at", code="OCCURRED_TOO_LONG_AGO"), "de",
         "Das liegt zu lange zurück."),
        (InvalidInput("Older than 72 hours.", "at", code="OCCURRED_TOO_LONG_AGO"), "en",
         "This happened before you joined, or too long ago to be counted."),
        (BeforeTheProgramme(date(2020, 1, 1), "at"), "nl", "Mi Points begon op 1 januari 2020; dit was daarvoor."),
        (BeforeTheProgramme(date(2020, 1, 1), "at"), "de", "Mi Points begann am 1. Januar 2020; das war davor."),
        (NotAllowed(), "de", "Das ist nicht erlaubt."),
        (NotAllowed("This token has expired."), "de", "Das ist nicht erlaubt \u2013 This token has expired."),
        (NotAllowed("This token has expired."), "en", "This token has expired."),
        (Refusal("SOMETHING_NEW", "Something new."), "fr", "Something new."),
        (Refusal("MINIMUM_NOT_MET", "Too little.", missing_minor=1250, currency="EUR"), "en",
         "Your cart is €12.50 short of the minimum for this coupon."),
    ],
)  # fmt: skip
def test_a_refusals_sentence_gives_the_reason(refusal, language, sentence):
    assert refusal_sentence(refusal, language) == sentence


def test_a_refusals_sentence_names_the_next_day_to_earn_in_the_members_zone():
    refusal = Unavailable("CAP_REACHED", "Not now.", datetime(2026, 3, 31, 22, tzinfo=UTC))
    assert refusal_sentence(refusal, "en", time_zone="Europe/Madrid").endswith("from 1 April 2026.")
    assert refusal_sentence(refusal, "en") == "You have reached the limit for this month."


@pytest.mark.parametrize(
    ("way", "sentence"),
    [
        (("SIGN_UP", 50, "en", 1, "ONCE"), "Join Mi Points: 50 points, once."),
        (("SOCIAL_SHARE", 5, "en", 3, "MONTH"),
         "Share a product on social media: 5 points, up to 3 times a calendar month."),
        (("FUEL", 2, "es", 1, "DAY"), "Recoge tu combustible: 2 puntos, una vez al día."),
        (("REVIEW", 20, "fr", 1, "PER_PRODUCT"),
         "Publie un avis sur un produit\u00a0: 20 points, une fois par produit."),
        (("FUEL_STREAK", 50, "en", None, None), "Collect fuel seven days in a row: a bonus of 50 points."),
        (("PURCHASE", 1, "en", None, None),
         "Shop on mi.com while signed in: 1 point for every unit of currency you pay, credited on delivery."),
        (("PURCHASE", 1, "es", None, None, None, "EUR"),
         "Compra en mi.com con tu sesión iniciada: 1 punto por cada euro que pagues, al recibir tu pedido."),
        (("PURCHASE", 1, "en", None, None, None, "GBP"),
         "Shop on mi.com while signed in: 1 point for every pound you pay, credited on delivery."),
        (("VIDEO", 3, "en", None, None), "Take part: 3 points."),
    ],
)  # fmt: skip
def test_a_ways_sentence_names_the_action_the_points_and_the_limit(way, sentence):
    assert way_sentence(*way) == sentence


@pytest.mark.parametrize(
    ("header", "language"),
    [
        (None, "en"),
        ("", "en"),
        ("de", "de"),
        ("DE-ch", "de"),
        ("fr-CH, fr;q=0.9, en;q=0.8, de;q=0.7, *;q=0.5", "fr"),
        ("en;q=0.5, it;q=0.8", "it"),
        ("es , nl", "es"),
        ("nl;q=0.8, es;q=0.8", "nl"),
        ("pt-BR, zh-Hans;q=0.9, es-419;q=0.1", "es"),
        ("pt-BR", "en"),
        ("*", "en"),
        ("*, en;q=0", "de"),
        ("it;q=0.5, *", "en"),
        ("fr, *;q=0.1", "fr"),
        ("de;q=0, nl;q=0.1", "nl"),
        ("de;q=0", "en"),
        ("de;q=0, de-AT", "en"),
        ("de ;\tQ=0.300 ,, en;q=0.2,", "de"),
        ("deutsch, it;q=1.000", "it"),
        ("de;q=1.1", "en"),
        ("de;q=0.1234", "en"),
        ("de;q=", "en"),
        ("de;q=-1", "en"),
        ("de;q=nan", "en"),
        ("de;level=1", "en"),
        ("de_DE", "en"),
        ("de, fr fr", "en"),
        ("de;q=\u0660.5", "en"),
        ("de\x00", "en"),
        ("{0}", "en"),
    ],
)
def test_the_language_is_the_most_preferred_one(header, language):
    assert language_of(header) == language


@given(st.text() | st.text(alphabet="deEN-*;,q=01. \t", max_size=60))
@settings(max_examples=200, deadline=None)
def test_any_header_gets_one_of_our_languages(header):
    assert language_of(header) in LANGUAGES


@pytest.mark.parametrize("piece", ["*,", "a,", "a-a-", "de;q=0.001,", " ", "-", "de;", ",", "\t;"])
def test_a_hostile_header_costs_next_to_nothing(piece):
    within_the_limit = (piece * LONGEST_HEADER)[:LONGEST_HEADER]
    began = time.process_time()
    language_of(within_the_limit)
    language_of(piece * 1_000_000)
    assert time.process_time() - began < 0.1


def test_an_overlong_header_is_not_read():
    assert language_of("de," * LONGEST_HEADER) == "en"
