"""Folds the set of facts about an order into its state; their order does not matter (R33 to R34)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from loyalty.orders.rules.boxes import Box, ParcelPhase, boxes_of, loose_of
from loyalty.orders.rules.consignments import placed
from loyalty.orders.rules.facts import (
    Fact,
    Movement,
    Returned,
    each_once,
)
from loyalty.orders.rules.order import KeptGoods, Order
from loyalty.orders.rules.pieces import there_and_possible
from loyalty.orders.rules.returns import all_returned, kept_of


class UnknownLine(LookupError):
    """A fact names a line the order does not have."""

    def __init__(self, line_id: str) -> None:
        self.line_id = line_id
        super().__init__(f"The order has no line {line_id}.")


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
    """The state of an order: pieces by line, the goods kept now, and the goods that may be kept in the end."""

    parcels: tuple[ParcelState, ...]
    delivered: Mapping[str, int] = field(hash=False)
    returned: Mapping[str, int] = field(hash=False)
    kept: KeptGoods
    possible: KeptGoods
    any_return: bool


def fold(order: Order, facts: Iterable[Fact]) -> OrderState:
    """The state that the facts give together. Raises UnknownLine and UnknownParcel."""
    once = each_once(facts)
    _check_lines(order, once)
    movements = placed(order, [fact for fact in once if isinstance(fact, Movement)])
    returns = [fact for fact in once if isinstance(fact, Returned)]
    boxes = boxes_of(order, movements)
    loose = loose_of(movements)
    lines = {line.id: there_and_possible(line.id, line.quantity, boxes, loose) for line in order.lines}
    back = all_returned(order, returns, boxes, movements)
    left = {each.id: back.left(each.id, each.quantity, *lines[each.id]) for each in order.lines}
    return OrderState(
        parcels=tuple(_parcel_state(box) for box in boxes if box.tracking_number is not None),
        delivered={line_id: there for line_id, (there, _) in lines.items()},
        returned={each.id: min(each.quantity, back.in_all(each.id)) for each in order.lines},
        kept=kept_of({line_id: kept for line_id, (kept, _) in left.items()}, returns),
        possible=kept_of({line_id: possible for line_id, (_, possible) in left.items()}, returns),
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
