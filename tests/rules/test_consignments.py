"""The shop's own shipments, such as Shopify's fulfillments: the pieces that travel and arrive with them (R34)."""

from collections import Counter
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.orders.fact_rows import content_of, fact_of
from loyalty.orders.rules.boxes import UnknownParcel
from loyalty.orders.rules.facts import Delivered, InTransit, Lost, Movement, Returned, ReturnedToSender
from loyalty.orders.rules.order import Parcel
from loyalty.orders.rules.shipment import fold
from tests.support.terms import at, line, order

LINES = (line("1", 20_00, 2), line("2", 10_00))
PLAIN = order(*LINES)
ALL_IN_ONE = order(*LINES, parcels=[Parcel("T1", None, {"1": 2, "2": 1})])
PART_IN_ONE = order(*LINES, parcels=[Parcel("T1", None, {"1": 1})])
TWO = order(*LINES, parcels=[Parcel("T1", None, {"1": 2}), Parcel("T2", None, {"2": 1})])
ALIKE = order(*LINES, parcels=[Parcel("T1", None, {"1": 1}), Parcel("T2", None, {"1": 1})])
ALL, NONE = {"1": 2, "2": 1}, {"1": 0, "2": 0}
ONES, SECOND, PIECE, REST = {"1": 2, "2": 0}, {"1": 0, "2": 1}, {"1": 1, "2": 0}, {"1": 1, "2": 1}


def of(consignment: str | None, kind: type[Movement], number: str | None = None, day: int = 12, **pieces: int):
    """A movement of a consignment on a day of June; pieces are given as l1=…, l2=…."""
    lines = tuple((name[1:], quantity) for name, quantity in pieces.items())
    return kind(number, None, lines, at(f"2026-06-{day} 12:00"), consignment)


SPLIT = [of("F1", InTransit, "A", l1=2), of("F2", InTransit, "B", l2=1)]
UNNUMBERED = [of("F1", InTransit, l1=2), of("F2", InTransit, l2=1)]
TWO_BOXES = [of("F1", InTransit, "A", l1=1, l2=1), of("F1", InTransit, "B", l1=1, l2=1), of("F2", InTransit, "C", l1=1)]

CASES = [
    # its pieces are not known
    ("alone it is of everything", PLAIN, [of("F1", Delivered)], ALL, ALL),
    ("in transit is not there", PLAIN, [of("F1", InTransit)], NONE, ALL),
    ("two of them are no more than everything", PLAIN, [of("F1", Delivered), of("F2", Delivered)], ALL, ALL),
    ("it is of what it names itself", PLAIN, [of("F1", Delivered, l2=1)], SECOND, ALL),
    ("sent back, it is not there", PLAIN, [of("F1", Delivered), of("F1", ReturnedToSender)], NONE, NONE),
    ("lost and found", PLAIN, [of("F1", Lost), of("F1", Delivered, day=13)], ALL, ALL),
    # its pieces are known
    ("handed over is not delivered", PLAIN, SPLIT, NONE, ALL),
    ("one of two with numbers", PLAIN, [*SPLIT, of("F1", Delivered)], ONES, ALL),
    ("one of two without numbers", PLAIN, [*UNNUMBERED, of("F2", Delivered)], SECOND, ALL),
    ("both of two", PLAIN, [*SPLIT, of("F1", Delivered), of("F2", Delivered, day=13)], ALL, ALL),
    ("the carrier and the shop mean one parcel", PLAIN,
     [*SPLIT, of("F1", Delivered), of(None, Delivered, "A")], ONES, ALL),
    ("the carrier's news is enough", PLAIN, [*SPLIT, of(None, Delivered, "B")], SECOND, ALL),
    ("the carrier takes it back to the sender", PLAIN,
     [*SPLIT, of("F1", Delivered), of(None, ReturnedToSender, "A")], NONE, SECOND),
    ("an unknown one holds no piece of the others", PLAIN, [*SPLIT, of("F3", Delivered)], NONE, ALL),
    ("nor the rest, until the shop lists it", PLAIN, [SPLIT[0], of("F2", Delivered)], NONE, ALL),
    ("the number in one fact, the lines in another", PLAIN,
     [of("F1", InTransit, l1=2), of("F1", InTransit, "A"), of(None, Delivered, "A")], ONES, ALL),
    ("two in one parcel arrive together", PLAIN,
     [of("F1", InTransit, "A", l1=1), of("F2", InTransit, "A", l1=1), of("F1", Delivered)], ONES, ALL),
    # several numbers
    ("either number is all of it", PLAIN, [*TWO_BOXES, of(None, Delivered, "B")], REST, ALL),
    ("both numbers are no more", PLAIN, [*TWO_BOXES, of(None, Delivered, "A"), of(None, Delivered, "B")], REST, ALL),
    ("sent again under another number", PLAIN,
     [*TWO_BOXES, of(None, ReturnedToSender, "A"), of(None, Delivered, "B")], REST, ALL),
    # recorded parcels
    ("the only parcel", ALL_IN_ONE, [of("F1", Delivered)], ALL, ALL),
    ("the only parcel, once", ALL_IN_ONE, [of("F1", Delivered), of(None, Delivered, "T1")], ALL, ALL),
    ("the only parcel, not what is outside", PART_IN_ONE, [of("F1", Delivered)], PIECE, ALL),
    ("a parcel by its number", TWO, [of("F1", InTransit, "T2"), of("F1", Delivered)], SECOND, ALL),
    ("a parcel by its pieces", TWO,
     [of("F1", InTransit, l2=1), of("F1", Delivered), of(None, Delivered, "T2")], SECOND, ALL),
    ("of two parcels it can be either", TWO, [of("F1", Delivered)], NONE, ALL),
    ("two alike in two parcels alike went back", ALIKE,
     [of("F1", InTransit, l1=1), of("F2", InTransit, l1=1), of("F1", ReturnedToSender), of("F2", ReturnedToSender)],
     NONE, SECOND),
    ("two alike, of which one was recorded", PART_IN_ONE,
     [of("F1", InTransit, l1=1), of("F2", InTransit, l1=1), of("F1", Delivered), of("F2", Delivered)], ONES, ALL),
    ("not the parcel that another one is", PART_IN_ONE,
     [of("F1", InTransit, "T1"), of("F1", Delivered), of("F2", ReturnedToSender)], PIECE, PIECE),
    ("nor the one that another one is by its pieces", PART_IN_ONE,
     [of("F1", InTransit, l1=1), of("F1", Delivered), of("F2", InTransit), of("F2", ReturnedToSender)], PIECE, ALL),
    ("the parcel that no other one is", TWO, [of("F1", InTransit, l1=2), of("F2", Delivered)], SECOND, ALL),
    ("another number than was recorded", ALL_IN_ONE, [*SPLIT, of("F1", Delivered)], ONES, ALL),
    # together with news of everything, and of lines
    ("everything is it too", PLAIN, [*SPLIT, of(None, Delivered)], ALL, ALL),
    ("everything but what went back", PLAIN, [*SPLIT, of(None, Delivered), of("F2", ReturnedToSender)], ONES, ONES),
    ("returned", PLAIN, [*SPLIT, of("F1", Delivered),
     Returned("R1", None, (("1", 1),), None, 0, at("2026-06-20"))], PIECE, {"1": 1, "2": 1}),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bought", "facts", "kept", "possible"), [each[1:] for each in CASES], ids=[c[0] for c in CASES]
)
def test_the_facts_together_decide_which_pieces_arrived_with_a_consignment(bought, facts, kept, possible):
    """R34: in any order, and with each fact repeated."""
    for ordered in permutations(facts):
        state = fold(bought, [*ordered, *facts])
        assert dict(state.kept.pieces) == kept
        assert dict(state.possible.pieces) == possible


def test_an_order_waits_until_it_is_known_which_recorded_parcel_a_consignment_is():
    """R34: however long that takes; no fact is refused."""
    delivered = of("F1", Delivered)
    assert dict(fold(TWO, [delivered]).kept.pieces) == NONE
    assert dict(fold(TWO, [delivered, of("F1", InTransit, "T1", l1=2)]).kept.pieces) == ONES


NEWS = st.builds(
    of,
    st.sampled_from([None, "F1", "F2"]),
    st.sampled_from([Delivered, InTransit, Lost, ReturnedToSender]),
    st.sampled_from([None, "T1", "A", "B"]),
    st.integers(11, 14),
    l1=st.integers(0, 2),
    l2=st.integers(0, 1),
)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([PLAIN, ALL_IN_ONE, PART_IN_ONE, TWO]), st.lists(NEWS, max_size=4), NEWS)
def test_news_that_is_accepted_alone_is_accepted_after_any_other(bought, before, news):
    """R34: so a refusal does not depend on the order of the news; refused news is accepted once more is known."""
    try:
        fold(bought, before)
        fold(bought, [news])
    except UnknownParcel:
        return
    fold(bought, [*before, news])


def test_parcels_that_the_shop_reported_show_where_they_are():
    states = [
        (each.tracking_number, each.state, each.line_ids) for each in fold(PLAIN, [*SPLIT, of("F2", Delivered)]).parcels
    ]
    assert states == [("A", "IN_TRANSIT", ("1",)), ("B", "DELIVERED", ("2",))]
    assert fold(PLAIN, [of("F1", Delivered)]).parcels == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (of("F1", Delivered), of("F1", Delivered), True),
        (of("F1", Delivered), of("F2", Delivered), False),
        (of("F1", Delivered), of(None, Delivered), False),
        (of("F1", Delivered), of("F1", Delivered, day=13), False),
        (of("F1", InTransit), of("F1", InTransit, day=13), True),
        (of("F1", InTransit, "A"), of("F1", InTransit, "B"), False),
        (of("F1", InTransit, "A"), of("F2", InTransit, "A"), False),
        (of("F1:F2", Delivered), of("F1", Delivered), False),
    ],
)
def test_the_same_fact_about_a_consignment_has_the_same_business_key(one, other, same):
    assert (one.key == other.key) is same


def test_keys_of_facts_without_a_consignment_never_change():
    assert of(None, Delivered).key == "delivered::::2026-06-12T10:00:00+00:00"
    assert of(None, InTransit, l1=1).key == "in_transit:::1*1:2026-06-12T10:00:00+00:00"
    assert of(None, InTransit, "A", l1=1).key == "in_transit:A::1*1:"
    assert of("F1", InTransit, "A", l1=1).key == "in_transit:A::1*1::F1"


def test_a_stored_fact_has_its_consignment_and_one_stored_before_consignments_has_none():
    sent = of("F1", InTransit, "A", l1=1)
    assert fact_of("InTransit", content_of(sent), sent.occurred_at) == sent
    assert "consignment" not in content_of(of(None, InTransit, "A"))
    earlier = {"tracking_number": "A", "carrier": None, "lines": []}
    assert fact_of("InTransit", earlier, sent.occurred_at) == of(None, InTransit, "A")


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_the_customer_keeps_the_pieces_of_the_consignments_that_arrived(data):
    """R34: shop or carrier, under any name, in any order, also if the arrival is reported before the pieces are."""
    bought = order(line("1", 20_00, 3), line("2", 10_00, 2), line("3", 5_00))
    numbers = {"F1": data.draw(st.sampled_from([[], ["A"], ["A", "A2"]])), "F2": ["B"], "F3": []}
    places = [
        (line_id, data.draw(st.sampled_from(sorted(numbers)))) for line_id, n in bought.pieces.items() for _ in range(n)
    ]
    pieces = {name: Counter(line_id for line_id, place in places if place == name) for name in numbers}
    used = {name: held for name, held in pieces.items() if held}
    ties = [
        InTransit(number, None, tuple(sorted(held.items())), at("2026-06-11"), name)
        for name, held in used.items()
        for number in numbers[name] or [None]
    ]
    arrived = data.draw(st.sets(st.sampled_from(sorted(used))))
    news = [
        _arrival(data, name, numbers[name]) for name in sorted(arrived) for _ in range(data.draw(st.integers(1, 2)))
    ]
    state = fold(bought, data.draw(st.permutations([*ties, *news])))
    kept = sum((pieces[name] for name in arrived), Counter[str]())
    assert dict(state.kept.pieces) == {line_id: kept[line_id] for line_id in bought.pieces}
    assert dict(state.possible.pieces) == bought.pieces


def _arrival(data: st.DataObject, name: str, numbers: list[str]) -> Delivered:
    """Reported by the shop under its own name, or by the carrier under a number."""
    number = data.draw(st.sampled_from([None, *numbers]))
    return Delivered(number, None, (), at(f"2026-06-{data.draw(st.integers(12, 14))}"), None if number else name)
