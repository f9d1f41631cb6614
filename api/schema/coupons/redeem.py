"""redeemPoints: turns points into a coupon."""

from typing import Annotated

import strawberry

from api.context import Info
from api.ids import read_id
from api.permissions import STOREFRONT_NAMED_AND_OWN
from api.schema.arguments import IdempotencyKey
from api.schema.coupons.coupons import Coupon as CouponType
from api.schema.ledger.entries import PointsEntry
from api.schema.lookup import the_member
from api.schema.members.members import Member as MemberType
from api.schema.refusals import (
    IdempotencyMismatch,
    LimitReached,
    MemberNotActive,
    NotAllowed,
    NotEnoughPoints,
    NotFound,
    RewardUnavailable,
)
from api.schema.root_fields import mi_id_of, mutation_field
from loyalty import refusals
from loyalty.coupons.redeem import Redeemed, redeem


@strawberry.input(description="Points to be turned into a coupon.")
class RedeemPointsInput:
    reward_id: strawberry.ID = strawberry.field(description="The id of a reward of the member's market.")
    mi_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="Whose points; a member leaves it out."
    )


@strawberry.type(description="Points became a coupon.")
class PointsRedeemed:
    coupon: CouponType = strawberry.field(description="The coupon, as it is now.")
    member: MemberType = strawberry.field(description="The member, as it is now.")
    entry: PointsEntry = strawberry.field(description="The line of the points history it made.")


RedeemPointsResult = Annotated[
    PointsRedeemed
    | NotEnoughPoints
    | RewardUnavailable
    | LimitReached
    | MemberNotActive
    | IdempotencyMismatch
    | NotAllowed
    | NotFound,
    strawberry.union("RedeemPointsResult", description="The answer to a redemption."),
]


@mutation_field(
    STOREFRONT_NAMED_AND_OWN,
    "turn points into a coupon.",
    example="""mutation {
  redeemPoints(input: { rewardId: "an id of `rewards`" }, idempotencyKey: "a key of your choice") {
    ... on PointsRedeemed { coupon { code value { amountMinor currency } expiresAt } }
    ... on NotEnoughPoints { message needed available }
    ... on Refusal { code message }
  }
}""",
)
async def redeem_points(
    info: Info, input: RedeemPointsInput, idempotency_key: IdempotencyKey
) -> RedeemPointsResult | None:
    caller = info.context.caller
    mi_id = mi_id_of(info, input.mi_id)
    redeemed = await redeem(info.context.programme, caller, mi_id, _reward_id(input.reward_id), idempotency_key)
    return await _answer(info, redeemed)


def _reward_id(text: str) -> str:
    """The reward's own id. Raises NotFound for an id of anything else."""
    wanted = read_id(text)
    if wanted is None or wanted.type != "Reward":
        raise refusals.NotFound(sentence="There is no such reward.")
    return wanted.local


async def _answer(info: Info, redeemed: Redeemed) -> PointsRedeemed:
    info.context.read_anew(redeemed.written)
    loaders = info.context.loaders
    coupon = await loaders.coupons.load((redeemed.member_id, redeemed.coupon_id))
    entries = await loaders.entries_of_verdict.load((redeemed.member_id, redeemed.verdict_id))
    if coupon is None or not entries:
        raise LookupError(f"The coupon {redeemed.coupon_id} was issued and is not there.")
    return PointsRedeemed(
        coupon=CouponType.of_row(coupon),
        member=await the_member(info, redeemed.member_id),
        entry=PointsEntry.of_row(entries[0]),
    )
