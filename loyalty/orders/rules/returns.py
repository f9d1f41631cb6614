"""Returned pieces of an order: those that returns name, or that were in their parcels (R32, R33a, R33c)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loyalty.orders.rules.boxes import Box, ParcelPhase, UnknownParcel, pieces_named
from loyalty.orders.rules.facts import Movement, Returned, named_pieces
from loyalty.orders.rules.order import Order, recorded_parcel
from loyalty.orders.rules.pieces import Whereabouts

_GONE = (ParcelPhase.LOST, ParcelPhase.RETURNED)
_ON_THE_WAY = (ParcelPhase.EXPECTED, ParcelPhase.IN_TRANSIT)


@dataclass(frozen=True, slots=True)
class Back:
    """Pieces that came back by line, as one producer reports it: from boxes, by the phase of the box, and all others.

    `cancelled_late` are pieces that were cancelled although every piece had arrived: they count as returned (R33b).
    """

    of_boxes: Sequence[tuple[ParcelPhase, Mapping[str, int]]] = ()
    others: Mapping[str, int] | None = None
    cancelled_late: Mapping[str, int] | None = None

    def in_all(self, line_id: str) -> int:
        """Pieces of a line that came back."""
        return self._of(line_id, *ParcelPhase) + self._outside_boxes(line_id)

    def left(self, line_id: str, pieces: Whereabouts, cancelled: int) -> tuple[int, int]:
        """Kept of those that are there, and of those that are or may be: never below zero.

        `cancelled` are undelivered pieces; those that were given up are cancelled first. A piece that is returned
        from a box that has not arrived is not expected any more (R33), and may be a cancelled one. A piece that never
        arrives does not count among those that did. A spare that goes back takes no other piece (R34).
        """
        there = pieces.there + pieces.spare - self._of(line_id, ParcelPhase.DELIVERED) - self._outside_boxes(line_id)
        surplus = max(0, self._of(line_id, *_GONE) - pieces.hopeless)
        awaited = pieces.possible - pieces.there - self._of(line_id, *_ON_THE_WAY) - surplus
        awaited = min(awaited, max(0, awaited - max(0, cancelled - pieces.hopeless)))
        may_be = max(0, min(pieces.bought, there + awaited))
        return max(0, min(there, may_be)), may_be

    def _of(self, line_id: str, *phases: ParcelPhase) -> int:
        return sum(pieces.get(line_id, 0) for phase, pieces in self.of_boxes if phase in phases)

    def _outside_boxes(self, line_id: str) -> int:
        return (self.others or {}).get(line_id, 0) + (self.cancelled_late or {}).get(line_id, 0)


def all_returned(
    order: Order,
    returns: Iterable[Returned],
    boxes: Sequence[Box],
    movements: Sequence[Movement],
    spares: Mapping[str, int],
    cancelled_late: Mapping[str, int],
) -> Back:
    """The pieces of all returns of one producer; of a parcel never more than were in it. Raises UnknownParcel."""
    taken = dict[int, Counter[str]]()
    others = Counter[str]()
    for fact in returns:
        place = _place_of(order, fact, boxes)
        pieces = Counter(_pieces_of(order, fact, movements, None if place is None else boxes[place]))
        if place is None:
            others.update(pieces)
            others.update(spares if _is_of_everything(fact) else ())
            continue
        of_box = taken.setdefault(place, Counter())
        there = pieces & (Counter(boxes[place].pieces) - of_box)
        of_box.update(there)
        others.update(pieces - there if fact.lines else ())
    return Back([(boxes[place].phase, pieces) for place, pieces in taken.items()], others, cancelled_late)


def is_of_money(fact: Returned) -> bool:
    """R33a: no lines, but money."""
    return not fact.lines and (fact.amount_minor is not None or fact.shipping_minor != 0)


def _is_of_everything(fact: Returned) -> bool:
    return not (fact.lines or fact.tracking_number is not None or is_of_money(fact))


def _pieces_of(order: Order, fact: Returned, movements: Sequence[Movement], box: Box | None) -> Mapping[str, int]:
    """Those named, else, without money, all of the parcel or of the order."""
    if fact.lines or is_of_money(fact):
        return named_pieces(fact.lines)
    if fact.tracking_number is None:
        return order.pieces_by(fact.occurred_at)
    pieces = box.pieces if box is not None else pieces_named(order, fact.tracking_number, movements)
    if not pieces and box is None:
        raise UnknownParcel(fact.tracking_number)
    return pieces


def _place_of(order: Order, fact: Returned, boxes: Sequence[Box]) -> int | None:
    """Which of the boxes is the parcel it names; None where it names none that is known."""
    if fact.tracking_number is None:
        return None
    parcel = recorded_parcel(order, fact.tracking_number, fact.carrier)
    if parcel is not None:
        return order.parcels.index(parcel)
    return next((place for place, box in enumerate(boxes) if box.tracking_number == fact.tracking_number), None)
