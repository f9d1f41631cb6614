"""What the set of facts about an order says: a pure fold, whatever order they come in (R33 to R34)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

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
from loyalty.rules.orders import Kept, Order, Parcel

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


@dataclass(frozen=True, slots=True)
class _Box:
    """Pieces that travel together, and what was said of them.

    Without a number: all that is in no other box.
    """

    tracking_number: str | None
    carrier: str | None
    pieces: Mapping[str, int]
    facts: tuple[Movement, ...]

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


def fold(order: Order, facts: Iterable[Fact]) -> OrderState:
    """What the facts say together. Raises UnknownLine and UnknownParcel."""
    once = each_once(facts)
    _check_lines(order, once)
    movements = [fact for fact in once if isinstance(fact, Movement)]
    returns = [fact for fact in once if isinstance(fact, Returned)]
    boxes = _boxes(order, movements)
    loose = [fact for fact in movements if fact.tracking_number is None and fact.lines]
    delivered = {line.id: _delivered(line.id, line.quantity, boxes, loose) for line in order.lines}
    possible = {line.id: _possible(line.id, line.quantity, boxes, delivered) for line in order.lines}
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


# --- boxes: which pieces travel together


def _boxes(order: Order, movements: Sequence[Movement]) -> list[_Box]:
    """The recorded parcels, those heard of later, and the rest; news of everything is news of each."""
    of_everything = tuple(fact for fact in movements if fact.tracking_number is None and not fact.lines)
    recorded = [
        _Box(parcel.tracking_number, parcel.carrier, parcel.pieces, _about(order, parcel, movements))
        for parcel in order.parcels
    ]
    numbers = sorted(
        {fact.tracking_number for fact in movements if fact.tracking_number is not None}
        - {parcel.tracking_number for parcel in order.parcels}
    )
    heard_of = [_box_heard_of(order, number, movements) for number in numbers]
    rest = _Box(None, None, _outside(order, [box.pieces for box in (*recorded, *heard_of)]), ())
    return [
        _Box(box.tracking_number, box.carrier, box.pieces, (*box.facts, *of_everything))
        for box in (*recorded, *heard_of, rest)
    ]


def _about(order: Order, parcel: Parcel, movements: Sequence[Movement]) -> tuple[Movement, ...]:
    return tuple(
        fact
        for fact in movements
        if fact.tracking_number is not None and _recorded(order, fact.tracking_number, fact.carrier) is parcel
    )


def _recorded(order: Order, tracking_number: str, carrier: str | None) -> Parcel | None:
    """R34: the number decides; the carrier, in any case, only between parcels with the same number."""
    same = [parcel for parcel in order.parcels if parcel.tracking_number == tracking_number]
    by_carrier = [each for each in same if (each.carrier or "").casefold() == (carrier or "").casefold()]
    return next(iter(by_carrier or same), None)


def _box_heard_of(order: Order, tracking_number: str, movements: Sequence[Movement]) -> _Box:
    facts = tuple(fact for fact in movements if fact.tracking_number == tracking_number)
    carriers = sorted((fact.carrier for fact in facts if fact.carrier), key=lambda name: (name.casefold(), name))
    pieces = _pieces_heard_of(order, tracking_number, movements)
    return _Box(tracking_number, carriers[0] if carriers else None, pieces, facts)


def _pieces_heard_of(order: Order, tracking_number: str, movements: Sequence[Movement]) -> Mapping[str, int]:
    """The pieces of a parcel that was not recorded: those named, else those in no recorded parcel."""
    named: dict[str, int] = {}
    for fact in movements:
        if fact.tracking_number == tracking_number:
            for line_id, quantity in named_pieces(fact.lines).items():
                named[line_id] = max(quantity, named.get(line_id, 0))
    pieces = named or _outside(order, [parcel.pieces for parcel in order.parcels])
    if not pieces:
        raise UnknownParcel(tracking_number)
    return pieces


def _outside(order: Order, boxes: Iterable[Mapping[str, int]]) -> dict[str, int]:
    """The pieces in none of these boxes."""
    inside: Counter[str] = Counter()
    for pieces in boxes:
        inside.update(pieces)
    return {line_id: bought - inside[line_id] for line_id, bought in order.pieces.items() if bought > inside[line_id]}


def _parcel_state(box: _Box) -> ParcelState:
    phase = box.phase
    return ParcelState(
        tracking_number=box.tracking_number or "",
        carrier=box.carrier,
        state=phase,
        delivered_at=box.arrivals[0] if phase is ParcelPhase.DELIVERED else None,
        line_ids=tuple(box.pieces),
    )


# --- pieces: how many of a line arrived, may arrive, came back


def _in(line_id: str, boxes: Iterable[_Box], *phases: ParcelPhase) -> int:
    return sum(box.pieces.get(line_id, 0) for box in boxes if box.phase in phases)


def _delivered(line_id: str, bought: int, boxes: Sequence[_Box], loose: Sequence[Movement]) -> int:
    """Pieces in delivered boxes, and those that deliveries without a number name.

    The latter never fill a place whose piece went back to the sender, nor one that was lost since.
    """
    tracked = _in(line_id, boxes, ParcelPhase.DELIVERED)
    told = [fact for fact in loose if isinstance(fact, Delivered) and line_id in named_pieces(fact.lines)]
    named = sum(named_pieces(fact.lines)[line_id] for fact in told)
    last = max((fact.occurred_at for fact in told), default=None)
    lost = sum(
        box.pieces.get(line_id, 0) for box in boxes if box.phase is ParcelPhase.LOST and not _later(last, box.lost_at)
    )
    room = bought - _in(line_id, boxes, ParcelPhase.RETURNED) - lost
    return min(bought, max(tracked, min(tracked + named, room)))


def _possible(line_id: str, bought: int, boxes: Sequence[_Box], delivered: Mapping[str, int]) -> int:
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
    parcel = _recorded(order, tracking_number, None)
    return parcel.pieces if parcel else _pieces_heard_of(order, tracking_number, movements)


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
