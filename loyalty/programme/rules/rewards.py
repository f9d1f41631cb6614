"""What points are worth, and the next reward within reach (R40)."""

from collections.abc import Iterable
from typing import Protocol, TypeVar


class Costs(Protocol):
    """Anything with a cost in points."""

    @property
    def cost(self) -> int:
        """Points it costs."""
        ...


Priced = TypeVar("Priced", bound=Costs)


def next_reward(rewards: Iterable[Priced], available: int) -> tuple[Priced, int] | None:
    """The cheapest reward not yet affordable and the points missing; None when all are affordable."""
    dearer = [reward for reward in rewards if reward.cost > available]
    if not dearer:
        return None
    cheapest = min(dearer, key=lambda reward: reward.cost)
    return cheapest, cheapest.cost - available


def worth_minor(points: int, points_per_unit_spent: int) -> int:
    """What points are worth in minor units, rounded down: 650 points at 100 a unit are 650 cents."""
    return points * 100 // points_per_unit_spent
