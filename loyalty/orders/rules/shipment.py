"""Folds the set of facts about an order into its state; their order does not matter (R33 to R34)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty.orders.rules.boxes import Box, ParcelPhase, boxes_of, count, loose_of
from loyalty.orders.rules.cancellations import CancelledPieces, cancelled_by_producer, most_cancelled
from loyalty.orders.rules.consignments import placed
from loyalty.orders.rules.facts import (
    Cancelled,
    Fact,
    GivenUp,
    Movement,
    Returned,
    each_once,
    named_pieces,
)
from loyalty.orders.rules.growth import grown
from loyalty.orders.rules.order import KeptGoods, Order
from loyalty.orders.rules.pieces import Whereabouts, whereabouts
from loyalty.orders.rules.refunds import refunded
from loyalty.orders.rules.returns import Back, all_returned


@dataclass(frozen=True, slots=True)
class ParcelState:
    """A parcel with a tracking number, recorded with the order or reported later."""

    tracking_number: str
    carrier: str | None
    state: ParcelPhase
    delivered_at: datetime | None
    line_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class OrderState:
    """The state of an order: pieces by line, the goods kept now, and the goods that may be kept in the end.

    `order` has the lines and parcels that it got later. `unparcelled` are pieces that a further parcel may hold: those
    in no recorded parcel, or in one that is gone, or given up. `is_cancelled`: every piece was cancelled before it was
    sent.
    """

    order: Order
    parcels: tuple[ParcelState, ...]
    delivered: Mapping[str, int] = field(hash=False)
    returned: Mapping[str, int] = field(hash=False)
    kept: KeptGoods
    possible: KeptGoods
    any_return: bool
    unparcelled: Mapping[str, int] = field(hash=False)
    is_cancelled: bool = False

    @property
    def awaited(self) -> dict[str, int]:
        """Pieces by line that may still come; no zeros."""
        more = Counter(self.possible.pieces)
        more.subtract(self.kept.pieces)
        return {line_id: pieces for line_id, pieces in more.items() if pieces > 0}


def fold(recorded: Order, facts: Iterable[Fact]) -> OrderState:
    """The state that the facts give together. Lines that the order does not have are left out, until it gets them.

    Raises UnknownParcel.
    """
    once = each_once(facts)
    order = grown(recorded, once)
    movements = placed(order, [fact for fact in once if isinstance(fact, Movement)])
    returns = [fact for fact in once if isinstance(fact, Returned)]
    given_up = _given_up(once)
    boxes = boxes_of(order, movements, given_up)
    lines = _lines(order, boxes, loose_of(movements), given_up)
    cancelled = cancelled_by_producer(order, [fact for fact in once if isinstance(fact, Cancelled)], lines)
    spares = {line_id: each.spare for line_id, each in lines.items()}
    backs = {
        name: all_returned(order, own, boxes, movements, spares, cancelled.get(name, CancelledPieces()).late)
        for name, own in _by_producer(returns, cancelled).items()
    }
    early = {line_id: most_cancelled(cancelled.values(), line_id) for line_id in lines}
    kept, possible = _left(lines, early, backs.values())
    money = refunded(order, returns, _pieces_refunded(order, cancelled, backs))
    return OrderState(
        order=order,
        parcels=tuple(_parcel_state(order, box) for box in boxes if box.tracking_number is not None),
        delivered={line_id: each.there for line_id, each in lines.items()},
        returned={line_id: min(each.bought, _most(backs.values(), line_id)) for line_id, each in lines.items()},
        kept=KeptGoods(kept, money.shipping_minor, money.goods_minor),
        possible=KeptGoods(possible, money.shipping_minor, money.goods_minor),
        any_return=bool(returns) or any(any(each.late.values()) for each in cancelled.values()),
        unparcelled=_unparcelled(order, boxes[: len(order.parcels)], given_up),
        is_cancelled=early == order.pieces,
    )


def _given_up(facts: Iterable[Fact]) -> Counter[str]:
    pieces = Counter[str]()
    for fact in facts:
        if isinstance(fact, GivenUp):
            pieces.update(named_pieces(fact.lines))
    return pieces


def _lines(
    order: Order, boxes: Sequence[Box], loose: Sequence[Movement], given_up: Mapping[str, int]
) -> dict[str, Whereabouts]:
    return {
        line.id: whereabouts(line.id, line.quantity, boxes, loose, given_up.get(line.id, 0)) for line in order.all_lines
    }


def _unparcelled(order: Order, recorded: Sequence[Box], given_up: Mapping[str, int]) -> dict[str, int]:
    there = [box for box in recorded if box.phase not in (ParcelPhase.LOST, ParcelPhase.RETURNED)]
    return {
        line_id: max(0, min(bought, bought - count(line_id, there) + given_up.get(line_id, 0)))
        for line_id, bought in order.pieces.items()
    }


def _by_producer(returns: Sequence[Returned], cancelled: Mapping[str, CancelledPieces]) -> dict[str, list[Returned]]:
    """The returns of each producer that reports returns or cancellations."""
    names = sorted({fact.producer for fact in returns} | set(cancelled))
    return {name: [fact for fact in returns if fact.producer == name] for name in names}


def _left(
    lines: Mapping[str, Whereabouts], cancelled: Mapping[str, int], backs: Iterable[Back]
) -> tuple[dict[str, int], dict[str, int]]:
    """Pieces kept now, and pieces that may be kept. Of each line the producer counts by which least is left (R33c)."""
    reports = list(backs) or [Back()]
    left = {
        line_id: [each.left(line_id, pieces, cancelled[line_id]) for each in reports]
        for line_id, pieces in lines.items()
    }
    kept = {line_id: min(kept for kept, _ in of_line) for line_id, of_line in left.items()}
    return kept, {line_id: min(possible for _, possible in of_line) for line_id, of_line in left.items()}


def _pieces_refunded(
    order: Order, cancelled: Mapping[str, CancelledPieces], backs: Mapping[str, Back]
) -> dict[str, dict[str, int]]:
    """The pieces that came back or were cancelled, by producer and line: their price was paid back."""
    return {
        name: {
            line_id: back.in_all(line_id) + cancelled.get(name, CancelledPieces()).undelivered.get(line_id, 0)
            for line_id in order.pieces
        }
        for name, back in backs.items()
    }


def _most(backs: Iterable[Back], line_id: str) -> int:
    return max((back.in_all(line_id) for back in backs), default=0)


def _parcel_state(order: Order, box: Box) -> ParcelState:
    phase, known = box.phase, order.pieces
    return ParcelState(
        tracking_number=box.tracking_number or "",
        carrier=box.carrier,
        state=phase,
        delivered_at=box.arrivals[0] if phase is ParcelPhase.DELIVERED else None,
        line_ids=tuple(line_id for line_id in box.pieces if line_id in known),
    )
