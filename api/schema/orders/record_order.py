"""recordOrder: the shop reports an order that was placed and paid."""

from typing import Annotated

import strawberry

from api.context import Info
from api.permissions import STOREFRONT
from api.schema.arguments import IdempotencyKey
from api.schema.ledger.verdicts import Verdict as VerdictType
from api.schema.lookup import the_verdict
from api.schema.orders.order_input import RecordOrderInput
from api.schema.orders.orders import Order as OrderType
from api.schema.refusals import IdempotencyMismatch, InvalidInput, MemberNotActive, NotAllowed, NotFound
from api.schema.root_fields import mutation_field
from loyalty.orders.record import OrderVerdict
from loyalty.orders.record import record_order as take_order


@strawberry.type(description="The order, or the change of it, was stored.")
class OrderRecorded:
    order: OrderType = strawberry.field(description="The order, as it is now.")
    verdict: VerdictType = strawberry.field(description="The verdict on its points, as it is now.")


RecordOrderResult = Annotated[
    OrderRecorded | InvalidInput | MemberNotActive | IdempotencyMismatch | NotAllowed | NotFound,
    strawberry.union("RecordOrderResult", description="The answer to an order."),
]


@mutation_field(
    STOREFRONT,
    "an order was placed and paid by a signed-in member.",
    example="""mutation {
  recordOrder(
    input: {
      number: "1001", miId: "demo-es-lucia", placedAt: "2026-11-22T10:00:00+01:00", currency: "EUR"
      lines: [{ id: "1", productId: "mi-band-9", quantity: 1, paidMinor: 3999 }]
    }
    idempotencyKey: "order-1001"
  ) {
    ... on OrderRecorded { order { pointsPending } verdict { outcome message } }
    ... on Refusal { code message }
  }
}""",
)
async def record_order(
    info: Info, input: RecordOrderInput, idempotency_key: IdempotencyKey
) -> RecordOrderResult | None:
    taken = await take_order(info.context.programme, info.context.caller, input.to_domain(), idempotency_key)
    return await order_recorded(info, taken)


async def order_recorded(info: Info, taken: OrderVerdict) -> OrderRecorded:
    """The order and its verdict, as they are now; deliveries that waited for it are applied soon."""
    await info.context.wake("apply_deliveries", None)
    info.context.read_anew(taken.written)
    order = await info.context.loaders.orders.load((taken.member_id, taken.number))
    if order is None:
        raise LookupError(f"The order {taken.number} was recorded and is not there.")
    return OrderRecorded(
        order=OrderType.of_row(order), verdict=await the_verdict(info, taken.member_id, taken.verdict_id)
    )
