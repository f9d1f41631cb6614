"""The input of recordOrder, and the order that it becomes."""

from collections.abc import Sequence
from datetime import datetime

import strawberry

from api.schema.arguments import given
from api.schema.texts import optional_text, valid_text
from loyalty.orders.record import OrderToRecord
from loyalty.orders.rules.order import Order, OrderLine, Parcel
from loyalty.refusals import InvalidInput


@strawberry.input(description="A line of an order.")
class OrderLineInput:
    id: strawberry.ID = strawberry.field(description="As the shop numbers it within the order.")
    product_id: strawberry.ID = strawberry.field(description="What was bought.")
    quantity: int = strawberry.field(description="How many pieces.")
    paid_minor: int = strawberry.field(description="For the whole line, after its own discounts; minor units.")


@strawberry.input(description="Pieces of a line.")
class ParcelLineInput:
    line_id: strawberry.ID = strawberry.field(description="A line of the order.")
    quantity: int = strawberry.field(description="How many pieces of it.")


@strawberry.input(
    description="Lines (and quantities) that travel together. Without parcels the first delivery is of everything."
)
class ParcelInput:
    tracking_number: str = strawberry.field(description="The shipper's number.")
    carrier: str | None = strawberry.field(default=strawberry.UNSET, description="The shipper.")
    lines: list[ParcelLineInput] = strawberry.field(description="What is in it.")


@strawberry.input(description="An order that was placed and paid by a signed-in member.")
class RecordOrderInput:
    number: str = strawberry.field(description="As the shop numbers it; one number is one order.")
    mi_id: strawberry.ID = strawberry.field(description="The member's Mi account.")
    placed_at: datetime = strawberry.field(description="When it was placed; it decides terms and campaigns.")
    currency: str = strawberry.field(description="ISO 4217; the market's.")
    lines: list[OrderLineInput] = strawberry.field(description="What was bought.")
    shipping_minor: int = strawberry.field(default=0, description="What shipping cost; minor units.")
    discount_minor: int = strawberry.field(default=0, description="Taken off the lines in proportion.")
    parcels: list[ParcelInput] | None = strawberry.field(
        default=strawberry.UNSET, description="How it travels, if that is known."
    )

    def to_domain(self) -> OrderToRecord:
        """The order for the programme. Raises InvalidInput for texts; rules check the rest."""
        order = Order(
            number=valid_text(self.number, "input", "number"),
            placed_at=self.placed_at,
            currency=valid_text(self.currency, "input", "currency"),
            lines=tuple(_line(line, place) for place, line in enumerate(self.lines)),
            shipping_minor=self.shipping_minor,
            discount_minor=self.discount_minor,
            parcels=tuple(parcel_of(parcel, place) for place, parcel in enumerate(given(self.parcels) or ())),
        )
        return OrderToRecord(valid_text(self.mi_id, "input", "miId"), order)


def _line(line: OrderLineInput, place: int) -> OrderLine:
    return line_of(line, "input", "lines", str(place))


def line_of(line: OrderLineInput, *path: str) -> OrderLine:
    """The line for the programme; `path` leads to it in the arguments. Raises InvalidInput."""
    return OrderLine(
        id=valid_text(line.id, *path, "id"),
        product_id=valid_text(line.product_id, *path, "productId"),
        quantity=line.quantity,
        paid_minor=line.paid_minor,
    )


def parcel_of(parcel: ParcelInput, place: int) -> Parcel:
    """The parcel at this place of the input's `parcels`, for the programme. Raises InvalidInput."""
    path = ("input", "parcels", str(place))
    return Parcel(
        tracking_number=valid_text(parcel.tracking_number, *path, "trackingNumber"),
        carrier=optional_text(parcel.carrier, *path, "carrier"),
        pieces=pieces_by_line(parcel.lines, *path, "lines"),
    )


def pieces_by_line(lines: Sequence[ParcelLineInput], *path: str) -> dict[str, int]:
    """Pieces by line. Raises InvalidInput if a line is named twice, because that is ambiguous."""
    pieces: dict[str, int] = {}
    for place, line in enumerate(lines):
        line_id = valid_text(line.line_id, *path, str(place), "lineId")
        if line_id in pieces:
            raise InvalidInput("This line is named twice.", *path, str(place), "lineId")
        pieces[line_id] = line.quantity
    return pieces
