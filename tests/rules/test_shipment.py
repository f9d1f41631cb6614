"""The state that all facts about an order add up to (R31, R33, R33a, R34)."""

from dataclasses import replace
from itertools import permutations

import pytest

from loyalty.orders.fact_rows import content_of, fact_of
from loyalty.orders.rules.boxes import UnknownParcel
from loyalty.orders.rules.facts import Delivered, Fact, InTransit, Lost, Movement, Returned, ReturnedToSender
from loyalty.orders.rules.order import Parcel
from loyalty.orders.rules.shipment import fold
from loyalty.orders.rules.unknown_lines import UnknownLine, unknown_lines
from tests.support.terms import at, line, order

TWO = order(
    line("1", 20_00, 2),
    line("2", 10_00),
    parcels=[Parcel("T1", "DHL", {"1": 1}), Parcel("T2", "DHL", {"1": 1, "2": 1})],
)
PLAIN = order(line("1", 20_00, 2), line("2", 10_00))
ALL = {"1": 2, "2": 1}
NONE = {"1": 0, "2": 0}
EACH = {"1": 1, "2": 1}
FIRST = {"1": 2, "2": 0}
SECOND = {"1": 0, "2": 1}
PIECE = {"1": 1, "2": 0}
PAIR, SINGLE, ONE = order(line("1", 20_00, 2)), order(line("1", 20_00)), {"1": 1}


def news(kind: type[Movement], number: str | None = None, day: int = 12, *, by: str | None = None, **pieces: int):
    """A movement on a day of June; pieces are given as l1=…, l2=…."""
    lines = tuple((name[1:], quantity) for name, quantity in pieces.items())
    return kind(number, by, lines, at(f"2026-06-{day} 12:00"))


def back(
    name: str = "R1", number: str | None = None, amount: int | None = None, shipping: int = 0, **pieces: int
) -> Returned:
    """A return; amounts in minor units, pieces are given as l1=…, l2=…."""
    lines = tuple((each[1:], quantity) for each, quantity in pieces.items())
    return Returned(name, number, lines, amount, shipping, at("2026-06-20 12:00"))


CASES = [
    # recorded parcels
    ("nothing known", TWO, [], NONE, ALL),
    ("one parcel", TWO, [news(Delivered, "T1")], PIECE, ALL),
    ("both parcels", TWO, [news(Delivered, "T1"), news(Delivered, "T2")], ALL, ALL),
    ("the same news twice", TWO, [news(Delivered, "T1"), news(Delivered, "T1", 13)], PIECE, ALL),
    ("in transit", TWO, [news(InTransit, "T1")], NONE, ALL),
    ("in transit reported late", TWO, [news(Delivered, "T1"), news(InTransit, "T1", 13)], PIECE, ALL),
    ("sent back", TWO, [news(ReturnedToSender, "T1")], NONE, EACH),
    (
        "delivered after sent back is sent back",
        TWO,
        [news(ReturnedToSender, "T1", 12), news(Delivered, "T1", 13)],
        NONE,
        EACH,
    ),
    ("lost", TWO, [news(Lost, "T2")], NONE, PIECE),
    ("lost and found", TWO, [news(Lost, "T2", 12), news(Delivered, "T2", 13)], EACH, ALL),
    (
        "delivered and then lost",
        TWO,
        [news(Delivered, "T2", 12), news(Lost, "T2", 13)],
        NONE,
        PIECE,
    ),
    ("a tie is lost", TWO, [news(Delivered, "T2"), news(Lost, "T2")], NONE, PIECE),
    (
        "a lost parcel sent again under another number",
        TWO,
        [news(Lost, "T2"), news(Delivered, "T3", l1=1, l2=1)],
        EACH,
        ALL,
    ),
    # parcels that were not recorded
    ("an unrecorded parcel is of everything", PLAIN, [news(Delivered, "T9")], ALL, ALL),
    ("or of what it names", PLAIN, [news(Delivered, "T9", l2=1)], SECOND, ALL),
    (
        "or of what is in no recorded parcel",
        order(line("1", 20_00, 2), line("2", 10_00), parcels=[Parcel("T1", None, {"1": 1})]),
        [news(Delivered, "T9")],
        EACH,
        ALL,
    ),
    (
        "the first delivery is of everything",
        PLAIN,
        [news(Delivered, "T8"), news(ReturnedToSender, "T9")],
        ALL,
        ALL,
    ),
    (
        "an unrecorded parcel named once is known by its number",
        PLAIN,
        [news(InTransit, "T9", l2=1), news(Delivered, "T9", 13)],
        SECOND,
        ALL,
    ),
    # without a tracking number
    ("everything", TWO, [news(Delivered)], ALL, ALL),
    ("the lines it names", TWO, [news(Delivered, l1=1)], PIECE, ALL),
    (
        "two of them add up",
        PLAIN,
        [news(Delivered, l1=1), news(Delivered, day=13, l1=1)],
        FIRST,
        ALL,
    ),
    (
        "never more than bought",
        PLAIN,
        [news(Delivered, l1=2), news(Delivered, day=13, l1=2)],
        FIRST,
        ALL,
    ),
    ("a parcel and a line", TWO, [news(Delivered, "T1"), news(Delivered, l1=1)], FIRST, ALL),
    (
        "everything but what went back",
        TWO,
        [news(Delivered, day=14), news(ReturnedToSender, "T1")],
        EACH,
        EACH,
    ),
    (
        "a named line does not bring back what went back",
        order(line("1", 1), parcels=[Parcel("T1", None, {"1": 1})]),
        [news(ReturnedToSender, "T1", 12), news(Delivered, day=13, l1=1)],
        {"1": 0},
        {"1": 0},
    ),
    (
        "a named line delivered after its parcel was lost is found",
        order(line("1", 1), parcels=[Parcel("T1", None, {"1": 1})]),
        [news(Lost, "T1", 12), news(Delivered, day=13, l1=1)],
        {"1": 1},
        {"1": 1},
    ),
    (
        "and lost when the loss came after it",
        order(line("1", 1), parcels=[Parcel("T1", None, {"1": 1})]),
        [news(Lost, "T1", 13), news(Delivered, day=12, l1=1)],
        {"1": 0},
        {"1": 0},
    ),
    ("everything sent back", PLAIN, [news(Delivered), news(ReturnedToSender)], NONE, NONE),
    (
        "a line sent back",
        PLAIN,
        [news(Delivered), news(ReturnedToSender, l1=1)],
        EACH,
        EACH,
    ),
    ("everything lost, then delivered", PLAIN, [news(Lost, day=12), news(Delivered, day=13)], ALL, ALL),
    ("everything lost at last", PLAIN, [news(Lost, day=13), news(Delivered, day=12)], NONE, NONE),
    ("a line lost", PLAIN, [news(Lost, l2=1)], NONE, FIRST),
    (
        "a line lost and found",
        PLAIN,
        [news(Lost, l2=1), news(Delivered, day=13, l2=1)],
        SECOND,
        ALL,
    ),
    # without a tracking number: of other pieces than those that arrived, while there are any
    ("one arrived and one went back", PAIR, [news(Delivered, l1=1), news(ReturnedToSender, day=13, l1=1)], ONE, ONE),
    ("one arrived and one is lost", PAIR, [news(Delivered, l1=1), news(Lost, day=13, l1=1)], ONE, ONE),
    ("one is lost and one arrived", PAIR, [news(Lost, l1=1), news(Delivered, day=13, l1=1)], ONE, ONE),
    ("and then the lost one", PAIR,
     [news(Delivered, l1=1), news(Lost, day=13, l1=1), news(Delivered, day=14, l1=1)], {"1": 2}, {"1": 2}),
    ("and then lost both", PAIR,
     [news(Lost, l1=1), news(Delivered, day=13, l1=1), news(Lost, day=14, l1=1)], {"1": 0}, {"1": 0}),
    ("both arrived and one went back", PAIR, [news(Delivered, l1=2), news(ReturnedToSender, l1=1)], ONE, ONE),
    ("both arrived and one is lost", PAIR, [news(Delivered, l1=2), news(Lost, day=13, l1=1)], ONE, ONE),
    ("one was lost and both arrived", PAIR, [news(Delivered, day=13, l1=2), news(Lost, l1=1)], {"1": 2}, {"1": 2}),
    ("both went back", PAIR,
     [news(ReturnedToSender, l1=1), news(ReturnedToSender, day=13, l1=1), news(Delivered, l1=1)], {"1": 0}, {"1": 0}),
    ("the lost one went back", PAIR,
     [news(Delivered, l1=1), news(Lost, day=13, l1=1), news(ReturnedToSender, day=14, l1=1)], ONE, ONE),
    ("of one piece, what went back did not arrive", SINGLE,
     [news(Delivered, day=14, l1=1), news(ReturnedToSender, l1=1)], {"1": 0}, {"1": 0}),
    ("one parcel arrived, a piece went back", TWO, [news(Delivered, "T1"), news(ReturnedToSender, l1=1)], PIECE, EACH),
    ("one parcel arrived, a piece is lost", TWO, [news(Delivered, "T1"), news(Lost, day=13, l1=1)], PIECE, EACH),
    ("both parcels arrived, a piece went back", TWO,
     [news(Delivered, "T1"), news(Delivered, "T2"), news(ReturnedToSender, l1=1)], EACH, EACH),
    ("both parcels arrived, a piece is lost since", TWO,
     [news(Delivered, "T1"), news(Delivered, "T2"), news(Lost, day=13, l1=1)], EACH, EACH),
    ("a piece was lost before both parcels arrived", TWO,
     [news(Delivered, "T1", 13), news(Delivered, "T2", 13), news(Lost, l1=1)], ALL, ALL),
    ("one parcel went back, a piece too", TWO, [news(ReturnedToSender, "T1"), news(ReturnedToSender, l1=1)],
     NONE, SECOND),
    ("a piece that went back is not the lost parcel's", TWO,
     [news(Lost, "T1"), news(ReturnedToSender, day=13, l1=1)], NONE, SECOND),
    ("but it is the lost parcel's, if the other parcel arrived", TWO,
     [news(Lost, "T1"), news(ReturnedToSender, day=13, l1=1), news(Delivered, "T2")], EACH, EACH),
    ("the parcel that went back was reported lost", TWO,
     [news(ReturnedToSender, "T1"), news(Lost, l1=1), news(Delivered, "T2", 11)], EACH, EACH),
    ("one parcel is lost, the other's piece arrived before", TWO, [news(Lost, "T1", 13), news(Delivered, l1=1)],
     PIECE, EACH),
    ("everything arrived, two pieces went back", PLAIN,
     [news(Delivered), news(ReturnedToSender, l1=1), news(ReturnedToSender, l2=1)], PIECE, PIECE),
    ("sent back and returned", PAIR, [news(Delivered, l1=2), news(ReturnedToSender, l1=1), back(l1=1)],
     {"1": 0}, {"1": 0}),
    # returns
    ("returned", PLAIN, [news(Delivered), back(l1=1)], EACH, EACH),
    ("returned before delivery", PLAIN, [back(l1=2)], NONE, SECOND),
    (
        "two returns",
        PLAIN,
        [news(Delivered), back(l1=1), back("R2", l1=1)],
        SECOND,
        SECOND,
    ),
    ("returned more than bought", PLAIN, [news(Delivered), back(l1=9)], SECOND, SECOND),
    ("everything returned", PLAIN, [news(Delivered), back()], NONE, NONE),
    ("a parcel returned", TWO, [news(Delivered), back(number="T1")], EACH, EACH),
    ("a parcel returned before it arrived takes nothing of another", TWO, [news(Delivered, "T1"), back(number="T2")],
     PIECE, PIECE),
    ("nor do pieces of it", TWO, [news(Delivered, "T1"), back(number="T2", l1=1)], PIECE, EACH),
    ("nor does one that went back and is returned", TWO,
     [news(Delivered, "T1"), news(ReturnedToSender, "T2"), back(number="T2")], PIECE, PIECE),
    ("and once it arrives it is the same", TWO,
     [news(Delivered, "T1"), news(Delivered, "T2"), back(number="T2")], PIECE, PIECE),
    ("a parcel is returned once", TWO,
     [news(Delivered), back(number="T1"), back("R2", number="T1")], EACH, EACH),
    ("more pieces than are in it are of others", TWO, [news(Delivered), back(number="T1", l1=2)], SECOND, SECOND),
    ("pieces returned under an unknown number", TWO, [news(Delivered), back(number="T9", l1=1)], EACH, EACH),
    ("lost, found without its number, and returned", order(line("1", 1), parcels=[Parcel("T1", None, {"1": 1})]),
     [news(Lost, "T1", 12), news(Delivered, day=13, l1=1), back(number="T1")], {"1": 0}, {"1": 0}),
    ("a parcel reported later and returned", PLAIN, [news(Delivered, "T8", l1=1), news(InTransit, "T9", l1=1),
     back(number="T9")], PIECE, EACH),
    (
        "lines win over money",
        PLAIN,
        [news(Delivered), back(l2=1, amount=99_00)],
        FIRST,
        FIRST,
    ),
    ("money takes no piece", PLAIN, [news(Delivered), back(amount=5_00)], ALL, ALL),
    ("nor does money for a parcel", TWO, [news(Delivered), back(number="T1", amount=5_00)], ALL, ALL),
    (
        "kept is delivered minus returned, never below zero",
        TWO,
        [news(Delivered, "T1"), back(l1=2, l2=1)],
        NONE,
        NONE,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bought", "facts", "kept", "possible"), [each[1:] for each in CASES], ids=[c[0] for c in CASES]
)
def test_the_facts_together_decide_which_pieces_the_customer_keeps(bought, facts, kept, possible):
    """R33, R33a, R34: in any order, and with each fact repeated."""
    for ordered in permutations(facts):
        state = fold(bought, [*ordered, *facts])
        assert dict(state.kept.pieces) == kept
        assert dict(state.possible.pieces) == possible


@pytest.mark.parametrize(
    ("facts", "shipping", "other"),
    [
        ([back(amount=9_99, shipping=4_99)], 4_99, 5_00),
        ([back(amount=4_99, shipping=4_99)], 4_99, 0),
        ([back(shipping=4_99)], 4_99, 0),
        ([back(amount=0)], 0, 0),
        ([back(amount=5_00), back("R2", amount=2_00)], 0, 7_00),
        ([back(amount=5_00), back(amount=5_00)], 0, 5_00),
        ([back(l1=1, amount=9_99, shipping=4_99)], 0, 0),
        ([back()], 0, 0),
    ],
)
def test_a_refunded_amount_counts_only_for_a_return_without_lines(facts, shipping, other):
    """R33a: a shipping refund is inside the amount; the same return id is one return."""
    kept = fold(PLAIN, facts).kept
    assert (kept.shipping_refunded_minor, kept.refunds_without_lines_minor) == (shipping, other)


@pytest.mark.parametrize(
    ("facts", "states"),
    [
        ([], ["EXPECTED", "EXPECTED"]),
        ([news(InTransit, "T1")], ["IN_TRANSIT", "EXPECTED"]),
        ([news(Delivered, "T1"), news(InTransit, "T1", 13)], ["DELIVERED", "EXPECTED"]),
        ([news(Delivered)], ["DELIVERED", "DELIVERED"]),
        ([news(ReturnedToSender, "T1"), news(Lost, "T2")], ["RETURNED", "LOST"]),
        ([news(Delivered, "T3", l2=1)], ["EXPECTED", "EXPECTED", "DELIVERED"]),
    ],
)
def test_parcels_show_where_they_are(facts, states):
    """R34."""
    assert [each.state for each in fold(TWO, facts).parcels] == states


def test_a_parcel_was_delivered_when_it_first_arrived():
    facts = [
        news(Delivered, "T1", 14),
        news(Delivered, "T1", 12),
        news(Delivered, "T1", 10),
        news(Lost, "T1", 11),
    ]
    parcel = fold(TWO, facts).parcels[0]
    assert (parcel.delivered_at, parcel.line_ids) == (at("2026-06-12 12:00"), ("1",))


SAME = order(line("1", 1), line("2", 1), parcels=[Parcel("T", "DHL", {"1": 1}), Parcel("T", "UPS", {"2": 1})])


@pytest.mark.parametrize(
    ("bought", "carrier", "kept"),
    [
        (SAME, "ups", SECOND),
        (SAME, "dhl", PIECE),
        (SAME, None, PIECE),
        (SAME, "Royal Mail", PIECE),
        (TWO, "Royal Mail", PIECE),
        (TWO, None, PIECE),
    ],
)
def test_the_carrier_only_decides_between_parcels_with_the_same_number(bought, carrier, kept):
    """R34."""
    number = bought.parcels[0].tracking_number
    assert dict(fold(bought, [news(Delivered, number, by=carrier)]).kept.pieces) == kept


@pytest.mark.parametrize(
    ("bought", "carrier", "kept"),
    [(SAME, "ups", PIECE), (SAME, "Dhl", SECOND), (SAME, None, SECOND), (TWO, "Royal Mail", EACH), (TWO, None, EACH)],
)
def test_the_carrier_also_decides_which_parcel_was_returned(bought, carrier, kept):
    """R33a, R34: of two parcels with the same number, the carrier's is returned."""
    returned = replace(back(number=bought.parcels[0].tracking_number), carrier=carrier)
    assert dict(fold(bought, [news(Delivered), returned]).kept.pieces) == kept


def test_a_return_of_a_parcel_that_the_order_cannot_have_is_refused_by_name():
    with pytest.raises(UnknownParcel, match="T9"):
        fold(TWO, [back(number="T9")])


@pytest.mark.parametrize("fact", [news(Delivered, l9=1), news(Lost, "T1", l9=1), back(l9=1)])
def test_a_line_the_order_does_not_have_is_refused_by_name(fact):
    with pytest.raises(UnknownLine) as refused:
        unknown_lines(TWO, [fact])
    assert refused.value.line_id == "9"


def key(fact: Fact) -> str:
    return fact.key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (news(Delivered, "T1", by="DHL"), news(Delivered, "T1", by="dhl"), True),
        (news(Delivered, "T1"), news(Delivered, "T2"), False),
        (news(Delivered, "T1"), news(Lost, "T1"), False),
        (news(Delivered, "T1"), news(Delivered, "T1", 13), False),
        (news(InTransit, "T1"), news(InTransit, "T1", 13), True),
        (news(ReturnedToSender, "T1"), news(ReturnedToSender, "T1", 13), True),
        (news(Delivered, l1=1, l2=1), news(Delivered, l2=1, l1=1), True),
        (news(Delivered, l1=1), news(Delivered, l1=2), False),
        (news(Delivered, l1=1), news(Delivered, day=13, l1=1), False),
        (news(InTransit), news(InTransit, day=13), False),
        (Delivered("A:B", None, (), at("2026-06-12")), Delivered("A", "B", (), at("2026-06-12")), False),
        (back(l1=1), back(amount=3), True),
        (back(), back("R2"), False),
    ],
)
def test_the_same_fact_has_the_same_business_key(one, other, same):
    """R33a: a return's business key is its id."""
    assert (key(one) == key(other)) is same


def test_a_key_stays_short_however_many_lines_there_are():
    many = Delivered(None, None, tuple((f"line-{n:012}", 1) for n in range(500)), at("2026-06-12"))
    assert len(many.key) < 150
    assert back().key == "return:R1"


def test_the_same_instant_in_another_zone_is_the_same_fact():
    madrid = at("2026-06-12 12:00").astimezone()
    assert Delivered("T1", None, (), madrid).key == news(Delivered, "T1").key


def test_a_stored_return_has_its_carrier_and_one_stored_before_carriers_has_none():
    returned = replace(back(number="T1"), carrier="DHL")
    assert fact_of("Returned", content_of(returned), returned.occurred_at) == returned
    assert returned.key == back(number="T1").key
    earlier = {key: value for key, value in content_of(returned).items() if key != "carrier"}
    assert fact_of("Returned", earlier, returned.occurred_at) == back(number="T1")


def test_any_return_is_distinguished_from_an_order_that_never_arrived():
    """R60: RETURNED or NOT_DELIVERED."""
    assert fold(PLAIN, [back(amount=1)]).any_return
    assert not fold(PLAIN, [news(ReturnedToSender), news(Lost)]).any_return
