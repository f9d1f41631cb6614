"""Lines that a delivery names and its order does not have, such as a gift that the storefront did not report (R34)."""

from collections.abc import Sequence

from loyalty.orders.rules.facts import Cancelled, Fact, GivenUp, Movement, Returned
from loyalty.orders.rules.order import Order


class UnknownLine(LookupError):
    """A delivery names nothing but lines that its order does not have; it can be replayed once it has them."""

    def __init__(self, line_id: str) -> None:
        self.line_id = line_id
        super().__init__(f"The order has no line {line_id}.")


def unknown_lines(order: Order, facts: Sequence[Fact]) -> list[str]:
    """The ids of these lines; what the facts say of them counts once the order has them (R61a).

    Raises UnknownLine if the facts name no other line.
    """
    known, named = order.pieces, [_named(fact) for fact in facts]
    unknown = sorted({line_id for ids in named for line_id in ids if line_id not in known})
    if unknown and all(ids and not ids & known.keys() for ids in named):
        raise UnknownLine(unknown[0])
    return unknown


def _named(fact: Fact) -> set[str]:
    if isinstance(fact, Movement | Returned | Cancelled | GivenUp):
        return {line_id for line_id, _ in fact.lines}
    return set()
