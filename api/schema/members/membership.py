"""setMemberState, setTimeZone and eraseMember: changing a membership."""

from typing import Annotated

import strawberry

from api.context import Info
from api.permissions import OPERATOR, STOREFRONT_NAMED_AND_OWN
from api.schema.arguments import NOT_GIVEN, IdempotencyKey
from api.schema.enums import MemberState
from api.schema.lookup import the_member
from api.schema.members.members import Member as MemberType
from api.schema.refusals import IdempotencyMismatch, InvalidInput, NotAllowed, NotFound
from api.schema.root_fields import mi_id_of, mutation_field
from loyalty import refusals
from loyalty.members.erase import erase_member as erase
from loyalty.members.set_state import StateChange
from loyalty.members.set_state import set_member_state as change_state
from loyalty.members.set_time_zone import set_time_zone as choose
from loyalty.operators.reasons import LONGEST_REASON

MiId = Annotated[strawberry.ID, strawberry.argument(description="The Mi account id.")]
_Reason = Annotated[
    str,
    strawberry.argument(description="Why, 1 to 500 characters; stored in the operators' log. Name no person in it."),
]


@strawberry.type(description="The membership was changed as requested.")
class MemberChanged:
    member: MemberType = strawberry.field(
        description="The member, as it is now; an erased one is closed, and its `miId` is a pseudonym."
    )


MemberResult = Annotated[
    MemberChanged | NotFound | InvalidInput | IdempotencyMismatch | NotAllowed,
    strawberry.union("MemberResult", description="The answer to a change of a membership."),
]


@mutation_field(
    OPERATOR,
    "suspend, reinstate or close a membership. Closing is final; it needs `confirm`, and "
    "without it is answered with what would be forfeited (InvalidInput, CONFIRM_FORFEIT).",
)
async def set_member_state(
    info: Info,
    mi_id: MiId,
    state: Annotated[MemberState, strawberry.argument(description="What it shall be.")],
    reason: _Reason,
    idempotency_key: IdempotencyKey,
    confirm: Annotated[
        bool | None, strawberry.argument(description="Yes to what closing forfeits; not needed otherwise.")
    ] = False,
) -> MemberResult | None:
    caller = info.context.caller
    change = StateChange(mi_id, state.name, _reason(reason), bool(confirm))
    member_id = await change_state(info.context.programme, caller, change, idempotency_key)
    if state is MemberState.ACTIVE:
        await info.context.wake("credit_due", None)
    return MemberChanged(member=await the_member(info, member_id))


@mutation_field(
    STOREFRONT_NAMED_AND_OWN,
    "another zone of the member's market. It shows at once, "
    "and days and months follow it from the end of the current local day.",
)
async def set_time_zone(
    info: Info,
    time_zone: Annotated[str, strawberry.argument(description="IANA zone, such as Atlantic/Canary.")],
    idempotency_key: IdempotencyKey,
    mi_id: Annotated[
        strawberry.ID | None, strawberry.argument(description="Whose; a member may leave it out.")
    ] = NOT_GIVEN,
) -> MemberResult | None:
    caller = info.context.caller
    changed = await choose(info.context.programme, caller, mi_id_of(info, mi_id), time_zone, idempotency_key)
    info.context.read_anew(changed.written)
    return MemberChanged(member=await the_member(info, changed.member_id))


@mutation_field(
    OPERATOR,
    "erase a person; the ledger keeps its sums under a pseudonym. What closing forfeits is "
    "forfeited. Cannot be undone.",
)
async def erase_member(
    info: Info, mi_id: MiId, reason: _Reason, idempotency_key: IdempotencyKey
) -> MemberResult | None:
    caller = info.context.caller
    member_id = await erase(info.context.programme, caller, mi_id, _reason(reason), idempotency_key)
    return MemberChanged(member=await the_member(info, member_id))


def _reason(text: str) -> str:
    """The reason. Raises InvalidInput if it is blank or too long."""
    if not 0 < len(text.strip()) <= LONGEST_REASON:
        raise refusals.InvalidInput(f"A reason has 1 to {LONGEST_REASON} characters.", "reason")
    return text
