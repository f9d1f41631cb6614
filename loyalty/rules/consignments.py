"""The shop's own shipments: what is said of one is said of the parcels and pieces that travel in it (R34)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from loyalty.rules.facts import Movement, named_pieces
from loyalty.rules.orders import Order

Numbers = list[tuple[str, str | None]]


def placed(order: Order, movements: Sequence[Movement]) -> list[Movement]:
    """The movements, with those that name only a consignment told of each parcel it travels in.

    That is every tracking number its facts name, else the one recorded parcel that it can be. Where there is none it
    stays a shipment without a number.
    """
    parcels = {name: _parcels(order, facts) for name, facts in by_consignment(movements).items()}
    return [each for fact in movements for each in _in_each(fact, parcels)]


def by_consignment(movements: Iterable[Movement]) -> dict[str, list[Movement]]:
    """The facts that name a consignment, by its name."""
    found: dict[str, list[Movement]] = {}
    for fact in movements:
        if fact.consignment is not None:
            found.setdefault(fact.consignment, []).append(fact)
    return found


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


def _parcels(order: Order, facts: Sequence[Movement]) -> Numbers:
    """The tracking numbers and carriers of a consignment, each once, in an order of their own."""
    told = {(fact.tracking_number, fact.carrier) for fact in facts if fact.tracking_number is not None}
    if told:
        return sorted(told, key=lambda each: (each[0], each[1] or ""))
    pieces = contents(facts)
    fitting = [parcel for parcel in order.parcels if not pieces or parcel.pieces == pieces]
    return [(fitting[0].tracking_number, fitting[0].carrier)] if len(fitting) == 1 else []
