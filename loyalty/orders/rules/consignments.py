"""The shop's own shipments: a fact about a consignment is about the parcels and pieces in it (R34)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from loyalty.orders.rules.facts import Movement, named_pieces
from loyalty.orders.rules.order import Order, Parcel, recorded_parcel

Numbers = list[tuple[str, str | None]]


def placed(order: Order, movements: Sequence[Movement]) -> list[Movement]:
    """Returns the movements; one that names only a consignment is repeated for each parcel of that consignment.

    Its parcels are all tracking numbers that its facts name. If there are none, it is a recorded parcel that belongs to
    no other consignment: one with exactly its pieces, or, if no piece is named, the only one left. If no parcel fits,
    the movement stays without a number.
    """
    parcels = _parcels(order, by_consignment(movements))
    return [each for fact in movements for each in _in_each(fact, parcels)]


def by_consignment(movements: Iterable[Movement]) -> dict[str, list[Movement]]:
    """Groups the facts that name a consignment, by the consignment's name."""
    facts: dict[str, list[Movement]] = {}
    for fact in movements:
        if fact.consignment is not None:
            facts.setdefault(fact.consignment, []).append(fact)
    return facts


def contents(facts: Iterable[Movement]) -> dict[str, int]:
    """The pieces that these facts name: for each line, the largest number in any one fact."""
    named: dict[str, int] = {}
    for fact in facts:
        for line_id, quantity in named_pieces(fact.lines).items():
            named[line_id] = max(quantity, named.get(line_id, 0))
    return named


def contents_of_parcel(facts: Sequence[Movement]) -> dict[str, int]:
    """The pieces that facts about one parcel name; if it holds several consignments, the sum of theirs."""
    shares = [pieces for each in by_consignment(facts).values() if (pieces := contents(each))]
    if not shares:
        return contents(facts)
    lines = dict.fromkeys(line_id for pieces in shares for line_id in pieces)
    return {line_id: sum(pieces.get(line_id, 0) for pieces in shares) for line_id in lines}


def _in_each(fact: Movement, parcels: Mapping[str, Numbers]) -> list[Movement]:
    if fact.consignment is None or fact.tracking_number is not None:
        return [fact]
    numbers = parcels[fact.consignment]
    return [replace(fact, tracking_number=number, carrier=carrier) for number, carrier in numbers] or [fact]


def _parcels(order: Order, consignments: Mapping[str, Sequence[Movement]]) -> dict[str, Numbers]:
    """The tracking numbers and carriers of each consignment. Consignments are matched to parcels in order of name."""
    numbers_of = {name: _numbers(facts) for name, facts in consignments.items()}
    taken = [recorded_parcel(order, *each) for numbers in numbers_of.values() for each in numbers]
    free = [parcel for parcel in order.parcels if parcel not in taken]
    pieces = {name: contents(consignments[name]) for name in sorted(numbers_of) if not numbers_of[name]}
    for name in [name for name, named in pieces.items() if named]:
        fitting = next((parcel for parcel in free if parcel.pieces == pieces[name]), None)
        if fitting is not None:
            free.remove(fitting)
            numbers_of[name] = [_name_of(fitting)]
    for name in [name for name, named in pieces.items() if not named and len(free) == 1]:
        numbers_of[name] = [_name_of(free[0])]
    return numbers_of


def _numbers(facts: Sequence[Movement]) -> Numbers:
    """The tracking numbers and carriers that these facts name, each once, sorted."""
    named = {(fact.tracking_number, fact.carrier) for fact in facts if fact.tracking_number is not None}
    return sorted(named, key=lambda each: (each[0], each[1] or ""))


def _name_of(parcel: Parcel) -> tuple[str, str | None]:
    return parcel.tracking_number, parcel.carrier
