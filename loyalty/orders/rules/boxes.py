"""Which pieces of an order travel together, and what was said of them (R34)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from loyalty.orders.rules.consignments import by_consignment, contents, contents_of_parcel
from loyalty.orders.rules.facts import Delivered, InTransit, Lost, Movement, ReturnedToSender
from loyalty.orders.rules.order import Order, Parcel, recorded_parcel


class UnknownParcel(LookupError):
    """A fact is about a parcel the order cannot have: every piece travels in a recorded one."""

    def __init__(self, tracking_number: str) -> None:
        self.tracking_number = tracking_number
        super().__init__(f"The order has no parcel {tracking_number}, and no piece outside its parcels.")


class ParcelPhase(StrEnum):
    """Where a parcel is (the contract's ParcelState)."""

    EXPECTED = "EXPECTED"
    IN_TRANSIT = "IN_TRANSIT"
    DELIVERED = "DELIVERED"
    RETURNED = "RETURNED"
    LOST = "LOST"


@dataclass(frozen=True, slots=True)
class Box:
    """Pieces that travel together, and what was said of them.

    Without a number: a shop's shipment that has none, or all that is in no other box. Of boxes with the same
    `consignment` each may hold the same pieces.
    """

    tracking_number: str | None
    carrier: str | None
    pieces: Mapping[str, int]
    facts: tuple[Movement, ...]
    consignment: str | None = None

    @property
    def lost_at(self) -> datetime | None:
        """The last time it was said to be lost."""
        return max((fact.occurred_at for fact in self.facts if isinstance(fact, Lost)), default=None)

    @property
    def arrivals(self) -> list[datetime]:
        """When it was delivered, after it was last said to be lost; a tie is lost."""
        lost_at = self.lost_at
        told = [fact.occurred_at for fact in self.facts if isinstance(fact, Delivered)]
        return sorted(at for at in told if lost_at is None or at > lost_at)

    @property
    def phase(self) -> ParcelPhase:
        """Returned to sender wins over all; of delivered and lost the later; both over in transit."""
        if any(isinstance(fact, ReturnedToSender) for fact in self.facts):
            return ParcelPhase.RETURNED
        if self.arrivals:
            return ParcelPhase.DELIVERED
        if self.lost_at is not None:
            return ParcelPhase.LOST
        if any(isinstance(fact, InTransit) for fact in self.facts):
            return ParcelPhase.IN_TRANSIT
        return ParcelPhase.EXPECTED


def boxes_of(order: Order, movements: Sequence[Movement]) -> list[Box]:
    """The recorded parcels, in their order, those heard of later, the shop's shipments without a number, and the rest.

    News of everything is news of each. The movements are those that `placed` gives. Raises UnknownParcel.
    """
    told = [(fact, _recorded_for(order, fact)) for fact in movements]
    recorded = [
        Box(each.tracking_number, each.carrier, each.pieces, tuple(fact for fact, parcel in told if parcel is each))
        for each in order.parcels
    ]
    heard_of = [_box_heard_of(order, number, movements) for number in _numbers_heard_of(order, movements)]
    boxes = [*recorded, *heard_of, *_boxes_without_number(order, movements, recorded, heard_of)]
    rest = Box(None, None, outside(order, boxes), ())
    of_everything = tuple(fact for fact in movements if not (_is_of_a_shipment(fact) or fact.lines))
    return [replace(box, facts=(*box.facts, *of_everything)) for box in (*boxes, rest)]


def loose_of(movements: Iterable[Movement]) -> list[Movement]:
    """Movements of the pieces they name, in whatever they travel."""
    return [fact for fact in movements if fact.lines and not _is_of_a_shipment(fact)]


def count(line_id: str, boxes: Iterable[Box]) -> int:
    """How many pieces of a line are in these boxes; those of one consignment are counted once."""
    alone, shared = 0, dict[str, int]()
    for box in boxes:
        pieces = box.pieces.get(line_id, 0)
        if box.consignment is None:
            alone += pieces
        else:
            shared[box.consignment] = max(pieces, shared.get(box.consignment, 0))
    return alone + sum(shared.values())


def outside(order: Order, boxes: Sequence[Box]) -> dict[str, int]:
    """The pieces in none of these boxes."""
    left = {line_id: bought - count(line_id, boxes) for line_id, bought in order.pieces.items()}
    return {line_id: pieces for line_id, pieces in left.items() if pieces > 0}


def pieces_named(order: Order, tracking_number: str, movements: Sequence[Movement]) -> Mapping[str, int]:
    """The pieces of a parcel that was not recorded: those named, else those in no recorded parcel."""
    facts = [fact for fact in movements if fact.tracking_number == tracking_number]
    pieces = contents_of_parcel(facts) or outside(order, _recorded_boxes(order))
    if not pieces:
        raise UnknownParcel(tracking_number)
    return pieces


def _is_of_a_shipment(fact: Movement) -> bool:
    return fact.tracking_number is not None or fact.consignment is not None


def _recorded_boxes(order: Order) -> list[Box]:
    return [Box(parcel.tracking_number, parcel.carrier, parcel.pieces, ()) for parcel in order.parcels]


def _recorded_for(order: Order, fact: Movement) -> Parcel | None:
    return recorded_parcel(order, fact.tracking_number, fact.carrier) if fact.tracking_number is not None else None


def _numbers_heard_of(order: Order, movements: Sequence[Movement]) -> list[str]:
    told = {fact.tracking_number for fact in movements if fact.tracking_number is not None}
    return sorted(told - {parcel.tracking_number for parcel in order.parcels})


def _box_heard_of(order: Order, tracking_number: str, movements: Sequence[Movement]) -> Box:
    facts = tuple(fact for fact in movements if fact.tracking_number == tracking_number)
    carriers = sorted((fact.carrier for fact in facts if fact.carrier), key=lambda name: (name.casefold(), name))
    pieces = pieces_named(order, tracking_number, movements)
    told = [name for name, of_it in by_consignment(facts).items() if contents(of_it)]
    return Box(tracking_number, carriers[0] if carriers else None, pieces, facts, told[0] if len(told) == 1 else None)


def _boxes_without_number(
    order: Order, movements: Sequence[Movement], recorded: Sequence[Box], heard_of: Sequence[Box]
) -> list[Box]:
    """The shop's shipments that no parcel is known for: of the pieces named, else of those that are left.

    That may be nothing, until it is told what travels in it: nobody is credited for what another one holds.
    """
    numberless = by_consignment(fact for fact in movements if fact.tracking_number is None)
    named = {name: contents(facts) for name, facts in numberless.items()}
    told = [Box(None, None, pieces, tuple(numberless[name]), name) for name, pieces in named.items() if pieces]
    left = outside(order, [*recorded, *(box for box in heard_of if _is_told(box)), *told])
    untold = [Box(None, None, left, tuple(numberless[name]), name) for name, pieces in named.items() if not pieces]
    return [*told, *untold]


def _is_told(box: Box) -> bool:
    """Whether the shop said what travels in it."""
    return any(fact.consignment is not None and fact.lines for fact in box.facts)
