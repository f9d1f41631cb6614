"""The points to move so that an order's points agree with its facts (R31 to R34, R60)."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from loyalty.orders.rules.purchase import worth
from loyalty.orders.rules.shipment import OrderState
from loyalty.programme.rules.campaigns import Campaign
from loyalty.programme.rules.kinds import Code, Outcome
from loyalty.programme.rules.terms import Terms


@dataclass(frozen=True, slots=True)
class Settlement:
    """Points to move, by part key and in this order; no zeros.

    `promise` makes points pending, `post` credits out of pending, `cancel` drops pending that will never
    come, `take_back` debits. `still_pending` is what is pending after that.
    """

    promise: Mapping[str, int] = field(hash=False)
    post: Mapping[str, int] = field(hash=False)
    cancel: Mapping[str, int] = field(hash=False)
    take_back: Mapping[str, int] = field(hash=False)
    still_pending: Mapping[str, int] = field(hash=False)

    @property
    def is_settled(self) -> bool:
        """Whether nothing has to move."""
        return not (self.promise or self.post or self.cancel or self.take_back)


def settle_state(
    state: OrderState,
    terms: Terms,
    campaigns: Iterable[Campaign],
    posted: Mapping[str, int],
    pending: Mapping[str, int],
) -> Settlement:
    """Compares the order's worth with the points moved so far, and gives the difference.

    `state` is the order's state, with the lines that it got later; `posted` the points
    credited so far less those taken back, `pending` the points
    promised; both by part key. The result depends on the set of facts alone, not on their order. Without facts and
    with nothing moved, `promise` has the points that recording the order promises.
    """
    known, order = tuple(campaigns), state.order
    now = worth(order, state.kept, terms, known).by_part
    possible = worth(order, state.possible, terms, known).by_part
    keys = sorted({*now, *possible, *posted, *pending})
    due = {key: max(0, possible.get(key, 0) - now.get(key, 0)) for key in keys}

    def of_each(points: Callable[[str], int]) -> dict[str, int]:
        return {key: moved for key in keys if (moved := points(key)) > 0}

    post = of_each(lambda key: now.get(key, 0) - posted.get(key, 0))
    return Settlement(
        promise=of_each(lambda key: post.get(key, 0) + due[key] - pending.get(key, 0)),
        post=post,
        cancel=of_each(lambda key: pending.get(key, 0) - post.get(key, 0) - due[key]),
        take_back=of_each(lambda key: posted.get(key, 0) - now.get(key, 0)),
        still_pending=of_each(lambda key: due[key]),
    )


def order_outcome(
    whole_points: int, pending_points: int, *, ever_posted: bool, any_return: bool, is_cancelled: bool = False
) -> tuple[Outcome, Code]:
    """An order's verdict (R60): it waits until nothing of it is pending.

    `whole_points` is what the order is worth with all of it kept; `ever_posted`, whether anything was ever
    credited; `is_cancelled`, whether every piece was cancelled before it was sent (R33b).
    """
    if whole_points == 0:
        return Outcome.REFUSED, Code.NOTHING_TO_EARN
    if pending_points > 0:
        return Outcome.WAITING, Code.WAITING_FOR_DELIVERY
    if ever_posted:
        return Outcome.GRANTED, Code.GRANTED
    if is_cancelled:
        return Outcome.REFUSED, Code.CANCELLED
    return Outcome.REFUSED, Code.RETURNED if any_return else Code.NOT_DELIVERED
