"""Settling an order (R31 to R34, R60): the end depends on the facts alone."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from loyalty.orders.rules.facts import Delivered, Fact, InTransit, Lost, Returned, ReturnedToSender
from loyalty.orders.rules.order import Order, Parcel, all_kept
from loyalty.orders.rules.purchase import worth
from loyalty.orders.rules.settlement import Settlement, order_outcome, settle_state
from loyalty.orders.rules.shipment import fold
from loyalty.programme.rules.kinds import Code, Outcome
from tests.support.terms import ES, at, campaign, line, order

KNOWN = [campaign("double", products=["phone"]), campaign("plus", "BONUS", "7", products=["phone", "case"])]
BOUGHT = order(
    line("1", 30_30, 2, "phone"),
    line("2", 10_25, 1, "case"),
    line("3", 45, 3, "sticker"),
    shipping=4_99,
    discount=3_33,
    parcels=[Parcel("T1", "DHL", {"1": 1, "3": 1}), Parcel("T2", "DHL", {"1": 1, "2": 1})],
)
APART = [Parcel("T1", None, {"1": 1}), Parcel("T2", None, {"2": 1})]


class Ledger:
    """An order's posted and pending points, and the totals of all points that ever moved."""

    def __init__(self, bought: Order) -> None:
        self.bought, self.facts = bought, []
        self.posted: dict[str, int] = {}
        self.pending: dict[str, int] = {}
        self.credited = self.taken = 0
        self.settle()

    def receive(self, facts: Iterable[Fact]) -> None:
        """Adds facts that came together, then settles the order."""
        self.facts += facts
        self.settle()

    def settle(self) -> Settlement:
        """Settles and ledger the points that moved; no account may go below zero on the way."""
        state = fold(self.bought, self.facts)
        moved = settle_state(state, ES, KNOWN, self.posted, self.pending)
        for key, points in moved.promise.items():
            self.pending[key] = self.pending.get(key, 0) + points
        for key, points in moved.post.items():
            self.pending[key] -= points
            self.posted[key] = self.posted.get(key, 0) + points
        for key, points in moved.cancel.items():
            self.pending[key] -= points
        for key, points in moved.take_back.items():
            self.posted[key] -= points
        assert min([0, *self.posted.values(), *self.pending.values()]) == 0
        assert {key: points for key, points in self.pending.items() if points} == moved.still_pending
        self.credited += sum(moved.post.values())
        self.taken += sum(moved.take_back.values())
        return moved

    def balance(self) -> tuple[dict[str, int], dict[str, int]]:
        """Posted and pending without zeros."""
        return tuple({k: p for k, p in each.items() if p} for each in (self.posted, self.pending))


def test_recording_an_order_promises_the_points_of_all_of_it():
    """R31."""
    ledger = Ledger(BOUGHT)
    assert ledger.balance() == ({}, worth(BOUGHT, all_kept(BOUGHT), ES, KNOWN).by_part)


def test_each_parcel_credits_its_part_and_the_parts_make_the_whole():
    """R31."""
    ledger = Ledger(BOUGHT)
    ledger.receive([Delivered("T1", None, (), at("2026-06-12"))])
    assert 0 < sum(ledger.posted.values()) < sum(worth(BOUGHT, all_kept(BOUGHT), ES, KNOWN).by_part.values())
    ledger.receive([Delivered("T2", None, (), at("2026-06-13")), Delivered(None, None, (("3", 2),), at("2026-06-13"))])
    assert ledger.balance() == (worth(BOUGHT, all_kept(BOUGHT), ES, KNOWN).by_part, {})


def test_a_return_before_delivery_cancels_and_debits_nothing():
    """R33."""
    ledger = Ledger(BOUGHT)
    ledger.receive([Returned("R1", None, (), None, 0, at("2026-06-11"))])
    ledger.receive([Delivered(None, None, (), at("2026-06-12"))])
    assert (ledger.balance(), ledger.credited, ledger.taken) == (({}, {}), 0, 0)


def test_a_lost_parcel_that_turns_up_is_credited_after_all():
    """R34: its pending points were cancelled, and are promised again."""
    bought = order(
        line("1", 10_00),
        line("2", 5_00),
        parcels=APART,
    )
    ledger = Ledger(bought)
    ledger.receive([Lost("T1", None, (), at("2026-06-12"))])
    assert ledger.balance() == ({}, {"PURCHASE": 5})
    ledger.receive([Delivered("T1", None, (), at("2026-06-13"))])
    assert ledger.balance() == ({"PURCHASE": 10}, {"PURCHASE": 5})


def test_because_of_rounding_a_return_may_move_a_point_back_to_pending():
    """R13: two halves make one point; of the half that is left, delivered or not, one as well."""
    bought = order(line("1", 50), line("2", 50), parcels=APART)
    ledger = Ledger(bought)
    ledger.receive([Delivered("T1", None, (), at("2026-06-12"))])
    assert ledger.balance() == ({"PURCHASE": 1}, {})
    ledger.receive([Returned("R1", None, (("1", 1),), None, 0, at("2026-06-13"))])
    assert ledger.balance() == ({}, {"PURCHASE": 1})


LINES = st.lists(
    st.tuples(st.sampled_from(["1", "2", "3"]), st.integers(1, 3)), max_size=2, unique_by=lambda each: each[0]
).map(tuple)
NUMBERS = st.sampled_from(["T1", "T2", None])
CONSIGNMENTS = st.sampled_from([None, None, "F1", "F2"])
DAYS = st.integers(11, 16).map(lambda day: at(f"2026-06-{day}"))
FACTS: st.SearchStrategy[Fact] = st.one_of(
    *(
        st.builds(kind, NUMBERS | st.just("T3"), st.sampled_from(["DHL", "dhl", None]), LINES, DAYS, CONSIGNMENTS)
        for kind in (Delivered, Delivered, InTransit, ReturnedToSender, Lost)
    ),
    st.builds(
        Returned,
        st.sampled_from(["R1", "R2", "R3"]),
        NUMBERS,
        LINES,
        st.none() | st.integers(0, 20_00),
        st.sampled_from([0, 0, 2_00]),
        DAYS,
    ),
)


def one_content_per_return(facts: list[Fact]) -> list[Fact]:
    """The inbox stores the first content of a business key; so does each history here."""
    return list({fact.key: fact for fact in reversed(facts)}.values())


@settings(max_examples=200, deadline=None)
@given(st.lists(FACTS, max_size=6).map(one_content_per_return), st.data())
def test_any_order_grouping_and_repetition_ends_the_same(facts, data):
    """R32, R33: and never more is taken back than was credited."""
    at_once = Ledger(BOUGHT)
    at_once.receive(facts)
    one_by_one = Ledger(BOUGHT)
    shuffled = data.draw(st.permutations([*facts, *facts[:2]]))
    cut = data.draw(st.integers(0, len(shuffled)))
    for group in (shuffled[:cut], *([fact] for fact in shuffled[cut:])):
        one_by_one.receive(group)
    assert one_by_one.balance() == at_once.balance()
    assert one_by_one.settle().is_settled
    assert one_by_one.taken <= one_by_one.credited
    whole = sum(worth(BOUGHT, all_kept(BOUGHT), ES, KNOWN).by_part.values())
    assert sum(one_by_one.posted.values()) + sum(one_by_one.pending.values()) <= whole


@settings(max_examples=100, deadline=None)
@given(st.lists(FACTS, max_size=4).map(one_content_per_return), st.data())
def test_a_full_return_in_any_pieces_nets_zero(facts, data):
    """R32: any split and any order of partial returns ends where one full return ends."""
    most = 3 if any(isinstance(fact, Lost) for fact in facts) else 1  # what was sent in its place may be more
    pieces = [name for name, quantity in BOUGHT.pieces.items() for _ in range(quantity * most)]
    returns = [Returned(f"full-{n}", None, ((name, 1),), None, 0, at("2026-06-20")) for n, name in enumerate(pieces)]
    ledger = Ledger(BOUGHT)
    for fact in data.draw(st.permutations([*facts, Delivered(None, None, (), at("2026-06-12")), *returns])):
        ledger.receive([fact])
    assert ledger.balance() == ({}, {})
    assert ledger.credited == ledger.taken


@pytest.mark.parametrize(
    ("whole", "pending", "ever_posted", "any_return", "verdict"),
    [
        (0, 0, False, False, (Outcome.REFUSED, Code.NOTHING_TO_EARN)),
        (10, 10, False, False, (Outcome.WAITING, Code.WAITING_FOR_DELIVERY)),
        (10, 4, True, True, (Outcome.WAITING, Code.WAITING_FOR_DELIVERY)),
        (10, 0, True, False, (Outcome.GRANTED, Code.GRANTED)),
        (10, 0, True, True, (Outcome.GRANTED, Code.GRANTED)),
        (10, 0, False, True, (Outcome.REFUSED, Code.RETURNED)),
        (10, 0, False, False, (Outcome.REFUSED, Code.NOT_DELIVERED)),
    ],
)
def test_an_order_waits_until_nothing_of_it_is_pending(whole, pending, ever_posted, any_return, verdict):
    """R60."""
    assert order_outcome(whole, pending, ever_posted=ever_posted, any_return=any_return) == verdict


def test_a_refund_of_shipping_alone_takes_shippings_part():
    """R32."""
    ledger = Ledger(replace(BOUGHT, discount_minor=0))
    ledger.receive([Delivered(None, None, (), at("2026-06-12"))])
    before = ledger.posted["PURCHASE"]
    ledger.receive([Returned("R1", None, (), 4_99, 4_99, at("2026-06-20"))])
    assert before - ledger.posted["PURCHASE"] == 5
