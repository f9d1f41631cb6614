"""recordParcels, addOrderLines, cancelOrder: the shop reports what became of an order that it recorded before."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.context import Info
from api.permissions import STOREFRONT
from api.schema.arguments import IdempotencyKey, given
from api.schema.orders.order_input import (
    OrderLineInput,
    ParcelInput,
    ParcelLineInput,
    line_of,
    parcel_of,
    pieces_by_line,
)
from api.schema.orders.record_order import RecordOrderResult, order_recorded
from api.schema.root_fields import mutation_field
from api.schema.texts import valid_text
from loyalty.orders import add_lines, cancel
from loyalty.orders import record_parcels as parcels_operation
from loyalty.orders.rules.facts import Lines

RECORDED_NUMBER = "The order's number, as it was recorded."


@strawberry.input(description="The parcels of an order, once they are known.")
class RecordParcelsInput:
    number: str = strawberry.field(description=RECORDED_NUMBER)
    parcels: list[ParcelInput] = strawberry.field(description="How it travels.")


@strawberry.input(description="Lines that an order got after it was recorded: a gift, an edit, an exchange.")
class AddOrderLinesInput:
    number: str = strawberry.field(description=RECORDED_NUMBER)
    lines: list[OrderLineInput] = strawberry.field(description="What was added.")
    shipping_minor: int = strawberry.field(default=0, description="What their shipping cost; minor units.")
    added_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When the order got them (default: now). News that names no line is not about later lines.",
    )


@strawberry.input(description="Pieces that will never be sent. Without lines: everything that was not delivered.")
class CancelOrderInput:
    number: str = strawberry.field(description=RECORDED_NUMBER)
    cancellation_id: strawberry.ID = strawberry.field(
        description="As the shop names it within the order; one id is one cancellation."
    )
    lines: list[ParcelLineInput] | None = strawberry.field(
        default=strawberry.UNSET, description="Which pieces; leave it out for everything that was not delivered."
    )
    cancelled_at: datetime | None = strawberry.field(
        default=strawberry.UNSET, description="When it was cancelled (default: now)."
    )


@mutation_field(
    STOREFRONT,
    "the parcels of an order, once they are known (R34). Known ones with the same content change nothing.",
    example="""mutation {
  recordParcels(
    input: { number: "1001", parcels: [{ trackingNumber: "T1", lines: [{ lineId: "1", quantity: 1 }] }] }
    idempotencyKey: "parcels-1001-1"
  ) {
    ... on OrderRecorded { order { parcels { trackingNumber state } } }
    ... on Refusal { code message }
  }
}""",
)
async def record_parcels(
    info: Info, input: RecordParcelsInput, idempotency_key: IdempotencyKey
) -> RecordOrderResult | None:
    number = valid_text(input.number, "input", "number")
    parcels = [parcel_of(parcel, place) for place, parcel in enumerate(input.parcels)]
    context = info.context
    taken = await parcels_operation.record_parcels(context.programme, context.caller, number, parcels, idempotency_key)
    return await order_recorded(info, taken)


@mutation_field(
    STOREFRONT,
    "lines that an order got after it was recorded (R61a).",
    example="""mutation {
  addOrderLines(
    input: { number: "1001", lines: [{ id: "2", productId: "mi-band-strap", quantity: 1, paidMinor: 999 }] }
    idempotencyKey: "lines-1001-2"
  ) {
    ... on OrderRecorded { order { pointsPending } }
    ... on Refusal { code message }
  }
}""",
)
async def add_order_lines(
    info: Info, input: AddOrderLinesInput, idempotency_key: IdempotencyKey
) -> RecordOrderResult | None:
    reported = add_lines.LinesToAdd(
        number=valid_text(input.number, "input", "number"),
        lines=tuple(line_of(line, "input", "lines", str(place)) for place, line in enumerate(input.lines)),
        shipping_minor=input.shipping_minor,
        added_at=given(input.added_at),
    )
    context = info.context
    taken = await add_lines.add_order_lines(context.programme, context.caller, reported, idempotency_key)
    return await order_recorded(info, taken)


@mutation_field(
    STOREFRONT,
    "pieces that will never be sent (R33b).",
    example="""mutation {
  cancelOrder(
    input: { number: "1001", cancellationId: "C-1", lines: [{ lineId: "1", quantity: 1 }] }
    idempotencyKey: "cancel-1001-1"
  ) {
    ... on OrderRecorded { order { pointsPending } verdict { code message } }
    ... on Refusal { code message }
  }
}""",
)
async def cancel_order(
    info: Info, input: CancelOrderInput, idempotency_key: IdempotencyKey
) -> RecordOrderResult | None:
    reported = cancel.Cancellation(
        number=valid_text(input.number, "input", "number"),
        cancellation_id=valid_text(input.cancellation_id, "input", "cancellationId"),
        lines=_cancelled(given(input.lines)),
        cancelled_at=given(input.cancelled_at),
    )
    context = info.context
    taken = await cancel.cancel_order(context.programme, context.caller, reported, idempotency_key)
    return await order_recorded(info, taken)


def _cancelled(lines: Sequence[ParcelLineInput] | None) -> Lines | None:
    return None if lines is None else tuple(pieces_by_line(lines, "input", "lines").items())
