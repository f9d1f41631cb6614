"""Rewards that points can buy and when, the value of points, and the next reward within reach (R40, R41)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol, TypeVar


class Closed(StrEnum):
    """Why a reward's window is not open."""

    NOT_STARTED = "REWARD_NOT_STARTED"
    ENDED = "REWARD_ENDED"


@dataclass(frozen=True, slots=True)
class Reward:
    """A coupon that points can buy in one market. Values in minor units, cost in points, validity in days."""

    reward_id: str
    market: str
    name: str
    value_minor: int
    currency: str
    cost: int
    valid_days: int
    minimum_minor: int | None
    available_from: datetime | None
    available_until: datetime | None
    stock_left: int | None
    per_member: int | None
    conditions: str
    ended_at: datetime | None = None
    waits: bool = False

    def why_closed(self, moment: datetime) -> Closed | None:
        """Why its window is not open (R41); None where it is, from `available_from` until before `available_until`.

        An operator may have ended it before; one that `waits` for a second operator has not begun.
        """
        if self.ended_at is not None and moment >= self.ended_at:
            return Closed.ENDED
        if self.waits:
            return Closed.NOT_STARTED
        if self.available_from is not None and moment < self.available_from:
            return Closed.NOT_STARTED
        if self.available_until is not None and moment >= self.available_until:
            return Closed.ENDED
        return None

    def is_offered(self, moment: datetime) -> bool:
        """Whether its window is open (R41)."""
        return self.why_closed(moment) is None

    @property
    def is_limited(self) -> bool:
        """Whether it has a stock or a limit for each member (R41)."""
        return self.stock_left is not None or self.per_member is not None


class HasCost(Protocol):
    """Anything with a cost in points."""

    @property
    def cost(self) -> int:
        """Points it costs."""
        ...


Priced = TypeVar("Priced", bound=HasCost)


def offered(rewards: Iterable[Reward], market: str, moment: datetime) -> list[Reward]:
    """The rewards of a market whose window is open, cheapest first (R40, R41)."""
    open_rewards = [reward for reward in rewards if reward.market == market and reward.is_offered(moment)]
    return sorted(open_rewards, key=lambda reward: (reward.cost, reward.reward_id))


def in_stock(rewards: Iterable[Reward], stock: Mapping[str, int | None]) -> list[Reward]:
    """The rewards that have not run out; `stock` is the number left by reward id.

    A reward whose number is None or absent has no stock limit.
    """
    return [reward for reward in rewards if stock.get(reward.reward_id) != 0]


def within_limit(rewards: Iterable[Reward], had: Mapping[str, int]) -> list[Reward]:
    """The rewards of which a member may have another one; `had` is the number it has had by reward id (R41)."""
    return [each for each in rewards if each.per_member is None or had.get(each.reward_id, 0) < each.per_member]


def next_reward(rewards: Iterable[Priced], available: int) -> tuple[Priced, int] | None:
    """The cheapest reward not yet affordable and the points missing; None when all are affordable."""
    dearer = [reward for reward in rewards if reward.cost > available]
    if not dearer:
        return None
    cheapest = min(dearer, key=lambda reward: reward.cost)
    return cheapest, cheapest.cost - available


def is_below_rate(value_minor: int, cost: int, points_per_unit_spent: int) -> bool:
    """Whether a reward gives more value for its points than R40's rate does: it waits for a second operator (R41)."""
    return value_minor * points_per_unit_spent > cost * 100


def worth_minor(points: int, points_per_unit_spent: int) -> int:
    """The value of points in minor units, rounded down: 650 points at 100 a unit are 650 cents."""
    return points * 100 // points_per_unit_spent
