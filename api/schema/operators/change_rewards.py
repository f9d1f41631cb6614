"""Operators' mutations about rewards and about products that coupons may not buy."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.context import Info
from api.ids import read_id
from api.permissions import OPERATOR
from api.schema.arguments import IdempotencyKey, given
from api.schema.programme.rewards import Reward as RewardType
from api.schema.refusals import IdempotencyMismatch, InvalidInput, NotAllowed, NotFound
from api.schema.root_fields import mutation_field
from api.schema.scalars import Market
from api.schema.texts import valid_text
from loyalty import refusals
from loyalty.operators.change_rewards import RewardChange
from loyalty.operators.change_rewards import decide_reward as decide
from loyalty.operators.change_rewards import end_reward as end
from loyalty.operators.create_reward import create_reward as create
from loyalty.operators.exclude_products import exclude_products as exclude
from loyalty.operators.lift_exclusion import Lift
from loyalty.operators.lift_exclusion import lift_exclusion as lift
from loyalty.programme.rules.reward_check import ExclusionToCheck, RewardToCheck

LONGEST_CONDITIONS = 4000
MOST_PRODUCTS = 1000


@strawberry.input(description="A reward to be offered, for good or for a while.")
class RewardInput:
    market: Market = strawberry.field(description="Where it is offered.")
    name: str = strawberry.field(description="As it is called in the shop.")
    value_minor: int = strawberry.field(description="What a coupon of it takes off an order; minor units.")
    minimum_minor: int | None = strawberry.field(
        default=strawberry.UNSET, description="The least a cart must hold for its coupons; minor units."
    )
    cost: int = strawberry.field(description="Points it costs.")
    valid_days: int = strawberry.field(description="Days a coupon of it is valid after issue.")
    available_from: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When the offer begins (default: at once)."
    )
    available_until: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="The first instant after the offer (default: it does not end)."
    )
    stock: int | None = strawberry.field(
        default=strawberry.UNSET, description="How many there are (default: no limit)."
    )
    per_member: int | None = strawberry.field(
        default=strawberry.UNSET, description="How many a member may have (default: any number)."
    )
    conditions: str = strawberry.field(description="What the member agrees to, in the market's language.")

    def to_domain(self) -> RewardToCheck:
        """The reward for the programme. Raises InvalidInput for texts that are empty or too long."""
        if len(self.conditions) > LONGEST_CONDITIONS:
            raise refusals.InvalidInput(
                f"Conditions have at most {LONGEST_CONDITIONS} characters.", "input", "conditions"
            )
        return RewardToCheck(
            market=self.market,
            name=valid_text(self.name, "input", "name"),
            value_minor=self.value_minor,
            cost=self.cost,
            valid_days=self.valid_days,
            conditions=self.conditions,
            minimum_minor=given(self.minimum_minor),
            available_from=given(self.available_from),
            available_until=given(self.available_until),
            stock=given(self.stock),
            per_member=given(self.per_member),
        )


@strawberry.input(description="Products that coupons may not buy.")
class ExclusionInput:
    market: Market = strawberry.field(description="Where.")
    product_ids: list[strawberry.ID] = strawberry.field(description="Which products.")
    from_: datetime | None = strawberry.field(
        name="from", default=strawberry.UNSET, description="From when on (default: now)."
    )
    until: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="The first instant after it (default: for good)."
    )
    reason: str = strawberry.field(description="Why; stored in the audit log.")

    def to_domain(self) -> ExclusionToCheck:
        """The exclusion for the programme. Raises InvalidInput for empty texts, and for texts or lists too long."""
        if len(self.product_ids) > MOST_PRODUCTS:
            raise refusals.InvalidInput(f"Name at most {MOST_PRODUCTS} products at once.", "input", "productIds")
        return ExclusionToCheck(
            market=self.market,
            product_ids=tuple(
                valid_text(each, "input", "productIds", str(place)) for place, each in enumerate(self.product_ids)
            ),
            since=given(self.from_),
            until=given(self.until),
            reason=valid_text(self.reason, "input", "reason"),
        )


@strawberry.input(description="Products that coupons may buy again.")
class LiftExclusionInput:
    market: Market = strawberry.field(description="Where.")
    product_ids: list[strawberry.ID] = strawberry.field(description="Which products.")
    reason: str = strawberry.field(description="Why; stored in the audit log.")

    def to_domain(self) -> Lift:
        """The request for the programme. Raises InvalidInput for empty texts, and for texts or lists too long."""
        products = ExclusionInput(
            market=self.market, product_ids=self.product_ids, from_=None, until=None, reason=self.reason
        ).to_domain()
        return Lift(products.market, products.product_ids, products.reason)


@strawberry.type(description="The reward was saved.")
class RewardSaved:
    reward: RewardType = strawberry.field(description="The reward, as it is now.")


@strawberry.type(description="The products are excluded.")
class ProductsExcluded:
    product_ids: list[strawberry.ID] = strawberry.field(description="Which, each once.")


@strawberry.type(description="Coupons may buy the products again.")
class ExclusionLifted:
    product_ids: list[strawberry.ID] = strawberry.field(description="Those that were excluded, each once.")


RewardResult = Annotated[
    RewardSaved | InvalidInput | IdempotencyMismatch | NotAllowed,
    strawberry.union("RewardResult", description="The answer to a new reward."),
]
RewardChangeResult = Annotated[
    RewardSaved | NotFound | InvalidInput | IdempotencyMismatch | NotAllowed,
    strawberry.union("RewardChangeResult", description="The answer to a change of a reward."),
]
LiftExclusionResult = Annotated[
    ExclusionLifted | InvalidInput | IdempotencyMismatch | NotAllowed,
    strawberry.union("LiftExclusionResult", description="The answer to the end of an exclusion."),
]
Reason = Annotated[str, strawberry.argument(description="Why; stored in the audit log.")]
RewardId = Annotated[strawberry.ID, strawberry.argument(description="The reward's id.")]
ExclusionResult = Annotated[
    ProductsExcluded | InvalidInput | IdempotencyMismatch | NotAllowed,
    strawberry.union("ExclusionResult", description="The answer to an exclusion."),
]


@mutation_field(OPERATOR, "a new or temporary reward; one cheaper than the rate waits for a second operator.")
async def create_reward(info: Info, input: RewardInput, idempotency_key: IdempotencyKey) -> RewardResult | None:
    caller = info.context.caller
    return await _saved(info, await create(info.context.programme, caller, input.to_domain(), idempotency_key))


@mutation_field(OPERATOR, "it ends now; its coupons stay.")
async def end_reward(
    info: Info, id: RewardId, reason: Reason, idempotency_key: IdempotencyKey
) -> RewardChangeResult | None:
    change = RewardChange(_named(id), reason)
    return await _saved(info, await end(info.context.programme, info.context.caller, change, idempotency_key))


@mutation_field(OPERATOR, "not the one who asked: an answer to a reward that waits for a second operator.")
async def decide_reward(
    info: Info,
    id: RewardId,
    approve: Annotated[bool, strawberry.argument(description="True: it is offered; false: it ends unoffered.")],
    reason: Reason,
    idempotency_key: IdempotencyKey,
) -> RewardChangeResult | None:
    change = RewardChange(_named(id), reason, approve)
    return await _saved(info, await decide(info.context.programme, info.context.caller, change, idempotency_key))


@mutation_field(OPERATOR, "coupons may buy these products again, from now on.")
async def lift_exclusion(
    info: Info, input: LiftExclusionInput, idempotency_key: IdempotencyKey
) -> LiftExclusionResult | None:
    lifted = await lift(info.context.programme, info.context.caller, input.to_domain(), idempotency_key)
    return ExclusionLifted(product_ids=[strawberry.ID(product_id) for product_id in lifted])


def _named(id_: str) -> str | None:
    read = read_id(id_)
    return read.local if read is not None and read.type == "Reward" else None


async def _saved(info: Info, reward_id: str) -> RewardSaved:
    reward = (await info.context.loaders.catalogue()).reward(reward_id)
    if reward is None:
        raise LookupError(f"The reward {reward_id} was saved and is not there.")
    return RewardSaved(reward=RewardType.of(reward))


@mutation_field(OPERATOR, "products that coupons may not buy, from now or between dates.")
async def exclude_products(
    info: Info, input: ExclusionInput, idempotency_key: IdempotencyKey
) -> ExclusionResult | None:
    caller = info.context.caller
    excluded = await exclude(info.context.programme, caller, input.to_domain(), idempotency_key)
    return ProductsExcluded(product_ids=[strawberry.ID(product_id) for product_id in excluded])
