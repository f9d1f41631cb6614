"""Shopify's fulfillments: their events, and the lines in each. A fulfilled order was handed over, not delivered."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from loyalty.orders.rules.facts import SHOPIFY_EVENTS, Cancelled, Delivered, Fact, InTransit, ReturnedToSender
from loyalty.webhooks.producers.reading import Unreadable, first_id, is_text, moment_of, text_of
from loyalty.webhooks.producers.shopify_bodies import entries, is_word, pieces_of

_NEWS: Mapping[str, type[Delivered | InTransit | ReturnedToSender]] = {
    "delivered": Delivered,
    "picked_up": Delivered,
    "carrier_picked_up": InTransit,
    "in_transit": InTransit,
    "out_for_delivery": InTransit,
    "attempted_delivery": InTransit,
    "delayed": InTransit,
    "returning_to_sender": ReturnedToSender,
}
_NO_NEWS = (
    "confirmed",
    "label_purchased",
    "label_printed",
    "ready_for_pickup",
    "ready_for_recipient_pickup",
    "buyer_action_required",
    "failure",
)
_NOT_SENT = ("cancelled", "error", "failure")


def of_event(body: Mapping[str, Any], received_at: datetime) -> tuple[Fact, ...]:
    """The fact in a fulfillment event; it has neither lines nor a tracking number. Raises Unreadable."""
    status = body["status"]
    if not is_text(status):
        raise Unreadable("status is not a text.")
    kind = _NEWS.get(status.casefold())
    if kind is None:
        why = "says nothing of where it is" if status.casefold() in _NO_NEWS else "is unknown"
        raise Unreadable(f"Status {status} {why}.")
    happened_at = moment_of(body.get("happened_at") or body.get("created_at"), "happened_at", received_at)
    return (kind(None, None, (), happened_at, text_of(body, "fulfillment_id")),)


def of_order(body: Mapping[str, Any], received_at: datetime) -> tuple[Fact, ...]:
    """The facts in a fulfilled order: each sent fulfillment is in transit, with its lines and tracking numbers.

    Their `shipment_status` is ignored: only a fulfillment event reports a delivery. Raises Unreadable.
    """
    sent = [each for each in entries(body, "fulfillments") if not _was_not_sent(each)]
    facts = tuple(fact for fulfillment in sent for fact in _on_its_way(fulfillment, received_at))
    if not facts:
        raise Unreadable("It names no fulfillment that was sent.")
    return facts


def of_fulfillment(body: Mapping[str, Any], received_at: datetime) -> tuple[Fact, ...]:
    """The facts in one fulfillment: it is in transit, with its lines and tracking numbers. Raises Unreadable."""
    if _was_not_sent(body):
        raise Unreadable("The fulfillment was not sent.")
    return tuple(_on_its_way(body, received_at))


def of_cancelled(body: Mapping[str, Any], received_at: datetime) -> tuple[Fact, ...]:
    """The cancellation of everything in the order that is not delivered (R33b). Raises Unreadable."""
    at = moment_of(body["cancelled_at"], "cancelled_at", received_at)
    return (Cancelled(f"order:{body['id']}", (), at, SHOPIFY_EVENTS),)


def _was_not_sent(fulfillment: Mapping[str, Any]) -> bool:
    return any(is_word(fulfillment.get("status"), word) for word in _NOT_SENT)


def _on_its_way(fulfillment: Mapping[str, Any], received_at: datetime) -> list[InTransit]:
    """One fact for each tracking number, or one without; Shopify does not report which lines have which number."""
    name = text_of(fulfillment, "id")
    if name is None:
        raise Unreadable("A fulfillment has no id.")
    carrier = first_id(fulfillment, "tracking_company")
    lines = pieces_of(fulfillment, "line_items", "id")
    at = moment_of(fulfillment.get("created_at"), "created_at", received_at)
    numbers: Sequence[str | None] = _tracking_numbers(fulfillment) or [None]
    return [InTransit(number, carrier, lines, at, name) for number in numbers]


def _tracking_numbers(fulfillment: Mapping[str, Any]) -> list[str]:
    """The numbers as people typed them, each once, without surrounding spaces."""
    several = fulfillment.get("tracking_numbers")
    values = [fulfillment.get("tracking_number"), *(several if isinstance(several, list) else [])]
    typed = [text_of({"tracking_number": each}, "tracking_number") for each in values]
    return list(dict.fromkeys(number for each in typed if each and (number := each.strip())))
