"""Rewards: coupons that members can buy with points."""

from datetime import datetime
from functools import lru_cache

import strawberry

from api.context import Info
from api.ids import GlobalId
from api.schema.money import Money
from api.schema.node import Node
from api.schema.rows import made_of
from api.schema.scalars import Market
from loyalty.programme.rules.rewards import Reward as OfferedReward


@strawberry.type(description="Something points can be turned into: a coupon of some value.")
class Reward(Node):
    row: strawberry.Private[OfferedReward]
    market: Market = strawberry.field(description="Where it is offered.")
    name: str = strawberry.field(description="As it is called in the shop.")
    value: Money = strawberry.field(description="What a coupon of it takes off an order.")
    cost: int = strawberry.field(description="Points it costs.")
    valid_days: int = strawberry.field(description="Days a coupon of it is valid after issue.")
    available_from: datetime | None = strawberry.field(description="When the offer begins; null: it has begun.")
    available_until: datetime | None = strawberry.field(description="A temporary offer ends here.")
    minimum: Money | None = strawberry.field(description="The least a cart must hold for its coupons; null for none.")
    conditions: str = strawberry.field(description="What the member agrees to, in the market's language.")
    waits_for_operator: bool = strawberry.field(
        description="Whether it is not offered yet, because a second operator has to agree (`decideReward`)."
    )
    ended_at: datetime | None = strawberry.field(description="When an operator ended it; null where none did.")

    @strawberry.field(description="How many are left; null where it cannot run out.")
    async def stock_left(self, info: Info) -> int | None:
        if self.row.stock_left is None:
            return None
        return await info.context.loaders.stock.load(self.row.reward_id)

    @classmethod
    def of(cls, reward: OfferedReward) -> "Reward":
        """A reward of the catalogue."""
        return _reward(reward)


@lru_cache(maxsize=4096)
def _id(reward_id: str) -> str:
    return str(GlobalId("Reward", local=reward_id))


def _minimum(reward: OfferedReward) -> Money | None:
    if reward.minimum_minor is None:
        return None
    return Money(amount_minor=reward.minimum_minor, currency=reward.currency)


_reward = made_of(
    Reward,
    "market",
    "name",
    "cost",
    "valid_days",
    "available_from",
    "available_until",
    "conditions",
    "ended_at",
    id=lambda row: _id(row.reward_id),
    value=lambda row: Money(amount_minor=row.value_minor, currency=row.currency),
    minimum=_minimum,
    waits_for_operator="waits",
)
