"""The mutations."""

from typing import Annotated

import strawberry
from strawberry.types import Info

from bench.speed.usual.context import Context
from bench.speed.usual.queries import Member
from bench.speed.usual.redeeming import RedeemRefused, redeem
from bench.speed.usual.types import Coupon, PointsEntry


@strawberry.input
class RedeemPointsInput:
    reward_id: strawberry.ID


@strawberry.type
class PointsRedeemed:
    coupon: Coupon
    entry: PointsEntry
    member: Member


@strawberry.interface
class Refusal:
    code: str
    message: str


@strawberry.type
class Refused(Refusal):
    pass


RedeemPointsResult = Annotated[PointsRedeemed | Refused, strawberry.union("RedeemPointsResult")]


@strawberry.type
class Mutation:
    @strawberry.mutation
    async def redeem_points(
        self, info: Info[Context, None], input: RedeemPointsInput, idempotency_key: strawberry.ID
    ) -> RedeemPointsResult:
        if info.context.mi_id is None:
            return Refused(code="UNAUTHENTICATED", message="Sign in first.")
        try:
            done = await redeem(info.context.pool, info.context.mi_id, input.reward_id, idempotency_key)
        except RedeemRefused as refused:
            return Refused(code=refused.code, message=refused.message)
        return PointsRedeemed(
            coupon=Coupon.of(done.coupon), entry=PointsEntry.of(done.entry), member=Member(row=done.member)
        )
