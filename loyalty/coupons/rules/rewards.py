"""Whether a member can turn points into a coupon of a reward now, or why not (R36, R40, R41)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from loyalty.programme.rules.rewards import Closed, Reward


class WhyNot(StrEnum):
    """Why a member cannot get an open reward."""

    OUT_OF_STOCK = "OUT_OF_STOCK"
    LIMIT_REACHED = "LIMIT_REACHED"
    IN_DEBT = "IN_DEBT"
    NOT_ENOUGH_POINTS = "NOT_ENOUGH_POINTS"


@dataclass(frozen=True, slots=True)
class Redeemer:
    """The member as redeeming sees it: points available and owed, and how many of the reward it has had."""

    available: int
    debt: int
    had: int = 0


def why_not_redeem(
    reward: Reward, stock_left: int | None, redeemer: Redeemer, moment: datetime
) -> Closed | WhyNot | None:
    """The first reason, in this order: the window, the stock (None: it cannot run out), the limit for each member,
    a debt, too few points. None where the coupon can be had."""
    closed = reward.why_closed(moment)
    if closed is not None:
        return closed
    if stock_left == 0:
        return WhyNot.OUT_OF_STOCK
    if reward.per_member is not None and redeemer.had >= reward.per_member:
        return WhyNot.LIMIT_REACHED
    if redeemer.debt > 0:
        return WhyNot.IN_DEBT
    return WhyNot.NOT_ENOUGH_POINTS if redeemer.available < reward.cost else None
