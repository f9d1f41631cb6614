"""What the set of facts about an order says: a pure fold, whatever order they come in (R33 to R34)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import chain

from loyalty.rules.boxes import (
    Box,
    ParcelPhase,
    UnknownParcel,
    boxes_of,
    count,
    loose_of,
    pieces_heard_of,
    recorded_parcel,
)
from loyalty.rules.consignments import placed
from loyalty.rules.facts import (
    Delivered,
    Fact,
    InTransit,
    Lines,
    Lost,
    Movement,
    Returned,
    ReturnedToSender,
    each_once,
    named_pieces,
)
from loyalty.rules.orders import Kept, Order

__all__ = [
    "Delivered",
    "Fact",
    "InTransit",
    "Lines",
    "Lost",
    "OrderState",
    "ParcelPhase",
    "ParcelState",
    "Returned",
    "ReturnedToSender",
    "UnknownLine",
    "UnknownParcel",
    "fold",
]


class UnknownLine(LookupError):
    """A fact names a line the order does not have."""

    def __init__(self, line_id: str) -> None:
        self.line_id = line_id
        super().__init__(f"The order has no line {line_id}.")


@dataclass(frozen=True, slots=True)
class ParcelState:
    """A parcel with a tracking number, recorded with the order or heard of later."""

    tracking_number: str
    carrier: str | None
    state: ParcelPhase
    delivered_at: datetime | None
    line_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderState:
    """What is known of an order: pieces by line, what is kept now, and what may be kept in the end."""

    parcels: tuple[ParcelState, ...]
    delivered: Mapping[str, int] = field(hash=False)
    returned: Mapping[str, int] = field(hash=False)
    kept: Kept
    possible: Kept
    any_return: bool


def fold(order: Order, facts: Iterable[Fact]) -> OrderState:
    """What the facts say together. Raises UnknownLine and UnknownParcel."""
    once = each_once(facts)
    _check_lines(order, once)
    movements = placed(order, [fact for fact in once if isinstance(fact, Movement)])
    returns = [fact for fact in once if isinstance(fact, Returned)]
    boxes = boxes_of(order, movements)
    loose = loose_of(movements)
    phases = _by_phase(boxes)
    delivered = {line.id: _delivered(line.id, line.quantity, phases, loose) for line in order.lines}
    possible = {line.id: _possible(line.id, line.quantity, phases, delivered) for line in order.lines}
    returned = _capped(_returned(order, returns, movements), order)
    gone = _capped(Counter(returned) + _sent_back(loose), order)
    return OrderState(
        parcels=tuple(_parcel_state(box) for box in boxes if box.tracking_number is not None),
        delivered=delivered,
        returned=returned,
        kept=_kept(delivered, gone, returns),
        possible=_kept(possible, gone, returns),
        any_return=bool(returns),
    )


def _check_lines(order: Order, facts: Sequence[Fact]) -> None:
    known = order.pieces
    unknown = sorted(line_id for fact in facts for line_id, _ in fact.lines if line_id not in known)
    if unknown:
        raise UnknownLine(unknown[0])


def _parcel_state(box: Box) -> ParcelState:
    phase = box.phase
    return ParcelState(
        tracking_number=box.tracking_number or "",
        carrier=box.carrier,
        state=phase,
        delivered_at=box.arrivals[0] if phase is ParcelPhase.DELIVERED else None,
        line_ids=tuple(box.pieces),
    )


# --- pieces: how many of a line arrived, may arrive, came back


Phases = Mapping[ParcelPhase, Sequence[Box]]


def _by_phase(boxes: Iterable[Box]) -> Phases:
    """The boxes by where they are, found out once for each: an order may have hundreds of lines and boxes."""
    found: dict[ParcelPhase, list[Box]] = {phase: [] for phase in ParcelPhase}
    for box in boxes:
        found[box.phase].append(box)
    return found


def _in(line_id: str, boxes: Phases, *phases: ParcelPhase) -> int:
    return count(line_id, chain.from_iterable(boxes[phase] for phase in phases))


def _delivered(line_id: str, bought: int, boxes: Phases, loose: Sequence[Movement]) -> int:
    """Pieces in delivered boxes, and those that deliveries without a number name.

    The latter never fill a place whose piece went back to the sender, nor one that was lost since.
    """
    tracked = _in(line_id, boxes, ParcelPhase.DELIVERED)
    told = [fact for fact in loose if isinstance(fact, Delivered) and line_id in named_pieces(fact.lines)]
    named = sum(named_pieces(fact.lines)[line_id] for fact in told)
    last = max((fact.occurred_at for fact in told), default=None)
    lost = count(line_id, [box for box in boxes[ParcelPhase.LOST] if not _later(last, box.lost_at)])
    room = bought - _in(line_id, boxes, ParcelPhase.RETURNED) - lost
    return min(bought, max(tracked, min(tracked + named, room)))


def _possible(line_id: str, bought: int, boxes: Phases, delivered: Mapping[str, int]) -> int:
    """Pieces that were delivered or still can be."""
    dead = _in(line_id, boxes, ParcelPhase.RETURNED, ParcelPhase.LOST)
    alive = _in(line_id, boxes, ParcelPhase.DELIVERED, ParcelPhase.IN_TRANSIT, ParcelPhase.EXPECTED)
    return min(bought, max(delivered[line_id], bought - dead, alive))


def _sent_back(loose: Sequence[Movement]) -> Counter[str]:
    """Pieces named without a tracking number as returned to sender, or as lost and not delivered since."""
    gone: Counter[str] = Counter()
    for fact in loose:
        if isinstance(fact, ReturnedToSender) or (isinstance(fact, Lost) and not _found(fact, loose)):
            gone.update(named_pieces(fact.lines))
    return gone


def _found(lost: Lost, loose: Sequence[Movement]) -> bool:
    lines = named_pieces(lost.lines)
    return any(
        isinstance(fact, Delivered) and named_pieces(fact.lines) == lines and _later(fact.occurred_at, lost.occurred_at)
        for fact in loose
    )


def _later(one: datetime | None, other: datetime | None) -> bool:
    return one is not None and (other is None or one > other)


# --- returns


def _is_of_money(fact: Returned) -> bool:
    """R33a: no lines, but money."""
    return not fact.lines and (fact.amount_minor is not None or fact.shipping_minor != 0)


def _returned(order: Order, returns: Sequence[Returned], movements: Sequence[Movement]) -> Counter[str]:
    """Pieces returned: those named, else, without money, all of the parcel or of the order."""
    pieces: Counter[str] = Counter()
    for fact in returns:
        if fact.lines:
            pieces.update(named_pieces(fact.lines))
        elif not _is_of_money(fact):
            pieces.update(_all_of(order, fact.tracking_number, movements))
    return pieces


def _all_of(order: Order, tracking_number: str | None, movements: Sequence[Movement]) -> Mapping[str, int]:
    if tracking_number is None:
        return order.pieces
    parcel = recorded_parcel(order, tracking_number, None)
    return parcel.pieces if parcel else pieces_heard_of(order, tracking_number, movements)


def _capped(pieces: Mapping[str, int], order: Order) -> dict[str, int]:
    return {line_id: min(bought, pieces.get(line_id, 0)) for line_id, bought in order.pieces.items()}


def _kept(there: Mapping[str, int], gone: Mapping[str, int], returns: Sequence[Returned]) -> Kept:
    """Delivered minus returned, never below zero; money counts only of returns that name no line."""
    money = [fact for fact in returns if _is_of_money(fact)]
    return Kept(
        pieces={line_id: max(0, pieces - gone[line_id]) for line_id, pieces in there.items()},
        shipping_refunded_minor=sum(max(0, fact.shipping_minor) for fact in money),
        refunds_without_lines_minor=sum(
            max(0, (fact.amount_minor or 0) - max(0, fact.shipping_minor)) for fact in money
        ),
    )
