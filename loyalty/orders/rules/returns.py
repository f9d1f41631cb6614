"""Returns of an order: the pieces that they name or that were in their parcels, else money (R32, R33a)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from loyalty.orders.rules.boxes import Box, ParcelPhase, pieces_named
from loyalty.orders.rules.facts import Movement, Returned, named_pieces
from loyalty.orders.rules.order import KeptGoods, Order, recorded_parcel

_GONE = (ParcelPhase.LOST, ParcelPhase.RETURNED)


@dataclass(frozen=True, slots=True)
class Back:
    """Pieces that came back by line: from boxes, by the phase of the box, and all others."""

    of_boxes: Sequence[tuple[ParcelPhase, Mapping[str, int]]]
    others: Mapping[str, int]

    def in_all(self, line_id: str) -> int:
        """Pieces of a line that came back."""
        return self._of(line_id, *ParcelPhase)

    def left(self, line_id: str, bought: int, there: int, possible: int) -> tuple[int, int]:
        """Kept of those that are there, and of those that are or may be: never below zero.

        A piece that is returned from a box that has not arrived is not expected any more (R33). A piece that never
        arrives does not count among those that did.
        """
        alive = [phase for phase in ParcelPhase if phase not in _GONE]
        may_be = min(possible - self._of(line_id, *alive), bought - self.in_all(line_id))
        kept = min(there - self._of(line_id, ParcelPhase.DELIVERED), may_be)
        return max(0, kept), max(0, may_be)

    def _of(self, line_id: str, *phases: ParcelPhase) -> int:
        of_boxes = (pieces.get(line_id, 0) for phase, pieces in self.of_boxes if phase in phases)
        return self.others.get(line_id, 0) + sum(of_boxes)


def all_returned(
    order: Order, returns: Iterable[Returned], boxes: Sequence[Box], movements: Sequence[Movement]
) -> Back:
    """The pieces of all returns together; of a parcel never more than were in it. Raises UnknownParcel."""
    taken = dict[int, Counter[str]]()
    others = Counter[str]()
    for fact in returns:
        pieces = Counter(_pieces_of(order, fact, movements))
        place = _place_of(order, fact, boxes)
        if place is None:
            others.update(pieces)
            continue
        of_box = taken.setdefault(place, Counter())
        there = pieces & (Counter(boxes[place].pieces) - of_box)
        of_box.update(there)
        others.update(pieces - there if fact.lines else ())
    return Back([(boxes[place].phase, pieces) for place, pieces in taken.items()], others)


def kept_of(pieces: Mapping[str, int], returns: Iterable[Returned]) -> KeptGoods:
    """So many pieces, and the money of returns that name no line."""
    money = [fact for fact in returns if _is_of_money(fact)]
    return KeptGoods(
        pieces=pieces,
        shipping_refunded_minor=sum(max(0, fact.shipping_minor) for fact in money),
        refunds_without_lines_minor=sum(
            max(0, (fact.amount_minor or 0) - max(0, fact.shipping_minor)) for fact in money
        ),
    )


def _is_of_money(fact: Returned) -> bool:
    """R33a: no lines, but money."""
    return not fact.lines and (fact.amount_minor is not None or fact.shipping_minor != 0)


def _pieces_of(order: Order, fact: Returned, movements: Sequence[Movement]) -> Mapping[str, int]:
    """Those named, else, without money, all of the parcel or of the order."""
    if fact.lines or _is_of_money(fact):
        return named_pieces(fact.lines)
    if fact.tracking_number is None:
        return order.pieces
    parcel = recorded_parcel(order, fact.tracking_number, fact.carrier)
    return parcel.pieces if parcel else pieces_named(order, fact.tracking_number, movements)


def _place_of(order: Order, fact: Returned, boxes: Sequence[Box]) -> int | None:
    """Which of the boxes is the parcel it names; None where it names none that is known."""
    if fact.tracking_number is None:
        return None
    parcel = recorded_parcel(order, fact.tracking_number, fact.carrier)
    if parcel is not None:
        return order.parcels.index(parcel)
    return next((place for place, box in enumerate(boxes) if box.tracking_number == fact.tracking_number), None)
