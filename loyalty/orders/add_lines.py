"""Lines that an order got after it was recorded: a gift, an edit, an exchange (R61a)."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from loyalty.callers import Caller
from loyalty.orders.campaigns import campaigns_brought
from loyalty.orders.change_order import OrderChange, OrderToChange, change_order
from loyalty.orders.fact_rows import line_as_row
from loyalty.orders.problems import refuse_problems
from loyalty.orders.record import OrderVerdict
from loyalty.orders.rules.growth import LinesAdded
from loyalty.orders.rules.order import OrderLine
from loyalty.orders.rules.order_check import check_added_lines, check_moment
from loyalty.programme.programme import Programme
from loyalty.refusals import InvalidInput, MemberNotActive


@dataclass(frozen=True, slots=True)
class LinesToAdd:
    """Lines that the storefront reports, with their own shipping in minor units. `added_at` None: now."""

    number: str
    lines: tuple[OrderLine, ...]
    shipping_minor: int = 0
    added_at: datetime | None = None


async def add_order_lines(programme: Programme, caller: Caller, reported: LinesToAdd, key: str) -> OrderVerdict:
    """Adds lines to an order and promises their points, by the terms and campaigns of the order's moment.

    What was reported of the lines before counts then. The same lines with the same content, under whichever key, change
    nothing. Refusals: NotFound, IdempotencyMismatch, MemberNotActive when closed, OCCURRED_IN_FUTURE, and InvalidInput
    for no line, a known line, and whatever an order's lines cannot be.
    """
    lines = sorted((line_as_row(line) for line in reported.lines), key=str)
    content = [lines, reported.shipping_minor, reported.added_at]
    change = OrderChange("addOrderLines", reported.number, content, partial(_facts, reported))
    return await change_order(programme, caller, change, key)


def _facts(reported: LinesToAdd, known: OrderToChange) -> list[LinesAdded]:
    if known.member.state == "CLOSED":
        raise MemberNotActive(known.member.state)
    if _were_added(reported, known):
        return []
    order, added_at = known.state.order, reported.added_at or known.member.now
    problems = check_added_lines(order, reported.lines, reported.shipping_minor)
    refuse_problems(reported.lines, [*problems, *check_moment(added_at, "addedAt", known.member.now, known.terms)])
    brought = campaigns_brought(known.catalogue, known.terms, order, known.row.campaign_ids, reported.lines)
    return [LinesAdded(reported.lines, reported.shipping_minor, added_at, brought)]


def _were_added(reported: LinesToAdd, known: OrderToChange) -> bool:
    """Whether the order got these lines before. Raises InvalidInput if it got them with other content."""
    key = LinesAdded(reported.lines, 0, known.member.now).key
    earlier = known.facts.get(key)
    if not isinstance(earlier, LinesAdded):
        return False
    if {*earlier.added} != {*reported.lines} or earlier.shipping_minor != reported.shipping_minor:
        raise InvalidInput("The order got these lines before with other content.", "input", "lines")
    return True
