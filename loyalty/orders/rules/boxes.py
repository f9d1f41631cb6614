"""The pieces of an order that travel together, and the facts about them (R34)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from loyalty.orders.rules.consignments import by_consignment, contents, contents_of_parcel
from loyalty.orders.rules.facts import Delivered, InTransit, Lost, Movement, ReturnedToSender
from loyalty.orders.rules.order import Order, Parcel, recorded_parcel


class UnknownParcel(LookupError):
    """A fact names a parcel that the order cannot have, because every piece is in a recorded parcel."""

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
    """Pieces that travel together, and the facts about them.

    A box without a number is a shop's shipment without one, or it holds the pieces that are in no other box. Boxes with
    the same `consignment` can hold the same pieces.
    """

    tracking_number: str | None
    carrier: str | None
    pieces: Mapping[str, int]
    facts: tuple[Movement, ...]
    consignment: str | None = None

    @property
    def lost_at(self) -> datetime | None:
        """The latest moment at which it was reported lost."""
        return max((fact.occurred_at for fact in self.facts if isinstance(fact, Lost)), default=None)

    @property
    def arrivals(self) -> list[datetime]:
        """The moments of its deliveries after it was last reported lost. At the same moment, the loss counts."""
        lost_at = self.lost_at
        deliveries = [fact.occurred_at for fact in self.facts if isinstance(fact, Delivered)]
        return sorted(at for at in deliveries if lost_at is None or at > lost_at)

    @property
    def phase(self) -> ParcelPhase:
        """Returned to sender wins. Otherwise the later of delivered and lost counts, and then in transit."""
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
    """Returns the boxes: recorded parcels, parcels reported later, the shop's shipments without a number, the rest.

    In: the movements that `placed` returned. A movement of the whole order is added to each box. Raises UnknownParcel.
    """
    recorded_for = [(fact, _recorded_for(order, fact)) for fact in movements]
    recorded = [
        Box(
            each.tracking_number,
            each.carrier,
            each.pieces,
            tuple(fact for fact, parcel in recorded_for if parcel is each),
        )
        for each in order.parcels
    ]
    reported = [_box_reported(order, number, movements) for number in _numbers_reported(order, movements)]
    boxes = [*recorded, *reported, *_boxes_without_number(order, movements, recorded, reported)]
    rest = Box(None, None, outside(order, boxes), ())
    of_everything = tuple(fact for fact in movements if not (_is_of_a_shipment(fact) or fact.lines))
    return [replace(box, facts=(*box.facts, *of_everything)) for box in (*boxes, rest)]


def loose_of(movements: Iterable[Movement]) -> list[Movement]:
    """The movements that name pieces and no shipment."""
    return [fact for fact in movements if fact.lines and not _is_of_a_shipment(fact)]


def count(line_id: str, boxes: Iterable[Box]) -> int:
    """Returns how many pieces of a line are in these boxes; pieces of one consignment are counted once."""
    alone, shared = 0, dict[str, int]()
    for box in boxes:
        pieces = box.pieces.get(line_id, 0)
        if box.consignment is None:
            alone += pieces
        else:
            shared[box.consignment] = max(pieces, shared.get(box.consignment, 0))
    return alone + sum(shared.values())


def outside(order: Order, boxes: Sequence[Box]) -> dict[str, int]:
    """The pieces that are in none of these boxes."""
    left = {line_id: bought - count(line_id, boxes) for line_id, bought in order.pieces.items()}
    return {line_id: pieces for line_id, pieces in left.items() if pieces > 0}


def pieces_named(order: Order, tracking_number: str, movements: Sequence[Movement]) -> Mapping[str, int]:
    """The pieces of a parcel that was not recorded: the named ones, or else all that are in no recorded parcel.

    Raises UnknownParcel if there are none.
    """
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


def _numbers_reported(order: Order, movements: Sequence[Movement]) -> list[str]:
    numbers = {fact.tracking_number for fact in movements if fact.tracking_number is not None}
    return sorted(numbers - {parcel.tracking_number for parcel in order.parcels})


def _box_reported(order: Order, tracking_number: str, movements: Sequence[Movement]) -> Box:
    facts = tuple(fact for fact in movements if fact.tracking_number == tracking_number)
    carriers = sorted((fact.carrier for fact in facts if fact.carrier), key=lambda name: (name.casefold(), name))
    pieces = pieces_named(order, tracking_number, movements)
    filled = [name for name, of_it in by_consignment(facts).items() if contents(of_it)]
    return Box(
        tracking_number, carriers[0] if carriers else None, pieces, facts, filled[0] if len(filled) == 1 else None
    )


def _boxes_without_number(
    order: Order, movements: Sequence[Movement], recorded: Sequence[Box], reported: Sequence[Box]
) -> list[Box]:
    """The shop's shipments without a known parcel, with the pieces that their facts name, or else all that are left.

    None may be left until the contents are reported, because pieces in another box are credited only once.
    """
    numberless = by_consignment(fact for fact in movements if fact.tracking_number is None)
    named = {name: contents(facts) for name, facts in numberless.items()}
    filled = [Box(None, None, pieces, tuple(numberless[name]), name) for name, pieces in named.items() if pieces]
    left = outside(order, [*recorded, *(box for box in reported if _has_contents(box)), *filled])
    unfilled = [Box(None, None, left, tuple(numberless[name]), name) for name, pieces in named.items() if not pieces]
    return [*filled, *unfilled]


def _has_contents(box: Box) -> bool:
    """Whether the shop reported its contents."""
    return any(fact.consignment is not None and fact.lines for fact in box.facts)
