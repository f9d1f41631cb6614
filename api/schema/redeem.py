"""redeemPoints: points turned into a coupon."""

from typing import Annotated

import strawberry

from api.access import member_or_service
from api.context import Info
from api.ids import read_id
from api.schema.answers import RefusalsAreAnswers
from api.schema.arguments import IdempotencyKey, given
from api.schema.coupons import Coupon as CouponType
from api.schema.entries import PointsEntry
from api.schema.finding import the_member
from api.schema.inputs import RedeemPointsInput
from api.schema.members import Member as MemberType
from api.schema.refusals import (
    IdempotencyMismatch,
    LimitReached,
    MemberNotActive,
    NotAllowed,
    NotEnoughPoints,
    NotFound,
    RewardUnavailable,
)
from loyalty import refusals as said
from loyalty.callers import Caller
from loyalty.redeem import Redeemed, redeem


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
    strawberry.union("RedeemPointsResult", description="What became of points to be redeemed."),
]


@strawberry.mutation(
    description="member (app), storefront with miId: turn points into a coupon.", extensions=[RefusalsAreAnswers()]
)
async def redeem_points(
    info: Info, input: RedeemPointsInput, idempotency_key: IdempotencyKey
) -> RedeemPointsResult | None:
    caller = member_or_service(info.context.caller, "storefront")
    mi_id = _whose(caller, given(input.mi_id))
    redeemed = await redeem(info.context.programme, caller, mi_id, _reward_id(input.reward_id), idempotency_key)
    return await _answer(info, redeemed)


def _whose(caller: Caller, mi_id: str | None) -> str:
    """A member redeems its own points; a service says whose. Raises NotAllowed."""
    if caller.is_member and caller.name is not None:
        if mi_id not in {None, caller.name}:
            raise said.NotAllowed("A member redeems its own points only: leave `miId` out.")
        return caller.name
    if mi_id is None:
        raise said.NotAllowed("Say whose points: a storefront gives `miId`.")
    return mi_id


def _reward_id(text: str) -> str:
    """The reward's own id. Raises NotFound for what is no reward's id."""
    wanted = read_id(text)
    if wanted is None or wanted.type != "Reward":
        raise said.NotFound(sentence="There is no such reward.")
    return wanted.local


async def _answer(info: Info, redeemed: Redeemed) -> PointsRedeemed:
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
