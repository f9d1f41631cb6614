"""Cancelled pieces, one return in two systems, spares, pieces that nobody waits for (R31a, R33b, R33c, R34)."""

from collections import Counter
from datetime import timedelta
from fractions import Fraction
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.orders.fact_rows import content_of, fact_of
from loyalty.orders.rules.facts import Cancelled, Delivered, Fact, GivenUp, InTransit, Lost, Returned, ReturnedToSender
from loyalty.orders.rules.growth import LinesAdded, ParcelRecorded
from loyalty.orders.rules.order import Order, OrderLine, Parcel
from loyalty.orders.rules.purchase import worth
from loyalty.orders.rules.shipment import fold
from tests.rules.test_shipment import back, news
from tests.support.terms import ES, at, campaign, line, order

THREE = order(line("1", 1500_00, 3))
BOXES = order(line("1", 1500_00, 3), parcels=[Parcel("T1", None, {"1": 1}), Parcel("T2", None, {"1": 1})])
ONE = order(line("1", 30_00), parcels=[Parcel("T1", None, {"1": 1})])
BARE = order(line("1", 30_00))
LATER = at("2026-06-25 12:00")


def cancelled(name: str = "C1", by: str = "native", **pieces: int) -> Cancelled:
    """A cancellation; pieces are given as l1=…, without any it is of everything."""
    lines = tuple((each[1:], quantity) for each, quantity in pieces.items())
    return Cancelled(name, lines, at("2026-06-20 12:00"), by)


def given_up(**pieces: int) -> GivenUp:
    return GivenUp(tuple((each[1:], quantity) for each, quantity in pieces.items()), at("2026-06-15 12:00"))


def back_by(producer: str, name: str, **more: int) -> Returned:
    fact = back(name, **more)
    return Returned(name, None, fact.lines, fact.amount_minor, fact.shipping_minor, fact.occurred_at, None, producer)


CASES = [
    # three bought
    ("one delivered, two cancelled", THREE, [news(Delivered, l1=1), cancelled(l1=2)], 1, 1),
    ("in two cancellations", THREE, [news(Delivered, l1=1), cancelled(l1=1), cancelled("C2", l1=1)], 1, 1),
    ("one cancellation twice", THREE, [news(Delivered, l1=1), cancelled(l1=1), cancelled(l1=1)], 1, 2),
    ("one delivered, the rest cancelled", THREE, [news(Delivered, l1=1), cancelled()], 1, 1),
    ("all cancelled", THREE, [cancelled()], 0, 0),
    ("all cancelled, and yet delivered", THREE, [cancelled(), news(Delivered)], 3, 3),
    ("two cancelled, and yet all delivered", THREE, [cancelled(l1=2), news(Delivered)], 1, 1),
    ("one of two returned, one cancelled", THREE, [news(Delivered, l1=2), back(l1=1), cancelled(l1=1)], 1, 1),
    ("returned at once, one cancelled", THREE, [back(l1=1), cancelled(l1=1)], 0, 1),
    ("lost, and cancelled after that", THREE, [news(Delivered, l1=1), news(Lost, l1=1), cancelled(l1=1)], 1, 2),
    ("lost and cancelled, then found", THREE,
     [news(Lost, l1=1), cancelled(l1=1), news(Delivered, day=14, l1=3)], 2, 2),
    ("more cancelled than bought", THREE, [cancelled(l1=9)], 0, 0),
    # in parcels
    ("a lost parcel's piece first", BOXES, [news(Delivered, "T1"), news(Lost, "T2"), cancelled(l1=1)], 1, 2),
    ("then one in no parcel", BOXES, [news(Delivered, "T1"), news(Lost, "T2"), cancelled(l1=2)], 1, 1),
    ("in a parcel without news", BOXES, [news(Delivered, "T1"), cancelled(l1=2)], 1, 1),
    ("returned in its parcel and cancelled", ONE, [news(InTransit, "T1"), back(number="T1"), cancelled(l1=1)], 0, 0),
    ("a returned parcel that did not arrive may be the cancelled piece", BOXES,
     [news(Delivered, "T1"), back(number="T2"), cancelled(l1=2)], 1, 1),
    # one event, two systems
    ("a return of two systems is one", THREE, [news(Delivered), back_by("aftership", "A", l1=1),
     back_by("shopify", "S", l1=1)], 2, 2),
    ("the system that reports most counts", THREE, [news(Delivered), back_by("aftership", "A", l1=1),
     back_by("shopify", "S", l1=1), back_by("shopify", "S2", l1=1)], 1, 1),
    ("a cancellation of two systems is one", THREE, [news(Delivered, l1=1), cancelled("C", "storefront", l1=2),
     cancelled("R", "shopify", l1=2)], 1, 1),
    ("one system cancels, another one takes back", THREE, [news(Delivered, l1=2), cancelled("R", "shopify", l1=1),
     back_by("aftership", "A", l1=1)], 1, 1),
    ("cancelled too late, and returned in another system", THREE, [news(Delivered), cancelled("R", "shopify", l1=1),
     back_by("aftership", "A", l1=1)], 2, 2),
    # in the place of what was lost
    ("lost, replaced, found", ONE, [news(Lost, "T1"), news(Delivered, "T2", 13, l1=1), news(Delivered, "T1", 14)],
     1, 1),
    ("and the spare goes back", ONE, [news(Lost, "T1"), news(Delivered, "T2", 13, l1=1), news(Delivered, "T1", 14),
     back(l1=1)], 1, 1),
    ("and both go back", ONE, [news(Lost, "T1"), news(Delivered, "T2", 13, l1=1), news(Delivered, "T1", 14),
     back(l1=2)], 0, 0),
    ("and everything goes back", ONE, [news(Lost, "T1"), news(Delivered, "T2", 13, l1=1), news(Delivered, "T1", 14),
     back()], 0, 0),
    ("a spare goes back in its parcel", ONE, [news(Lost, "T1"), news(Delivered, "T2", 13, l1=1),
     news(Delivered, "T1", 14), back(number="T2")], 1, 1),
    ("replaced without lines", ONE, [news(Lost, "T1"), news(Delivered, "T2", 13)], 1, 1),
    ("a spare without lines goes back", ONE, [news(Lost, "T1"), news(Delivered, "T2", 13), news(Delivered, "T1", 14),
     back(l1=1)], 1, 1),
    ("a spare of no recorded parcel goes back", BARE, [news(Lost, "T1"), news(Delivered, "T2", 13),
     news(Delivered, "T1", 14), back(l1=1)], 1, 1),
    ("a spare without a number goes back", BARE, [news(Lost, l1=1), news(Delivered, day=13, l1=1),
     news(Delivered, day=14, l1=1), back(l1=1)], 1, 1),
    ("sent back to the sender, and replaced", ONE, [news(ReturnedToSender, "T1"), news(Delivered, "T2", 13)], 1, 1),
    ("an unknown number holds nothing while nothing is lost", ONE, [news(Delivered, "T9")], 0, 1),
    ("a parcel that was lost and found is no spare", ONE, [news(Lost, "T1"), news(Delivered, "T1", 13), back(l1=1)],
     0, 0),
    ("one parcel under two numbers is no spare", ONE, [news(Delivered, "T1"), news(Delivered, "T2", l1=1), back(l1=1)],
     0, 0),
    ("an arrival that was reported twice is no spare", ONE, [news(Lost, "T1"), news(Delivered, "T1", 13),
     news(Delivered, day=14, l1=1), back(l1=1)], 0, 0),
    # nobody waits any more
    ("given up", THREE, [news(Delivered, l1=1), given_up(l1=2)], 1, 1),
    ("delivered after it was given up", THREE, [given_up(l1=3), news(Delivered, day=20, l1=1)], 1, 1),
    ("an earlier delivery that is reported late", THREE, [given_up(l1=3), news(Delivered, day=12, l1=2)], 2, 2),
    ("given up and cancelled", THREE, [given_up(l1=3), cancelled(l1=1), news(Delivered, day=20, l1=1)], 1, 1),
    ("given up, replaced by an unknown parcel", ONE, [given_up(l1=1), news(Delivered, "T9", 20)], 1, 1),
    ("given up and returned without news", THREE, [given_up(l1=3), back(l1=1), news(Delivered, day=20, l1=1)], 0, 0),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bought", "facts", "kept", "possible"), [each[1:] for each in CASES], ids=[c[0] for c in CASES]
)
def test_the_facts_together_decide_what_is_kept_and_what_is_awaited(bought, facts, kept, possible):
    """R31a, R33b, R33c, R34: in any order, and with each fact repeated."""
    for ordered in permutations(facts):
        state = fold(bought, [*ordered, *facts])
        assert (state.kept.pieces["1"], state.possible.pieces["1"]) == (kept, possible)


FATES = st.lists(st.sampled_from(["delivered", "returned", "lost", "cancelled", "silent"]), min_size=3, max_size=3)


@settings(max_examples=300, deadline=None)
@given(FATES, st.booleans(), st.data())
def test_three_pieces_bought_end_the_same_whatever_is_reported_first(fates, in_parcels, data):
    """R33b: any mix of delivered, lost, returned and cancelled; a cancellation takes the lost pieces first."""
    number = Counter(fates)
    arrived = number["delivered"] + number["returned"]
    facts: list[Fact] = []
    for place, fate in enumerate(fates):
        moment, parcel = at("2026-06-12") + timedelta(minutes=place), f"T{place}" if in_parcels else None
        lines = () if in_parcels else (("1", 1),)
        if fate in ("delivered", "returned"):
            facts.append(Delivered(parcel, None, lines, moment))
        if fate == "lost":
            facts.append(Lost(parcel, None, lines, moment))
        if fate == "returned":
            producer = data.draw(st.sampled_from(["native", "shopify"])) if number["returned"] == 1 else "shopify"
            facts.append(back_by(producer, f"R{place}", l1=1))
        if fate == "cancelled":
            facts.append(cancelled(f"C{place}", l1=1))
    parcels = [Parcel(f"T{place}", None, {"1": 1}) for place in range(3)] if in_parcels else []
    bought = order(line("1", 1500_00, 3), parcels=parcels)
    state = fold(bought, data.draw(st.permutations([*facts, *facts[:2]])))
    left = 3 - arrived - max(number["lost"], number["cancelled"])
    assert state.kept.pieces["1"] == number["delivered"]
    assert state.awaited.get("1", 0) == (max(0, left) if number["lost"] else left)
    assert state.is_cancelled is (number["cancelled"] == 3)


@pytest.mark.parametrize(
    ("facts", "goods", "shipping"),
    [
        ([back_by("shopify", "S", amount=700_00)], 700_00, 0),
        ([back_by("shopify", "S", amount=700_00), back_by("aftership", "A", l1=1)], 200_00, 0),
        ([back_by("shopify", "S", amount=400_00), back_by("aftership", "A", l1=1)], 0, 0),
        ([back_by("shopify", "S", amount=510_00, shipping=10_00), back_by("aftership", "A", l1=1)], 0, 10_00),
        ([back_by("shopify", "S", amount=700_00), back_by("shopify", "S2", l1=1)], 700_00, 0),
        ([back_by("shopify", "S", amount=7_00), back_by("native", "N", amount=9_00)], 9_00, 0),
        ([back_by("shopify", "S", amount=7_00), back_by("shopify", "S2", amount=2_00)], 9_00, 0),
        ([back_by("shopify", "S", amount=600_00), cancelled("C", "storefront", l1=1)], 100_00, 0),
        ([back_by("shopify", "S", amount=600_00), cancelled("C", "shopify", l1=1)], 600_00, 0),
    ],
)
def test_money_counts_beyond_the_lines_that_other_systems_report(facts, goods, shipping):
    """R33c: of several systems' money, the most."""
    for ordered in permutations(facts):
        kept = fold(THREE, [news(Delivered, l1=2), *ordered]).kept
        assert (kept.refunds_without_lines_minor, kept.shipping_refunded_minor) == (Fraction(goods), shipping)


# Orders grow.

GIFT = OrderLine("9", "p-9", 1, 50_00)
ADDED = LinesAdded((GIFT,), 5_00, at("2026-06-14 12:00"))


def points(bought: Order, *facts: Fact) -> tuple[int, int]:
    """Points of what is kept, and of what may be kept."""
    state = fold(bought, facts)
    return worth(state.order, state.kept, ES, ()).total, worth(state.order, state.possible, ES, ()).total


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        ([ADDED], (0, 165)),
        ([ADDED, news(Delivered, day=13)], (110, 165)),
        ([ADDED, news(Delivered, day=15)], (165, 165)),
        ([ADDED, news(Delivered, "T5", 13)], (110, 165)),
        ([ADDED, news(Delivered, "T5", 13), news(Delivered, "T6", 15, l9=1)], (165, 165)),
        ([ADDED, news(Delivered, day=13, l9=1)], (55, 165)),
        ([news(Delivered, day=13, l9=1)], (0, 110)),
        ([ADDED, news(Delivered, day=15), back(l9=1)], (110, 110)),
        ([ADDED, ParcelRecorded("T1", None, (("1", 1),), LATER), news(Delivered, "T1")], (110, 165)),
        ([ParcelRecorded("T1", None, (("9", 1),), LATER), news(Delivered, "T1"), ADDED], (55, 165)),
        ([ADDED, Cancelled("C", (), at("2026-06-13"))], (0, 55)),
        ([ADDED, cancelled()], (0, 0)),
    ],
)
def test_added_lines_count_with_the_news_that_can_be_about_them(facts, expected):
    """R61a: news that names no line is about the lines that the order had at that time."""
    bought = order(line("1", 100_00), shipping=10_00)
    for ordered in permutations(facts):
        assert points(bought, *ordered) == expected


def test_a_recorded_parcel_is_the_same_whenever_it_is_reported():
    parcel = ParcelRecorded("T1", "DHL", (("1", 1),), LATER)
    at_first = order(line("1", 10_00, 2), parcels=[parcel.parcel])
    later = order(line("1", 10_00, 2))
    for facts in ([], [news(Delivered, "T1")], [news(Lost, "T1"), news(Delivered)], [back(number="T1")]):
        with_parcel = fold(later, [*facts, parcel])
        assert (with_parcel.kept, with_parcel.possible, with_parcel.parcels) == (
            fold(at_first, facts).kept, fold(at_first, facts).possible, fold(at_first, facts).parcels
        )  # fmt: skip


def test_the_campaign_of_an_added_line_never_changes_the_part_of_the_others():
    """R61a: points that were credited under one part stay there."""
    own, other = campaign("a", products=["p-1"]), campaign("b", amount="3", products=["p-9"])
    bought = order(line("1", 100_00, product="p-1"))
    before = fold(bought, [news(Delivered)])
    after = fold(bought, [news(Delivered), ADDED, news(Delivered, day=15)])
    assert worth(before.order, before.kept, ES, [own]).bonuses == {"a": 100}
    assert worth(after.order, after.kept, ES, [own, other]).bonuses == {"a": 100, "b": 100}


@pytest.mark.parametrize(
    "fact", [cancelled(by="shopify", l1=2), cancelled(), given_up(l1=2), ADDED, back_by("shopify", "S", amount=3),
             ParcelRecorded("T1", "DHL", (("1", 1),), LATER), LinesAdded((GIFT,), 0, LATER, (("c", ("p-9",)),))],
)  # fmt: skip
def test_a_fact_is_the_same_after_it_was_stored(fact):
    stored = fact_of(type(fact).__name__, content_of(fact), fact.occurred_at, getattr(fact, "producer", "native"))
    assert (stored, stored.key) == (fact, fact.key)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (cancelled(l1=1), cancelled(l1=2), True),
        (cancelled(by="shopify"), cancelled(by="storefront"), True),
        (cancelled(), cancelled("C2"), False),
        (given_up(l1=1), given_up(l1=2), False),
        (ADDED, LinesAdded((GIFT,), 0, LATER), True),
        (ADDED, LinesAdded((OrderLine("8", "p", 1, 1),), 0, LATER), False),
        (ParcelRecorded("T", "DHL", (), LATER), ParcelRecorded("T", "dhl", (("1", 1),), LATER), True),
        (ParcelRecorded("T", "DHL", (), LATER), ParcelRecorded("T", None, (), LATER), False),
    ],
)
def test_the_same_fact_has_the_same_business_key(one, other, same):
    assert (one.key == other.key) is same
