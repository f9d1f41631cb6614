"""Orders: their lines, their parcels, and the points they earned."""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import strawberry

from api.context import Info
from api.ids import GlobalId
from api.schema.enums import ParcelState
from api.schema.money import Money as MoneyType
from api.schema.node import Node
from api.schema.rows import made_of
from db.orders.rows import OrderRow
from loyalty.orders.campaigns import campaigns_of
from loyalty.orders.fact_rows import fact_of
from loyalty.orders.rows import order_of
from loyalty.orders.rules import order as rules
from loyalty.orders.rules.facts import Fact
from loyalty.orders.rules.growth import grown
from loyalty.orders.rules.purchase import factor_of
from loyalty.orders.rules.shipment import OrderState, fold
from loyalty.orders.rules.shipment import ParcelState as FoldedParcel

if TYPE_CHECKING:
    from api.schema.members.members import Member


@strawberry.type(description="One line of an order.")
class OrderLine:
    id: strawberry.ID = strawberry.field(description="As the shop numbers it within the order.")
    product_id: strawberry.ID = strawberry.field(description="What was bought.")
    quantity: int = strawberry.field(description="How many pieces.")
    paid: MoneyType = strawberry.field(description="For the whole line, after its own discounts.")
    delivered: int = strawberry.field(description="Pieces that arrived.")
    returned: int = strawberry.field(description="Pieces that came back.")
    factor: float = strawberry.field(description="What a campaign multiplies its points by; 1 without one.")

    @classmethod
    def of(cls, line: rules.OrderLine, currency: str, state: OrderState, factor: float) -> "OrderLine":
        """A line of a recorded order, with the state of its pieces."""
        return cls(
            id=strawberry.ID(line.id),
            product_id=strawberry.ID(line.product_id),
            quantity=line.quantity,
            paid=MoneyType(amount_minor=line.paid_minor, currency=currency),
            delivered=state.delivered.get(line.id, 0),
            returned=state.returned.get(line.id, 0),
            factor=factor,
        )


@strawberry.type(description="A parcel of an order, announced by the shop or reported by a shipper.")
class Parcel:
    tracking_number: str = strawberry.field(description="The shipper's number.")
    carrier: str | None = strawberry.field(description="The shipper, where it is known.")
    state: ParcelState = strawberry.field(description="Where it is.")
    delivered_at: datetime | None = strawberry.field(description="When it arrived.")
    line_ids: list[strawberry.ID] = strawberry.field(description="The lines that have pieces in it.")

    @classmethod
    def of(cls, parcel: FoldedParcel) -> "Parcel":
        """A parcel in the state that all facts about it give."""
        return cls(
            tracking_number=parcel.tracking_number,
            carrier=parcel.carrier,
            state=ParcelState[parcel.state],
            delivered_at=parcel.delivered_at,
            line_ids=[strawberry.ID(line_id) for line_id in parcel.line_ids],
        )


@strawberry.type(description="An order that was placed while signed in.")
class Order(Node):
    row: strawberry.Private[OrderRow]
    number: str = strawberry.field(description="As the shop numbers it.")
    placed_at: datetime = strawberry.field(description="When it was placed.")
    total: MoneyType = strawberry.field(description="What was paid, after discounts, with shipping.")
    parcels: list[Parcel] = strawberry.field(description="Its parcels, as far as they are known.")
    points_credited: int = strawberry.field(description="Credited so far, clawbacks taken off.")
    points_pending: int = strawberry.field(description="Still to come when the rest is delivered.")

    @strawberry.field(description="Whose order it is; null once that person was erased.")
    async def member(self, info: Info) -> Annotated["Member", strawberry.lazy("api.schema.members.members")] | None:
        from api.schema.members.members import Member

        return Member.of(await info.context.loaders.members.load(self.row.member_id))

    @strawberry.field(description="What was bought.")
    async def lines(self, info: Info) -> list[OrderLine]:
        catalogue = await info.context.loaders.catalogue()
        terms = catalogue.terms_called(self.row.market, self.row.terms_version)
        facts = _facts_of(self.row)
        campaigns = campaigns_of(catalogue, self.row.campaign_ids, facts)
        state = fold(order_of(self.row), facts)
        order = state.order
        return [
            OrderLine.of(line, order.currency, state, float(factor_of(order, line, terms, campaigns)))
            for line in order.all_lines
        ]

    @classmethod
    def of(cls, row: OrderRow | None) -> "Order | None":
        """The order of a row; None without a row."""
        return None if row is None else cls.of_row(row)

    @classmethod
    def of_row(cls, row: OrderRow) -> "Order":
        """The order of a row, in the state that all facts about it give."""
        return _order(row)


def _facts_of(row: OrderRow) -> list[Fact]:
    return [fact_of(*fact) for fact in row.facts]


def _total_of(row: OrderRow) -> MoneyType:
    """What was paid, with the lines that were added later."""
    order = grown(order_of(row), _facts_of(row))
    return MoneyType(amount_minor=order.total_minor, currency=row.currency)


def _parcels_of(row: OrderRow) -> list[Parcel]:
    return [Parcel.of(parcel) for parcel in fold(order_of(row), _facts_of(row)).parcels]


_order = made_of(
    Order,
    "number",
    "placed_at",
    "points_credited",
    "points_pending",
    id=lambda row: str(GlobalId("Order", row.member_id, row.number)),
    total=_total_of,
    parcels=_parcels_of,
)
