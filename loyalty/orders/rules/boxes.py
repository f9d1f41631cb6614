"""The pieces of an order that travel together, and the facts about them (R34)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from types import MappingProxyType

from loyalty.orders.rules.consignments import by_consignment, contents, contents_of_parcel
from loyalty.orders.rules.facts import Delivered, InTransit, Lost, Movement, ReturnedToSender
from loyalty.orders.rules.order import Order, Parcel, recorded_parcel

NO_PIECES: Mapping[str, int] = MappingProxyType({})


class UnknownParcel(LookupError):
    """A return is of a parcel that no other fact names, and every piece travels in a recorded one."""

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
    def was_gone(self) -> bool:
        """Whether it was ever reported lost or sent back, even if it was found since."""
        return any(isinstance(fact, Lost | ReturnedToSender) for fact in self.facts)

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


def boxes_of(order: Order, movements: Sequence[Movement], given_up: Mapping[str, int] = NO_PIECES) -> list[Box]:
    """The recorded parcels, in their order, those reported later, the shop's shipments without a number, and the rest.

    A fact about the whole order is about each box. The movements are those that `placed` gives; `given_up` are pieces
    by line that are not waited for (R31a).
    """
    of_everything = [fact for fact in movements if not (_is_of_a_shipment(fact) or fact.lines)]
    recorded = [_with_news(order, each, of_everything) for each in _boxes_recorded(order, movements)]
    in_place = _replaced(order, recorded, given_up)
    numbers = _numbers_reported(order, movements)
    reported = [_box_reported(order, number, movements, in_place) for number in numbers]
    others = [*reported, *_boxes_without_number(order, movements, recorded)]
    rest = _rest(order, outside(order, [*recorded, *others]))
    return [*recorded, *(_with_news(order, box, of_everything) for box in (*others, *rest))]


def _boxes_recorded(order: Order, movements: Sequence[Movement]) -> list[Box]:
    recorded_for = [(fact, _recorded_for(order, fact)) for fact in movements]
    return [
        Box(
            each.tracking_number,
            each.carrier,
            each.pieces,
            tuple(fact for fact, parcel in recorded_for if parcel is each),
        )
        for each in order.parcels
    ]


def _rest(order: Order, pieces: Mapping[str, int]) -> list[Box]:
    """The pieces in no other box; lines that were added later apart, as earlier news is not about them (R61a)."""
    of_each = ({line.id: pieces[line.id] for line in each.lines if line.id in pieces} for each in order.charges)
    return [Box(None, None, of_charge, ()) for of_charge in of_each]


def _with_news(order: Order, box: Box, of_everything: Sequence[Movement]) -> Box:
    """The box with the news about the whole order, if the order had one of its lines at that time."""
    lines = [line for line in order.all_lines if line.id in box.pieces] if order.added else []
    news = [fact for fact in of_everything if not lines or any(order.has_by(line, fact.occurred_at) for line in lines)]
    return replace(box, facts=(*box.facts, *news))


def _replaced(order: Order, recorded: Sequence[Box], given_up: Mapping[str, int]) -> dict[str, int]:
    """The pieces that a parcel with unknown contents holds if every piece is in a recorded parcel: it was sent in the
    place of what was lost, sent back or given up (R34)."""
    gone = [box for box in recorded if box.was_gone]
    return {
        line_id: pieces
        for line_id, bought in order.pieces.items()
        if (pieces := min(bought, count(line_id, gone) + given_up.get(line_id, 0)))
    }


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
    return contents_of_parcel(facts) or _known_by(order, facts, outside(order, _recorded_boxes(order)))


def _known_by(order: Order, facts: Sequence[Movement], pieces: Mapping[str, int]) -> dict[str, int]:
    """The pieces of lines that the order had when the last of these facts happened; of all without a fact."""
    if not facts:
        return dict(pieces)
    known = order.pieces_by(max(fact.occurred_at for fact in facts))
    return {line_id: number for line_id, number in pieces.items() if line_id in known}


def _is_of_a_shipment(fact: Movement) -> bool:
    return fact.tracking_number is not None or fact.consignment is not None


def _recorded_boxes(order: Order) -> list[Box]:
    return [Box(parcel.tracking_number, parcel.carrier, parcel.pieces, ()) for parcel in order.parcels]


def _recorded_for(order: Order, fact: Movement) -> Parcel | None:
    return recorded_parcel(order, fact.tracking_number, fact.carrier) if fact.tracking_number is not None else None


def _numbers_reported(order: Order, movements: Sequence[Movement]) -> list[str]:
    numbers = {fact.tracking_number for fact in movements if fact.tracking_number is not None}
    return sorted(numbers - {parcel.tracking_number for parcel in order.parcels})


def _box_reported(
    order: Order, tracking_number: str, movements: Sequence[Movement], in_place: Mapping[str, int]
) -> Box:
    facts = tuple(fact for fact in movements if fact.tracking_number == tracking_number)
    carriers = sorted((fact.carrier for fact in facts if fact.carrier), key=lambda name: (name.casefold(), name))
    pieces = pieces_named(order, tracking_number, movements) or in_place
    filled = [name for name, of_it in by_consignment(facts).items() if contents(of_it)]
    return Box(
        tracking_number, carriers[0] if carriers else None, pieces, facts, filled[0] if len(filled) == 1 else None
    )


def _boxes_without_number(order: Order, movements: Sequence[Movement], recorded: Sequence[Box]) -> list[Box]:
    """The shop's shipments without a known parcel: with the pieces named.

    Only if the shop named the contents of none, it is guessed that one holds all that is in no other box: pieces that
    another box holds are credited only once. Until the contents of a further one are named, it holds nothing.
    """
    numberless = by_consignment(fact for fact in movements if fact.tracking_number is None)
    named = {name: contents(facts) for name, facts in numberless.items()}
    filled = [Box(None, None, pieces, tuple(numberless[name]), name) for name, pieces in named.items() if pieces]
    is_any_named = any(fact.consignment is not None and fact.lines for fact in movements)
    left = {} if is_any_named else outside(order, recorded)
    unfilled = [
        Box(None, None, _known_by(order, facts, left), tuple(facts), name)
        for name, facts in numberless.items()
        if not named[name]
    ]
    return [*filled, *unfilled]
