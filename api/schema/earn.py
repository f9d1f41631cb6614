"""earnPoints: one activity in the app, one verdict."""

from typing import Annotated

import strawberry

from api.access import member_only
from api.context import Info
from api.schema.answers import RefusalsAreAnswers
from api.schema.arguments import IdempotencyKey, given
from api.schema.finding import the_member, the_verdict
from api.schema.inputs import EarnPointsInput
from api.schema.members import Member as MemberType
from api.schema.refusals import IdempotencyMismatch, InvalidInput, MemberNotActive, NotAllowed, NotFound
from api.schema.verdicts import Verdict as VerdictType
from loyalty.earn import Decided, earn


@strawberry.type(description="An event was judged.")
class PointsVerdict:
    verdict: VerdictType = strawberry.field(description="The verdict, as it is now.")
    member: MemberType = strawberry.field(description="The member, as it is now.")

    @classmethod
    async def of(cls, info: Info, decided: Decided) -> "PointsVerdict":
        """The answer to an event; a worker is woken for when its points are due."""
        if decided.due_in is not None:
            await info.context.wake("credit_due", decided.due_in)
        return cls(
            verdict=await the_verdict(info, decided.member_id, decided.verdict_id),
            member=await the_member(info, decided.member_id),
        )


EarnPointsResult = Annotated[
    PointsVerdict | InvalidInput | IdempotencyMismatch | NotAllowed | MemberNotActive | NotFound,
    strawberry.union("EarnPointsResult", description="What became of an event."),
]


@strawberry.mutation(
    description="member (app): one activity, one verdict. Several can be queued offline and sent later with their "
    "own occurredAt.",
    extensions=[RefusalsAreAnswers()],
)
async def earn_points(info: Info, input: EarnPointsInput, idempotency_key: IdempotencyKey) -> EarnPointsResult | None:
    caller = info.context.caller
    member_only(caller)
    decided = await earn(
        info.context.programme, caller, input.activity.told(), given(input.occurred_at), idempotency_key
    )
    return await PointsVerdict.of(info, decided)
