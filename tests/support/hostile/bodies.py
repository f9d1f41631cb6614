"""Builds a fact's webhook body in the format of each producer."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from loyalty.orders.rules.facts import Cancelled, Delivered, InTransit, Movement, Returned, ReturnedToSender

T = TypeVar("T")
Body = Mapping[str, Any]

_NATIVE = {
    "delivered": "shipment.delivered",
    "in_transit": "shipment.in_transit",
    "returned_to_sender": "shipment.returned_to_sender",
    "lost": "shipment.lost",
}


def native(fact: Movement | Returned | Cancelled, order: str, _id: str) -> Body:
    """Returns the body in the programme's own format, which can express any of these facts."""
    data: dict[str, Any] = {
        "order_number": order,
        "occurred_at": fact.occurred_at.isoformat(),
        "lines": [{"line_id": line_id, "quantity": quantity} for line_id, quantity in fact.lines],
    }
    if isinstance(fact, Cancelled):
        return {"type": "order.cancelled", "data": data | {"cancellation_id": fact.cancellation_id}}
    data["tracking_number"] = fact.tracking_number
    if not isinstance(fact, Returned):
        return {"type": _NATIVE[fact.kind], "data": data}
    data["return_id"] = fact.return_id
    if fact.amount_minor is not None:
        data["refund"] = {"amount_minor": fact.amount_minor, "shipping_minor": fact.shipping_minor}
    return {"type": "return.received", "data": data}


def easypost(fact: Movement, _order: str, id_: str) -> Body:
    """Returns the body of a tracker with its whole state."""
    status = _word(fact, "delivered", "in_transit", "return_to_sender")
    details = [{"status": status, "datetime": _rfc3339(fact.occurred_at), "message": "", "object": "TrackingDetail"}]
    tracker = {
        "id": f"trk_{fact.tracking_number}",
        "object": "Tracker",
        "mode": "production",
        "tracking_code": fact.tracking_number,
        "status": status,
        "carrier": "FedEx",
        "is_return": False,
        "tracking_details": details,
    }
    return {
        "id": f"evt_{id_}",
        "object": "Event",
        "mode": "production",
        "description": "tracker.updated",
        "result": tracker,
    }


def aftership(fact: Movement, order: str, id_: str) -> Body:
    """Returns the body of a tracking with its tag."""
    tag, subtag = _word(
        fact, ("Delivered", "Delivered_001"), ("InTransit", "InTransit_003"), ("Exception", "Exception_011")
    )
    tracking = {"tag": tag, "subtag": subtag, "tracking_number": fact.tracking_number, "slug": "fedex"}
    return {
        "event": "tracking_update",
        "event_id": id_,
        "ts": int(fact.occurred_at.timestamp()),
        "msg": tracking | {"order_number": order},
    }


def shippo(fact: Movement, order: str, id_: str) -> Body:
    """Returns the body of a tracking with its status; Shippo's events have no id."""
    status = {
        "status": _word(fact, "DELIVERED", "TRANSIT", "RETURNED"),
        "status_date": _rfc3339(fact.occurred_at),
        "object_id": id_,
    }
    tracking = {"carrier": "fedex", "tracking_number": fact.tracking_number, "metadata": f"Order {order}"}
    return {"event": "track_updated", "test": False, "data": tracking | {"tracking_status": status}}


def sendcloud(fact: Movement, order: str, id_: str) -> Body:
    """Returns the body of a parcel with its status; Sendcloud's events have no id."""
    number, message = _word(fact, (11, "Delivered"), (3, "En route to sorting center"), (62992, "Returned to sender"))
    at = int(fact.occurred_at.timestamp() * 1000)
    parcel = {"id": int(id_, 16) % 10**9, "tracking_number": fact.tracking_number, "order_number": order}
    return {
        "action": "parcel_status_changed",
        "timestamp": at,
        "carrier_status_change_timestamp": at,
        "parcel": parcel | {"status": {"id": number, "message": message}},
    }


CARRIERS: Mapping[str, Callable[[Movement, str, str], Body]] = {
    "easypost": easypost,
    "aftership": aftership,
    "shippo": shippo,
    "sendcloud": sendcloud,
}


def shopify_refund(fact: Returned, order: str, id_: str) -> Body:
    """Returns the body of a refund: of lines, for which the amount is ignored, or of an amount without lines."""
    lines = [{"id": n, "line_item_id": int(line), "quantity": pieces} for n, (line, pieces) in enumerate(fact.lines)]
    amount = {"kind": "refund", "status": "success", "amount": _money(fact.amount_minor or 0), "currency": "EUR"}
    shipping = [
        {"subtotal_amount_set": {"shop_money": {"amount": _money(fact.shipping_minor), "currency_code": "EUR"}}}
    ]
    return {
        "id": int(id_, 16) % 2**63,
        "order_id": int(order),
        "refund_line_items": lines,
        "order_adjustments": [],
        "refund_shipping_lines": shipping if fact.shipping_minor else [],
        "transactions": [amount] if fact.amount_minor else [],
        "created_at": fact.occurred_at.isoformat(),
    }


def shopify_cancellation(fact: Cancelled, order: str, id_: str) -> Body:
    """Returns the body of a refund of pieces that were never sent; its id is the cancellation's."""
    body = {**shopify_refund(Returned(id_, None, fact.lines, None, 0, fact.occurred_at), order, id_)}
    body["refund_line_items"] = [each | {"restock_type": "cancel"} for each in body["refund_line_items"]]
    return body


def as_bytes(body: Body) -> bytes:
    """Returns the body as compact JSON."""
    return json.dumps(body, separators=(",", ":")).encode()


def _word(fact: Movement, delivered: T, in_transit: T, returned: T) -> T:
    words = {Delivered: delivered, InTransit: in_transit, ReturnedToSender: returned}
    return words[type(fact)]


def _rfc3339(moment: datetime) -> str:
    return moment.isoformat().replace("+00:00", "Z")


def _money(minor: int) -> str:
    return f"{minor // 100}.{minor % 100:02d}"
