"""Pieces of an order that will never be sent (R33b)."""

from dataclasses import dataclass
from datetime import datetime
from functools import partial

from loyalty.callers import Caller
from loyalty.orders.change_order import OrderChange, OrderToChange, change_order
from loyalty.orders.problems import refuse_problems
from loyalty.orders.record import OrderVerdict
from loyalty.orders.rules.facts import STOREFRONT_REPORTS, Cancelled, Lines
from loyalty.orders.rules.order_check import check_moment, check_pieces
from loyalty.programme.programme import Programme
from loyalty.refusals import InvalidInput


@dataclass(frozen=True, slots=True)
class Cancellation:
    """A cancellation that the storefront reports. `lines` None: everything not delivered. `cancelled_at` None: now."""

    number: str
    cancellation_id: str
    lines: Lines | None = None
    cancelled_at: datetime | None = None


async def cancel_order(programme: Programme, caller: Caller, reported: Cancellation, key: str) -> OrderVerdict:
    """Takes pieces out of those of the order that are not delivered; points that wait for them are cancelled.

    One cancellation id is one cancellation, whichever system reports it. Refusals: NotFound, IdempotencyMismatch,
    OCCURRED_IN_FUTURE, and InvalidInput for an empty list of lines, an unknown line, more pieces than were bought, or a
    known cancellation with other lines.
    """
    lines = None if reported.lines is None else sorted(reported.lines)
    content = [reported.cancellation_id, lines, reported.cancelled_at]
    change = OrderChange("cancelOrder", reported.number, content, partial(_facts, reported))
    return await change_order(programme, caller, change, key)


def _facts(reported: Cancellation, known: OrderToChange) -> list[Cancelled]:
    if reported.lines is not None and not reported.lines:
        raise InvalidInput("Name the cancelled lines, or leave `lines` out for everything.", "input", "lines")
    lines = tuple(sorted(reported.lines or ()))
    cancelled_at = reported.cancelled_at or known.member.now
    cancelled = Cancelled(reported.cancellation_id, lines, cancelled_at, STOREFRONT_REPORTS)
    if _was_cancelled(cancelled, known):
        return []
    order = known.state.order
    problems = check_pieces(order, reported.lines or ())
    refuse_problems(order.lines, [*problems, *check_moment(cancelled_at, "cancelledAt", known.member.now, known.terms)])
    return [cancelled]


def _was_cancelled(cancelled: Cancelled, known: OrderToChange) -> bool:
    """Whether the cancellation is known. Raises InvalidInput if it is known with other lines."""
    earlier = known.facts.get(cancelled.key)
    if not isinstance(earlier, Cancelled):
        return False
    if sorted(earlier.lines) != sorted(cancelled.lines):
        sentence = "This cancellation was recorded before with other lines."
        raise InvalidInput(sentence, "input", "cancellationId")
    return True
