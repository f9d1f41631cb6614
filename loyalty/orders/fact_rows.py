"""Facts about orders as they are stored: plain JSON beside their kind and moment."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from loyalty.orders.rules.facts import Delivered, Fact, InTransit, Lost, Returned, ReturnedToSender

_SHIPMENTS = {kind.__name__: kind for kind in (Delivered, InTransit, ReturnedToSender, Lost)}


def content_of(fact: Fact) -> dict[str, Any]:
    """The fact as JSON, without its kind and moment, which have columns of their own."""
    content: dict[str, Any] = {
        "tracking_number": fact.tracking_number,
        "carrier": fact.carrier,
        "lines": [[line_id, quantity] for line_id, quantity in fact.lines],
    }
    if isinstance(fact, Returned):
        return content | {
            "return_id": fact.return_id,
            "amount_minor": fact.amount_minor,
            "shipping_minor": fact.shipping_minor,
        }
    named = {} if fact.consignment is None else {"consignment": fact.consignment}
    return content | named


def fact_of(kind: str, content: Mapping[str, Any], occurred_at: datetime) -> Fact:
    """A stored fact. Facts of earlier releases have no consignment, and returns no carrier.

    Raises KeyError for an unknown kind.
    """
    lines = tuple((line_id, quantity) for line_id, quantity in content["lines"])
    if kind == "Returned":
        return Returned(
            return_id=content["return_id"],
            tracking_number=content["tracking_number"],
            lines=lines,
            amount_minor=content["amount_minor"],
            shipping_minor=content["shipping_minor"],
            occurred_at=occurred_at,
            carrier=content.get("carrier"),
        )
    return _SHIPMENTS[kind](
        tracking_number=content["tracking_number"],
        carrier=content["carrier"],
        lines=lines,
        occurred_at=occurred_at,
        consignment=content.get("consignment"),
    )
