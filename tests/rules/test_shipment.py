"""What the facts about an order say together (R31, R33, R33a, R34)."""

from dataclasses import replace
from itertools import permutations

import pytest

from loyalty.orders.fact_rows import content_of, fact_of
from loyalty.orders.rules.boxes import UnknownParcel
from loyalty.orders.rules.facts import Delivered, Fact, InTransit, Lost, Movement, Returned, ReturnedToSender
from loyalty.orders.rules.order import Parcel
from loyalty.orders.rules.shipment import UnknownLine, fold
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


def told(kind: type[Movement], number: str | None = None, day: int = 12, *, by: str | None = None, **pieces: int):
    """A movement on a day of June; pieces are told as l1=…, l2=…."""
    lines = tuple((name[1:], quantity) for name, quantity in pieces.items())
    return kind(number, by, lines, at(f"2026-06-{day} 12:00"))


def back(
    name: str = "R1", number: str | None = None, amount: int | None = None, shipping: int = 0, **pieces: int
) -> Returned:
    """A return."""
    lines = tuple((each[1:], quantity) for each, quantity in pieces.items())
    return Returned(name, number, lines, amount, shipping, at("2026-06-20 12:00"))


CASES = [
    # recorded parcels
    ("nothing known", TWO, [], NONE, ALL),
    ("one parcel", TWO, [told(Delivered, "T1")], PIECE, ALL),
    ("both parcels", TWO, [told(Delivered, "T1"), told(Delivered, "T2")], ALL, ALL),
    ("told twice", TWO, [told(Delivered, "T1"), told(Delivered, "T1", 13)], PIECE, ALL),
    ("in transit", TWO, [told(InTransit, "T1")], NONE, ALL),
    ("in transit told late", TWO, [told(Delivered, "T1"), told(InTransit, "T1", 13)], PIECE, ALL),
    ("sent back", TWO, [told(ReturnedToSender, "T1")], NONE, EACH),
    (
        "delivered after sent back is sent back",
        TWO,
        [told(ReturnedToSender, "T1", 12), told(Delivered, "T1", 13)],
        NONE,
        EACH,
    ),
    ("lost", TWO, [told(Lost, "T2")], NONE, PIECE),
    ("lost and found", TWO, [told(Lost, "T2", 12), told(Delivered, "T2", 13)], EACH, ALL),
    (
        "delivered and then lost",
        TWO,
        [told(Delivered, "T2", 12), told(Lost, "T2", 13)],
        NONE,
        PIECE,
    ),
    ("a tie is lost", TWO, [told(Delivered, "T2"), told(Lost, "T2")], NONE, PIECE),
    (
        "a lost parcel sent again under another number",
        TWO,
        [told(Lost, "T2"), told(Delivered, "T3", l1=1, l2=1)],
        EACH,
        ALL,
    ),
    # parcels nobody recorded
    ("an unrecorded parcel is of everything", PLAIN, [told(Delivered, "T9")], ALL, ALL),
    ("or of what it names", PLAIN, [told(Delivered, "T9", l2=1)], SECOND, ALL),
    (
        "or of what is in no recorded parcel",
        order(line("1", 20_00, 2), line("2", 10_00), parcels=[Parcel("T1", None, {"1": 1})]),
        [told(Delivered, "T9")],
        EACH,
        ALL,
    ),
    (
        "the first delivery is of everything",
        PLAIN,
        [told(Delivered, "T8"), told(ReturnedToSender, "T9")],
        ALL,
        ALL,
    ),
    (
        "an unrecorded parcel named once is known by its number",
        PLAIN,
        [told(InTransit, "T9", l2=1), told(Delivered, "T9", 13)],
        SECOND,
        ALL,
    ),
    # without a tracking number
    ("everything", TWO, [told(Delivered)], ALL, ALL),
    ("the lines it names", TWO, [told(Delivered, l1=1)], PIECE, ALL),
    (
        "two of them add up",
        PLAIN,
        [told(Delivered, l1=1), told(Delivered, day=13, l1=1)],
        FIRST,
        ALL,
    ),
    (
        "never more than bought",
        PLAIN,
        [told(Delivered, l1=2), told(Delivered, day=13, l1=2)],
        FIRST,
        ALL,
    ),
    ("a parcel and a line", TWO, [told(Delivered, "T1"), told(Delivered, l1=1)], FIRST, ALL),
    (
        "everything but what went back",
        TWO,
        [told(Delivered, day=14), told(ReturnedToSender, "T1")],
        EACH,
        EACH,
    ),
    (
        "a named line does not bring back what went back",
        order(line("1", 1), parcels=[Parcel("T1", None, {"1": 1})]),
        [told(ReturnedToSender, "T1", 12), told(Delivered, day=13, l1=1)],
        {"1": 0},
        {"1": 0},
    ),
    (
        "a named line delivered after its parcel was lost is found",
        order(line("1", 1), parcels=[Parcel("T1", None, {"1": 1})]),
        [told(Lost, "T1", 12), told(Delivered, day=13, l1=1)],
        {"1": 1},
        {"1": 1},
    ),
    (
        "and lost when the loss came after it",
        order(line("1", 1), parcels=[Parcel("T1", None, {"1": 1})]),
        [told(Lost, "T1", 13), told(Delivered, day=12, l1=1)],
        {"1": 0},
        {"1": 0},
    ),
    ("everything sent back", PLAIN, [told(Delivered), told(ReturnedToSender)], NONE, NONE),
    (
        "a line sent back",
        PLAIN,
        [told(Delivered), told(ReturnedToSender, l1=1)],
        EACH,
        EACH,
    ),
    ("everything lost, then delivered", PLAIN, [told(Lost, day=12), told(Delivered, day=13)], ALL, ALL),
    ("everything lost at last", PLAIN, [told(Lost, day=13), told(Delivered, day=12)], NONE, NONE),
    ("a line lost", PLAIN, [told(Lost, l2=1)], NONE, FIRST),
    (
        "a line lost and found",
        PLAIN,
        [told(Lost, l2=1), told(Delivered, day=13, l2=1)],
        SECOND,
        ALL,
    ),
    # without a tracking number: of other pieces than those that arrived, while there are any
    ("one arrived and one went back", PAIR, [told(Delivered, l1=1), told(ReturnedToSender, day=13, l1=1)], ONE, ONE),
    ("one arrived and one is lost", PAIR, [told(Delivered, l1=1), told(Lost, day=13, l1=1)], ONE, ONE),
    ("one is lost and one arrived", PAIR, [told(Lost, l1=1), told(Delivered, day=13, l1=1)], ONE, ONE),
    ("and then the lost one", PAIR,
     [told(Delivered, l1=1), told(Lost, day=13, l1=1), told(Delivered, day=14, l1=1)], {"1": 2}, {"1": 2}),
    ("and then lost both", PAIR,
     [told(Lost, l1=1), told(Delivered, day=13, l1=1), told(Lost, day=14, l1=1)], {"1": 0}, {"1": 0}),
    ("both arrived and one went back", PAIR, [told(Delivered, l1=2), told(ReturnedToSender, l1=1)], ONE, ONE),
    ("both arrived and one is lost", PAIR, [told(Delivered, l1=2), told(Lost, day=13, l1=1)], ONE, ONE),
    ("one was lost and both arrived", PAIR, [told(Delivered, day=13, l1=2), told(Lost, l1=1)], {"1": 2}, {"1": 2}),
    ("both went back", PAIR,
     [told(ReturnedToSender, l1=1), told(ReturnedToSender, day=13, l1=1), told(Delivered, l1=1)], {"1": 0}, {"1": 0}),
    ("the lost one went back", PAIR,
     [told(Delivered, l1=1), told(Lost, day=13, l1=1), told(ReturnedToSender, day=14, l1=1)], ONE, ONE),
    ("of one piece, what went back did not arrive", SINGLE,
     [told(Delivered, day=14, l1=1), told(ReturnedToSender, l1=1)], {"1": 0}, {"1": 0}),
    ("one parcel arrived, a piece went back", TWO, [told(Delivered, "T1"), told(ReturnedToSender, l1=1)], PIECE, EACH),
    ("one parcel arrived, a piece is lost", TWO, [told(Delivered, "T1"), told(Lost, day=13, l1=1)], PIECE, EACH),
    ("both parcels arrived, a piece went back", TWO,
     [told(Delivered, "T1"), told(Delivered, "T2"), told(ReturnedToSender, l1=1)], EACH, EACH),
    ("both parcels arrived, a piece is lost since", TWO,
     [told(Delivered, "T1"), told(Delivered, "T2"), told(Lost, day=13, l1=1)], EACH, EACH),
    ("a piece was lost before both parcels arrived", TWO,
     [told(Delivered, "T1", 13), told(Delivered, "T2", 13), told(Lost, l1=1)], ALL, ALL),
    ("one parcel went back, a piece too", TWO, [told(ReturnedToSender, "T1"), told(ReturnedToSender, l1=1)],
     NONE, SECOND),
    ("a piece that went back is not the lost parcel's", TWO,
     [told(Lost, "T1"), told(ReturnedToSender, day=13, l1=1)], NONE, SECOND),
    ("but it is, when the other one arrived", TWO,
     [told(Lost, "T1"), told(ReturnedToSender, day=13, l1=1), told(Delivered, "T2")], EACH, EACH),
    ("the parcel that went back was said to be lost", TWO,
     [told(ReturnedToSender, "T1"), told(Lost, l1=1), told(Delivered, "T2", 11)], EACH, EACH),
    ("one parcel is lost, the other's piece arrived before", TWO, [told(Lost, "T1", 13), told(Delivered, l1=1)],
     PIECE, EACH),
    ("everything arrived, two pieces went back", PLAIN,
     [told(Delivered), told(ReturnedToSender, l1=1), told(ReturnedToSender, l2=1)], PIECE, PIECE),
    ("sent back and returned", PAIR, [told(Delivered, l1=2), told(ReturnedToSender, l1=1), back(l1=1)],
     {"1": 0}, {"1": 0}),
    # returns
    ("returned", PLAIN, [told(Delivered), back(l1=1)], EACH, EACH),
    ("returned before delivery", PLAIN, [back(l1=2)], NONE, SECOND),
    (
        "two returns",
        PLAIN,
        [told(Delivered), back(l1=1), back("R2", l1=1)],
        SECOND,
        SECOND,
    ),
    ("returned more than bought", PLAIN, [told(Delivered), back(l1=9)], SECOND, SECOND),
    ("everything returned", PLAIN, [told(Delivered), back()], NONE, NONE),
    ("a parcel returned", TWO, [told(Delivered), back(number="T1")], EACH, EACH),
    ("a parcel returned before it arrived takes nothing of another", TWO, [told(Delivered, "T1"), back(number="T2")],
     PIECE, PIECE),
    ("nor do pieces of it", TWO, [told(Delivered, "T1"), back(number="T2", l1=1)], PIECE, EACH),
    ("nor does one that went back and is returned", TWO,
     [told(Delivered, "T1"), told(ReturnedToSender, "T2"), back(number="T2")], PIECE, PIECE),
    ("and once it arrives it is the same", TWO,
     [told(Delivered, "T1"), told(Delivered, "T2"), back(number="T2")], PIECE, PIECE),
    ("a parcel is returned once", TWO,
     [told(Delivered), back(number="T1"), back("R2", number="T1")], EACH, EACH),
    ("more pieces than are in it are of others", TWO, [told(Delivered), back(number="T1", l1=2)], SECOND, SECOND),
    ("pieces returned under a number nobody knows", TWO, [told(Delivered), back(number="T9", l1=1)], EACH, EACH),
    ("lost, found without its number, and returned", order(line("1", 1), parcels=[Parcel("T1", None, {"1": 1})]),
     [told(Lost, "T1", 12), told(Delivered, day=13, l1=1), back(number="T1")], {"1": 0}, {"1": 0}),
    ("a parcel heard of and returned", PLAIN, [told(Delivered, "T8", l1=1), told(InTransit, "T9", l1=1),
     back(number="T9")], PIECE, EACH),
    (
        "lines win over money",
        PLAIN,
        [told(Delivered), back(l2=1, amount=99_00)],
        FIRST,
        FIRST,
    ),
    ("money takes no piece", PLAIN, [told(Delivered), back(amount=5_00)], ALL, ALL),
    ("nor does money for a parcel", TWO, [told(Delivered), back(number="T1", amount=5_00)], ALL, ALL),
    (
        "kept is delivered minus returned, never below zero",
        TWO,
        [told(Delivered, "T1"), back(l1=2, l2=1)],
        NONE,
        NONE,
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("bought", "facts", "kept", "possible"), [each[1:] for each in CASES], ids=[c[0] for c in CASES]
)
def test_the_facts_together_say_what_is_kept(bought, facts, kept, possible):
    """R33, R33a, R34: in any order, and each told again."""
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
def test_money_counts_only_of_a_return_without_lines(facts, shipping, other):
    """R33a: a shipping refund is inside the amount; the same return id is one return."""
    kept = fold(PLAIN, facts).kept
    assert (kept.shipping_refunded_minor, kept.refunds_without_lines_minor) == (shipping, other)


@pytest.mark.parametrize(
    ("facts", "states"),
    [
        ([], ["EXPECTED", "EXPECTED"]),
        ([told(InTransit, "T1")], ["IN_TRANSIT", "EXPECTED"]),
        ([told(Delivered, "T1"), told(InTransit, "T1", 13)], ["DELIVERED", "EXPECTED"]),
        ([told(Delivered)], ["DELIVERED", "DELIVERED"]),
        ([told(ReturnedToSender, "T1"), told(Lost, "T2")], ["RETURNED", "LOST"]),
        ([told(Delivered, "T3", l2=1)], ["EXPECTED", "EXPECTED", "DELIVERED"]),
    ],
)
def test_parcels_show_where_they_are(facts, states):
    """R34."""
    assert [each.state for each in fold(TWO, facts).parcels] == states


def test_a_parcel_was_delivered_when_it_first_arrived():
    facts = [
        told(Delivered, "T1", 14),
        told(Delivered, "T1", 12),
        told(Delivered, "T1", 10),
        told(Lost, "T1", 11),
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
    assert dict(fold(bought, [told(Delivered, number, by=carrier)]).kept.pieces) == kept


@pytest.mark.parametrize(
    ("bought", "carrier", "kept"),
    [(SAME, "ups", PIECE), (SAME, "Dhl", SECOND), (SAME, None, SECOND), (TWO, "Royal Mail", EACH), (TWO, None, EACH)],
)
def test_a_return_of_a_parcel_is_of_the_carriers_too(bought, carrier, kept):
    """R33a, R34: of two parcels with the same number it is the carrier's."""
    returned = replace(back(number=bought.parcels[0].tracking_number), carrier=carrier)
    assert dict(fold(bought, [told(Delivered), returned]).kept.pieces) == kept


@pytest.mark.parametrize("fact", [told(Delivered, "T9"), told(Lost, "T9"), back(number="T9")])
def test_a_parcel_the_order_cannot_have_is_said(fact):
    with pytest.raises(UnknownParcel, match="T9"):
        fold(TWO, [fact])


@pytest.mark.parametrize("fact", [told(Delivered, l9=1), told(Lost, "T1", l9=1), back(l9=1)])
def test_a_line_the_order_does_not_have_is_said(fact):
    with pytest.raises(UnknownLine) as refused:
        fold(TWO, [fact])
    assert refused.value.line_id == "9"


def key(fact: Fact) -> str:
    return fact.key


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        (told(Delivered, "T1", by="DHL"), told(Delivered, "T1", by="dhl"), True),
        (told(Delivered, "T1"), told(Delivered, "T2"), False),
        (told(Delivered, "T1"), told(Lost, "T1"), False),
        (told(Delivered, "T1"), told(Delivered, "T1", 13), False),
        (told(InTransit, "T1"), told(InTransit, "T1", 13), True),
        (told(ReturnedToSender, "T1"), told(ReturnedToSender, "T1", 13), True),
        (told(Delivered, l1=1, l2=1), told(Delivered, l2=1, l1=1), True),
        (told(Delivered, l1=1), told(Delivered, l1=2), False),
        (told(Delivered, l1=1), told(Delivered, day=13, l1=1), False),
        (told(InTransit), told(InTransit, day=13), False),
        (Delivered("A:B", None, (), at("2026-06-12")), Delivered("A", "B", (), at("2026-06-12")), False),
        (back(l1=1), back(amount=3), True),
        (back(), back("R2"), False),
    ],
)
def test_a_fact_is_kept_once_under_its_business_key(one, other, same):
    """R33a: a return's is its id."""
    assert (key(one) == key(other)) is same


def test_a_key_stays_short_however_many_lines_there_are():
    many = Delivered(None, None, tuple((f"line-{n:012}", 1) for n in range(500)), at("2026-06-12"))
    assert len(many.key) < 150
    assert back().key == "return:R1"


def test_the_same_instant_in_another_zone_is_the_same_fact():
    madrid = at("2026-06-12 12:00").astimezone()
    assert Delivered("T1", None, (), madrid).key == told(Delivered, "T1").key


def test_a_kept_return_remembers_its_carrier_and_one_kept_earlier_has_none():
    told_ = replace(back(number="T1"), carrier="DHL")
    assert fact_of("Returned", content_of(told_), told_.occurred_at) == told_
    assert told_.key == back(number="T1").key
    earlier = {key: value for key, value in content_of(told_).items() if key != "carrier"}
    assert fact_of("Returned", earlier, told_.occurred_at) == back(number="T1")


def test_any_return_is_told_apart_from_what_was_never_delivered():
    """R60: RETURNED or NOT_DELIVERED."""
    assert fold(PLAIN, [back(amount=1)]).any_return
    assert not fold(PLAIN, [told(ReturnedToSender), told(Lost)]).any_return
