"""The forms of Shopify's bodies. The topic's header is not signed, so a body is read only by the form that it has."""

from collections.abc import Callable, Mapping
from typing import Any

from loyalty.orders.rules.facts import Lines
from loyalty.webhooks.producers.reading import Unreadable, is_count, is_id, lines_of

FULFILLMENT_EVENT = "fulfillment_events/create"
REFUND = "refunds/create"
FULFILLED = "orders/fulfilled"


def topic_of(body: Mapping[str, Any]) -> str | None:
    """The topic that we read and that has the form of this body; None if there is none. No body has two forms."""
    return next((topic for topic, has_form in _FORMS.items() if has_form(body)), None)


def order_number(topic: str, body: Mapping[str, Any]) -> str:
    """The number of the order: Shopify's numeric id as text (R34)."""
    return str(body["id" if topic == FULFILLED else "order_id"])


def entries(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in the list in that field; none if it is absent. Raises Unreadable if it is no list of objects."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Unreadable(f"{name} is not a list of objects.")
    return value


def pieces_of(body: Mapping[str, Any], name: str, line_id: str) -> Lines:
    """The lines in the list in that field, with their quantities; a quantity of 0 is left out. Raises Unreadable."""
    items = entries(body, name)
    if not all(is_id(each.get(line_id)) and is_count(each.get("quantity")) for each in items):
        raise Unreadable(f"{name} has entries without {line_id} and quantity.")
    return lines_of([(str(each[line_id]), each["quantity"]) for each in items if each["quantity"]])


def is_word(value: object, word: str) -> bool:
    """Whether it is that word in any case: older and newer API versions differ in case."""
    return isinstance(value, str) and value.casefold() == word


def _is_fulfillment_event(body: Mapping[str, Any]) -> bool:
    return _has_ids(body, "id", "fulfillment_id", "order_id") and "status" in body


def _is_refund(body: Mapping[str, Any]) -> bool:
    has_list = any(isinstance(body.get(name), list) for name in ("refund_line_items", "transactions"))
    return _has_ids(body, "id", "order_id") and "fulfillment_id" not in body and has_list


def _is_fulfilled_order(body: Mapping[str, Any]) -> bool:
    has_lists = all(isinstance(body.get(name), list) for name in ("line_items", "fulfillments"))
    return (
        _has_ids(body, "id")
        and "order_id" not in body
        and has_lists
        and is_word(body.get("fulfillment_status"), "fulfilled")
    )


def _has_ids(body: Mapping[str, Any], *names: str) -> bool:
    return all(is_id(body.get(name)) for name in names)


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    FULFILLMENT_EVENT: _is_fulfillment_event,
    REFUND: _is_refund,
    FULFILLED: _is_fulfilled_order,
}
