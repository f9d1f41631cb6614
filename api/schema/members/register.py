"""registerMember: a Mi account joins the programme."""

from typing import Annotated

import strawberry

from api.context import Info
from api.permissions import STOREFRONT
from api.schema.arguments import IdempotencyKey
from api.schema.ledger.verdicts import Verdict as VerdictType
from api.schema.lookup import the_member, the_verdict
from api.schema.members.members import Member as MemberType
from api.schema.members.register_input import RegisterMemberInput
from api.schema.refusals import IdempotencyMismatch, InvalidInput, NotAllowed, NotEligible
from api.schema.root_fields import mutation_field
from loyalty.members.register import register


@strawberry.type(description="The Mi account is in the programme.")
class MemberRegistered:
    member: MemberType = strawberry.field(description="The member, as it is now.")
    verdict: VerdictType = strawberry.field(description="The verdict on the sign-up points.")


RegisterMemberResult = Annotated[
    MemberRegistered | NotEligible | InvalidInput | IdempotencyMismatch | NotAllowed,
    strawberry.union("RegisterMemberResult", description="The answer to a registration."),
]


@mutation_field(
    STOREFRONT, "a Mi account joined mi.com (or already has an account). Joining twice answers the same member."
)
async def register_member(
    info: Info, input: RegisterMemberInput, idempotency_key: IdempotencyKey
) -> RegisterMemberResult | None:
    caller = info.context.caller
    joined = await register(info.context.programme, caller, input.to_domain(), idempotency_key)
    if joined.due_in is not None:
        await info.context.wake("credit_due", joined.due_in)
    info.context.read_anew(joined.written)
    return MemberRegistered(
        member=await the_member(info, joined.member_id),
        verdict=await the_verdict(info, joined.member_id, joined.verdict_id),
    )
