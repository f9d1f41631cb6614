"""The shop's own shipments: a fact about one is a fact about the parcels and pieces in it (R34)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from loyalty.orders.rules.facts import Movement, named_pieces
from loyalty.orders.rules.order import Order, Parcel, recorded_parcel

Numbers = list[tuple[str, str | None]]


def placed(order: Order, movements: Sequence[Movement]) -> list[Movement]:
    """The movements; one that names only a consignment becomes one for each parcel of that consignment.

    That is every tracking number its facts name, else the one recorded parcel that it can be: of those that no other
    one is in, a parcel with just its pieces, or the only one. Where there is none it stays a shipment without a number.
    """
    parcels = _parcels(order, by_consignment(movements))
    return [each for fact in movements for each in _in_each(fact, parcels)]


def by_consignment(movements: Iterable[Movement]) -> dict[str, list[Movement]]:
    """The facts that name a consignment, by its name."""
    facts: dict[str, list[Movement]] = {}
    for fact in movements:
        if fact.consignment is not None:
            facts.setdefault(fact.consignment, []).append(fact)
    return facts


def contents(facts: Iterable[Movement]) -> dict[str, int]:
    """The pieces these facts name: of each line the most that any of them does."""
    named: dict[str, int] = {}
    for fact in facts:
        for line_id, quantity in named_pieces(fact.lines).items():
            named[line_id] = max(quantity, named.get(line_id, 0))
    return named


def contents_of_parcel(facts: Sequence[Movement]) -> dict[str, int]:
    """The pieces these facts about one parcel name; of several consignments in it, all that each has."""
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
    """The tracking numbers and carriers of each consignment; what looks alike is matched by the order of its names."""
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
    """The tracking numbers and carriers that these facts name, each once, in an order of their own."""
    named = {(fact.tracking_number, fact.carrier) for fact in facts if fact.tracking_number is not None}
    return sorted(named, key=lambda each: (each[0], each[1] or ""))


def _name_of(parcel: Parcel) -> tuple[str, str | None]:
    return parcel.tracking_number, parcel.carrier
