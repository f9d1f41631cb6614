"""earnPoints: one activity in the app, one verdict."""

from typing import Annotated

import strawberry

from api.context import Info
from api.permissions import MEMBERS
from api.schema.arguments import IdempotencyKey, given
from api.schema.earning.activity_input import EarnPointsInput
from api.schema.ledger.verdicts import Verdict as VerdictType
from api.schema.lookup import the_member, the_verdict
from api.schema.members.members import Member as MemberType
from api.schema.refusals import IdempotencyMismatch, InvalidInput, MemberNotActive, NotAllowed, NotFound
from api.schema.root_fields import mutation_field
from loyalty.earning.earn import earn
from loyalty.ledger.answers import Decided


@strawberry.type(description="An event was judged.")
class PointsVerdict:
    verdict: VerdictType = strawberry.field(description="The verdict, as it is now.")
    member: MemberType = strawberry.field(description="The member, as it is now.")

    @classmethod
    async def of(cls, info: Info, decided: Decided) -> "PointsVerdict":
        """The answer to an event. Wakes a worker for the moment at which the points are due."""
        if decided.due_in is not None:
            await info.context.wake("credit_due", decided.due_in)
        info.context.read_anew(decided.written)
        return cls(
            verdict=await the_verdict(info, decided.member_id, decided.verdict_id),
            member=await the_member(info, decided.member_id),
        )


EarnPointsResult = Annotated[
    PointsVerdict | InvalidInput | IdempotencyMismatch | NotAllowed | MemberNotActive | NotFound,
    strawberry.union("EarnPointsResult", description="The answer to an event."),
]


@mutation_field(
    MEMBERS,
    "one activity, one verdict. Several can be queued offline and sent later with their own occurredAt.",
    example="""mutation {
  earnPoints(
    input: { activity: { linkShare: { productId: "mi-band-9" } }, occurredAt: "2026-11-22T10:00:00+01:00" }
    idempotencyKey: "8f1d1c1e-6a52-4c0c-9c7b-1d7f3f1b2a10"
  ) {
    ... on PointsVerdict { verdict { outcome points message } member { balance { available pending } } }
    ... on Refusal { code message }
  }
}""",
)
async def earn_points(info: Info, input: EarnPointsInput, idempotency_key: IdempotencyKey) -> EarnPointsResult | None:
    caller = info.context.caller
    decided = await earn(
        info.context.programme, caller, input.activity.to_domain(), given(input.occurred_at), idempotency_key
    )
    return await PointsVerdict.of(info, decided)
