"""Pieces named without a tracking number, together with parcels and with the shop's shipments (R33a, R34)."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from loyalty.orders.rules.facts import Delivered, Fact, InTransit, Lost, Movement, Returned, ReturnedToSender
from loyalty.orders.rules.order import Order, Parcel
from loyalty.orders.rules.shipment import fold
from tests.support.terms import at, line, order

MOMENTS = st.integers(0, 5).map(lambda day: at("2026-06-12 12:00") + timedelta(days=day))
LIVES = st.sampled_from([None, InTransit, Delivered, Delivered, Lost, ReturnedToSender])


def pieces_of(bought: Order, facts: Sequence[Fact]) -> tuple[int, int]:
    """Pieces of the only line: those kept, and those kept or still to come."""
    state = fold(bought, facts)
    return state.kept.pieces["1"], state.possible.pieces["1"]


def of_some(kind: type[Movement], moment, pieces: int, number: str | None = None) -> Movement:
    return kind(number, None, (("1", pieces),) if number is None else (), moment)


@dataclass(frozen=True, slots=True)
class Fate:
    """The fate of one piece, how it was reported, and whether its parcel was then returned."""

    line_id: str
    kind: type[Movement] | None
    reported_by: str
    moment: datetime
    is_returned: bool

    @property
    def is_gone(self) -> bool:
        return self.kind in (Lost, ReturnedToSender)

    def parcel(self, place: int) -> Parcel | None:
        """The parcel that the storefront recorded for it."""
        if self.reported_by == "carrier":
            return Parcel("T", f"Carrier {place}", {self.line_id: 1})
        return Parcel(f"T{place}", None, {self.line_id: 1}) if "recorded" in self.reported_by else None

    def movements(self, place: int) -> list[Movement]:
        """Everything that shippers and the shop report about it."""
        lines, consignment = ((self.line_id, 1),), f"F{place}" if self.reported_by.startswith("consignment") else None
        number = None if self.reported_by in ("pieces", "pieces, recorded", "consignment") else f"T{place}"
        handed_over = [InTransit(number, None, lines, self.moment, consignment)] if consignment else []
        if self.kind is None:
            return handed_over
        if consignment:
            return [*handed_over, self.kind(None, None, (), self.moment, consignment)]
        if self.reported_by == "carrier":
            return [self.kind("T", f"CARRIER {place}", (), self.moment)]
        return [self.kind(number, None, () if self.reported_by == "recorded" else lines, self.moment)]

    def returns(self, place: int) -> list[Returned]:
        """A return of its whole parcel, if that is known; a piece that is gone anyway is not returned."""
        by_number = self.reported_by in ("recorded", "carrier") or (
            self.reported_by == "number" and self.kind is not None
        )
        if not self.is_returned or self.is_gone or not by_number:
            return []
        number, carrier = ("T", f"carrier {place}") if self.reported_by == "carrier" else (f"T{place}", None)
        return [Returned(f"R{place}", number, (), None, 0, self.moment, carrier)]


# A shipment of an unknown parcel could be any recorded parcel with such pieces, so one list never has both.
WAYS = st.sampled_from([
    ["pieces", "number", "recorded", "pieces, recorded", "carrier", "consignment, number", "consignment, recorded"],
    ["pieces", "number", "consignment", "consignment, number", "consignment, recorded"],
])  # fmt: skip
FATES = WAYS.flatmap(
    lambda ways: st.lists(
        st.builds(Fate, st.sampled_from("12"), LIVES, st.sampled_from(ways), MOMENTS, st.booleans()),
        min_size=1,
        max_size=6,
    )
)


@settings(max_examples=500, deadline=None)
@given(FATES, st.data())
def test_each_piece_has_its_own_fate_however_it_is_reported(fates, data):
    """R33a, R34: by number, carrier, shipment or piece, its parcel recorded or not, in any order, and repeated."""
    facts: list[Fact] = [fact for n, fate in enumerate(fates) for fact in (*fate.movements(n), *fate.returns(n))]
    # Facts that name nothing but a piece differ only by their moment.
    facts = [replace(fact, occurred_at=fact.occurred_at + timedelta(minutes=n)) for n, fact in enumerate(facts)]
    parcels = [parcel for n, fate in enumerate(fates) if (parcel := fate.parcel(n))]
    bought = Counter(fate.line_id for fate in fates)
    recorded = order(*(line(line_id, 10_00, n) for line_id, n in sorted(bought.items())), parcels=parcels)
    state = fold(recorded, data.draw(st.permutations([*facts, *facts[:2]])))
    kept, possible = Counter[str](), Counter[str]()
    for n, fate in enumerate(fates):
        if not fate.returns(n):
            kept[fate.line_id] += fate.kind is Delivered
            possible[fate.line_id] += not fate.is_gone
    assert dict(state.kept.pieces) == {line_id: kept[line_id] for line_id in bought}
    assert dict(state.possible.pieces) == {line_id: possible[line_id] for line_id in bought}


@settings(max_examples=300, deadline=None)
@given(st.integers(1, 5), st.lists(st.tuples(st.booleans(), st.integers(1, 3), MOMENTS), max_size=5))
def test_pieces_that_went_back_did_not_arrive_and_the_rest_did_or_may(bought, news):
    """R34: in whatever order the news came; if it names more pieces than were bought, those that went back win."""
    facts = {
        (kind, moment): of_some(kind, moment, pieces)
        for is_back, pieces, moment in news
        for kind in [ReturnedToSender if is_back else Delivered]
    }
    named = Counter[type[Movement]]()
    for (kind, _), fact in facts.items():
        named[kind] += fact.lines[0][1]
    left = max(0, bought - named[ReturnedToSender])
    kept = min(named[Delivered], left)
    assert pieces_of(order(line("1", 10_00, bought)), list(facts.values())) == (kept, left)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.tuples(st.sampled_from([Delivered, Lost]), MOMENTS), max_size=5, unique=True))
def test_the_latest_news_decides_where_the_only_piece_is(news):
    """R34: the later of lost and delivered counts, a tie is lost; with and without a number."""
    latest = max(news, key=lambda each: (each[1], each[0] is Lost), default=(None, None))[0]
    expected = {None: (0, 1), Delivered: (1, 1), Lost: (0, 0)}[latest]
    bought = order(line("1", 10_00), parcels=[Parcel("T0", None, {"1": 1})])
    for numbered in range(3):
        facts = [of_some(kind, when, 1, "T0" if n % 2 < numbered else None) for n, (kind, when) in enumerate(news)]
        assert pieces_of(bought, facts) == expected


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_bad_news_takes_no_more_than_the_pieces_it_names(data):
    """R34: whatever else is known; good news adds no more pieces than it names."""
    bought = order(line("1", 10_00, 4), parcels=[Parcel("T0", None, {"1": 1}), Parcel("T1", None, {"1": 2})])
    kinds = st.sampled_from([Delivered, InTransit, Lost, ReturnedToSender])
    news = st.builds(of_some, kinds, MOMENTS, st.integers(1, 2), st.sampled_from([None, None, "T0", "T1", "T9"]))
    known = data.draw(st.lists(news, max_size=6))
    new = data.draw(news)
    assume(new.lines)
    before, after = pieces_of(bought, known), pieces_of(bought, [*known, new])
    assert after[0] <= after[1] <= 4
    assert all(abs(now - was) <= new.lines[0][1] for was, now in zip(before, after, strict=True))


@pytest.mark.parametrize("kind", [Lost, ReturnedToSender])
def test_news_of_a_parcel_repeated_without_its_number_takes_no_other_parcel(kind):
    """R34: one parcel arrived; the shipper reported the other one by its number, and the shop by its piece."""
    bought = order(line("1", 10_00, 2), parcels=[Parcel("T0", None, {"1": 1}), Parcel("T1", None, {"1": 1})])
    facts = [
        of_some(Delivered, at("2026-06-12"), 1, "T0"),
        of_some(kind, at("2026-06-13"), 1, "T1"),
        of_some(kind, at("2026-06-14"), 1),
    ]
    assert pieces_of(bought, facts) == (1, 1)


def test_a_shipment_with_two_numbers_is_not_gone_when_it_arrives_under_the_other():
    """R34: so a piece of another shipment, reported without a number, is one more."""
    shipped = [
        InTransit(number, None, (("1", 1),), at("2026-06-11"), name)
        for name, number in (("F1", "A"), ("F1", "B"), ("F2", "C"))
    ]
    bought = order(line("1", 10_00, 2))
    known = [*shipped, of_some(Lost, at("2026-06-14"), 1, "A"), of_some(Delivered, at("2026-06-12"), 1, "B")]
    assert pieces_of(bought, known) == (1, 2)
    assert pieces_of(bought, [*known, of_some(Delivered, at("2026-06-13"), 1)]) == (2, 2)
