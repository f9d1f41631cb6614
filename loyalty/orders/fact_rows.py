"""Facts about orders as they are stored: plain JSON beside their kind, moment and producer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.orders.rules.facts import (
    NATIVE_EVENTS,
    Cancelled,
    Delivered,
    Fact,
    GivenUp,
    InTransit,
    Lines,
    Lost,
    Returned,
    ReturnedToSender,
)
from loyalty.orders.rules.growth import LinesAdded, ParcelRecorded
from loyalty.orders.rules.order import OrderLine

_SHIPMENTS = {kind.__name__: kind for kind in (Delivered, InTransit, ReturnedToSender, Lost)}


def content_of(fact: Fact) -> dict[str, Any]:
    """The fact as JSON, without its kind, moment and producer, which have columns of their own."""
    match fact:
        case Returned():
            return _of_parcel(fact.tracking_number, fact.carrier, fact.lines) | {
                "return_id": fact.return_id,
                "amount_minor": fact.amount_minor,
                "shipping_minor": fact.shipping_minor,
            }
        case Cancelled():
            return {"cancellation_id": fact.cancellation_id, "lines": _as_lists(fact.lines)}
        case GivenUp():
            return {"lines": _as_lists(fact.lines)}
        case ParcelRecorded():
            return _of_parcel(fact.tracking_number, fact.carrier, fact.lines)
        case LinesAdded():
            return {
                "added": [line_as_row(line) for line in fact.added],
                "shipping_minor": fact.shipping_minor,
                "campaigns": [[campaign_id, list(products)] for campaign_id, products in fact.campaigns],
            }
        case _:
            named = {} if fact.consignment is None else {"consignment": fact.consignment}
            return _of_parcel(fact.tracking_number, fact.carrier, fact.lines) | named


def line_as_row(line: OrderLine) -> dict[str, Any]:
    """A line of an order as it is stored; when it was added is the moment of its fact."""
    return {
        "id": line.id,
        "product_id": line.product_id,
        "quantity": line.quantity,
        "paid_minor": line.paid_minor,
    }


def fact_of(kind: str, content: Mapping[str, Any], occurred_at: datetime, producer: str = NATIVE_EVENTS) -> Fact:
    """A stored fact. Facts of earlier releases have no consignment, and returns no carrier.

    Raises KeyError for an unknown kind.
    """
    match kind:
        case "LinesAdded":
            return _lines_added(content, occurred_at)
        case "ParcelRecorded":
            return ParcelRecorded(
                content["tracking_number"], content["carrier"], _as_tuples(content["lines"]), occurred_at
            )
        case "Cancelled":
            return Cancelled(content["cancellation_id"], _as_tuples(content["lines"]), occurred_at, producer)
        case "GivenUp":
            return GivenUp(_as_tuples(content["lines"]), occurred_at)
        case "Returned":
            return _returned(content, occurred_at, producer)
        case _:
            return _SHIPMENTS[kind](
                tracking_number=content["tracking_number"],
                carrier=content["carrier"],
                lines=_as_tuples(content["lines"]),
                occurred_at=occurred_at,
                consignment=content.get("consignment"),
            )


def _lines_added(content: Mapping[str, Any], occurred_at: datetime) -> LinesAdded:
    return LinesAdded(
        added=tuple(OrderLine(**line) for line in content["added"]),
        shipping_minor=content["shipping_minor"],
        occurred_at=occurred_at,
        campaigns=tuple((campaign_id, tuple(products)) for campaign_id, products in content["campaigns"]),
    )


def _returned(content: Mapping[str, Any], occurred_at: datetime, producer: str) -> Returned:
    return Returned(
        return_id=content["return_id"],
        tracking_number=content["tracking_number"],
        lines=_as_tuples(content["lines"]),
        amount_minor=content["amount_minor"],
        shipping_minor=content["shipping_minor"],
        occurred_at=occurred_at,
        carrier=content.get("carrier"),
        producer=producer,
    )


def _of_parcel(tracking_number: str | None, carrier: str | None, lines: Lines) -> dict[str, Any]:
    return {"tracking_number": tracking_number, "carrier": carrier, "lines": _as_lists(lines)}


def _as_lists(lines: Lines) -> list[list[Any]]:
    return [[line_id, quantity] for line_id, quantity in lines]


def _as_tuples(lines: list[list[Any]]) -> Lines:
    return tuple((line_id, quantity) for line_id, quantity in lines)
