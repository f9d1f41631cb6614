"""Cancelled pieces of an order: they were never sent (R33b)."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from loyalty.orders.rules.facts import Cancelled, named_pieces
from loyalty.orders.rules.order import Order
from loyalty.orders.rules.pieces import Whereabouts


@dataclass(frozen=True, slots=True)
class CancelledPieces:
    """Cancelled pieces by line, as one producer reports them: of those that are not delivered, and beyond them."""

    undelivered: Mapping[str, int] = field(default_factory=dict)
    late: Mapping[str, int] = field(default_factory=dict)


def cancelled_by_producer(
    order: Order, facts: Sequence[Cancelled], lines: Mapping[str, Whereabouts]
) -> dict[str, CancelledPieces]:
    """The cancelled pieces of each producer that reports any.

    A cancellation without lines is of everything not delivered that was bought by then.
    """
    names = sorted({fact.producer for fact in facts})
    return {name: _of_producer(order, [fact for fact in facts if fact.producer == name], lines) for name in names}


def most_cancelled(reports: Iterable[CancelledPieces], line_id: str) -> int:
    """The cancelled pieces of a line that are not delivered: of several producers the one that reports most counts."""
    return max((each.undelivered.get(line_id, 0) for each in reports), default=0)


def _of_producer(order: Order, facts: Sequence[Cancelled], lines: Mapping[str, Whereabouts]) -> CancelledPieces:
    named = Counter[str]()
    for fact in facts:
        named.update(named_pieces(fact.lines))
    whole_at = max((fact.occurred_at for fact in facts if not fact.lines), default=None)
    known = {line.id for line in order.all_lines if whole_at is not None and order.has_by(line, whole_at)}
    return CancelledPieces(
        {
            name: each.undelivered if name in known else min(named[name], each.undelivered)
            for name, each in lines.items()
        },
        {name: max(0, named[name] - each.undelivered) for name, each in lines.items()},
    )
