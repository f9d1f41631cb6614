"""why: what was decided for a member, or about one of its orders or coupons, in sentences for support."""

from datetime import datetime
from typing import Annotated

import strawberry

from api.context import Info
from api.permissions import AUDITORS
from api.prices import EXPENSIVE
from api.schema.arguments import NOT_GIVEN, given
from api.schema.root_fields import query_field
from loyalty.support import why as explaining


@strawberry.type(description="One thing that is known of a member, in a sentence.")
class Explanation:
    at: datetime = strawberry.field(description="When it was decided or received.")
    source: str = strawberry.field(
        description="VERDICT, REFUSAL, WAIT, FACT, KEPT_FACT, DELIVERY, COUPON, OPERATOR, ORDER or MEMBER."
    )
    sentence: str = strawberry.field(
        description="For support. What the member reads is in the language of Accept-Language, the rest in English."
    )


@query_field(
    AUDITORS,
    "what was decided for a member and why, newest first: verdicts, refusals, waits, facts of its orders, webhooks "
    "that are not applied, coupons and operators' changes. Null if nothing is known under this Mi account.",
    cost=EXPENSIVE,
)
async def why(
    info: Info,
    mi_id: Annotated[strawberry.ID, strawberry.argument(description="The Mi account id.")],
    order_number: Annotated[str | None, strawberry.argument(description="Only about this order.")] = NOT_GIVEN,
    coupon_code: Annotated[str | None, strawberry.argument(description="Only about this coupon.")] = NOT_GIVEN,
) -> list[Explanation] | None:
    question = explaining.SupportQuestion(mi_id, given(order_number), given(coupon_code))
    found = await explaining.why(info.context.programme, question, info.context.language)
    if found is None:
        return None
    return [Explanation(at=each.at, source=each.source, sentence=each.sentence) for each in found]
