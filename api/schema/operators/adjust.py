"""adjustPoints and decideReview: operators correct points, and decide verdicts that wait for an operator."""

from typing import Annotated

import strawberry

from api.context import Info
from api.ids import line_named, verdict_named
from api.permissions import OPERATOR
from api.schema.arguments import NOT_GIVEN, IdempotencyKey, given
from api.schema.earning.earn import EarnPointsResult, PointsVerdict
from api.schema.root_fields import mutation_field
from api.schema.texts import valid_text
from loyalty.operators.adjust import Adjustment, adjust
from loyalty.operators.decide_review import ReviewDecision
from loyalty.operators.decide_review import decide_review as take_decision

_Reason = Annotated[str, strawberry.argument(description="Why, in 1 to 500 characters; stored in the audit log.")]


@mutation_field(
    OPERATOR,
    "credit or debit points at once, with a reason kept in the audit log; below zero becomes "
    "debt. Above the market's adjustThreshold, in either direction, the verdict waits for a second operator.",
)
async def adjust_points(
    info: Info,
    mi_id: Annotated[strawberry.ID, strawberry.argument(description="The member's Mi account.")],
    points: Annotated[int, strawberry.argument(description="Above zero to credit, below zero to debit.")],
    reason: _Reason,
    idempotency_key: IdempotencyKey,
    reverses: Annotated[
        strawberry.ID | None,
        strawberry.argument(
            description="A line of the member's history that took points: they go back into the lots they came from, "
            "with their dates, and what has lapsed of them stays lapsed."
        ),
    ] = NOT_GIVEN,
) -> EarnPointsResult | None:
    caller = info.context.caller
    line = given(reverses)
    adjustment = Adjustment(
        mi_id=valid_text(mi_id, "miId"),
        points=points,
        reason=reason,
        reverses=line_named(line) if line is not None else None,
        gives_back=line is not None,
    )
    return await PointsVerdict.of(info, await adjust(info.context.programme, caller, adjustment, idempotency_key))


@mutation_field(
    OPERATOR,
    "an answer to a verdict that waits for an operator; it must come from another operator than the request. Decided "
    "again, it is the same verdict.",
)
async def decide_review(
    info: Info,
    verdict_id: Annotated[strawberry.ID, strawberry.argument(description="The id of the verdict.")],
    approve: Annotated[bool, strawberry.argument(description="Whether the request is approved.")],
    reason: _Reason,
    idempotency_key: IdempotencyKey,
) -> EarnPointsResult | None:
    caller = info.context.caller
    decision = ReviewDecision(verdict_named(verdict_id), approve, reason)
    return await PointsVerdict.of(info, await take_decision(info.context.programme, caller, decision, idempotency_key))
