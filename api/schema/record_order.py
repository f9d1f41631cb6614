"""recordOrder: an order was placed and paid."""

from typing import Annotated

import strawberry

from api.access import service_only
from api.context import Info
from api.schema.answers import RefusalsAreAnswers
from api.schema.arguments import IdempotencyKey
from api.schema.finding import the_verdict
from api.schema.inputs import RecordOrderInput
from api.schema.orders import Order as OrderType
from api.schema.refusals import IdempotencyMismatch, InvalidInput, MemberNotActive, NotAllowed, NotFound
from api.schema.verdicts import Verdict as VerdictType
from loyalty.record_order import record_order as take_order


@strawberry.type(description="The order is kept, and its points wait for delivery.")
class OrderRecorded:
    order: OrderType = strawberry.field(description="The order, as it is now.")
    verdict: VerdictType = strawberry.field(description="The verdict on its points, as it is now.")


RecordOrderResult = Annotated[
    OrderRecorded | InvalidInput | MemberNotActive | IdempotencyMismatch | NotAllowed | NotFound,
    strawberry.union("RecordOrderResult", description="What became of an order."),
]


@strawberry.mutation(
    description="storefront: an order was placed and paid by a signed-in member.", extensions=[RefusalsAreAnswers()]
)
async def record_order(
    info: Info, input: RecordOrderInput, idempotency_key: IdempotencyKey
) -> RecordOrderResult | None:
    caller = service_only(info.context.caller, "storefront")
    taken = await take_order(info.context.programme, caller, input.told(), idempotency_key)
    await info.context.wake("apply_deliveries", None)
    order = await info.context.loaders.orders.load((taken.member_id, taken.number))
    if order is None:
        raise LookupError(f"The order {taken.number} was recorded and is not there.")
    return OrderRecorded(
        order=OrderType.of_row(order), verdict=await the_verdict(info, taken.member_id, taken.verdict_id)
    )
