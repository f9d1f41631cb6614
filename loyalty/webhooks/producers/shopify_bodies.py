"""The forms of Shopify's bodies. The topic's header is not signed, so a body is read only by the form that it has."""

from collections.abc import Callable, Mapping
from typing import Any

from loyalty.orders.rules.facts import Lines
from loyalty.webhooks.producers.reading import Unreadable, is_count, is_id, lines_of

FULFILLMENT_EVENT = "fulfillment_events/create"
REFUND = "refunds/create"
FULFILLED = "orders/fulfilled"
PARTIALLY_FULFILLED = "orders/partially_fulfilled"
CANCELLED = "orders/cancelled"
FULFILLMENT_CREATED = "fulfillments/create"
FULFILLMENT_UPDATED = "fulfillments/update"

_OF_ORDERS = (FULFILLED, PARTIALLY_FULFILLED, CANCELLED)


def topic_of(body: Mapping[str, Any]) -> str | None:
    """The first topic that we read and that has the form of this body; None if there is none."""
    return next((topic for topic, has_form in _FORMS.items() if has_form(body)), None)


def has_form(topic: str, body: Mapping[str, Any]) -> bool:
    """Whether the body has the form of a topic that we read. What is read from it is true under each such topic."""
    return topic in _FORMS and _FORMS[topic](body)


def order_number(topic: str, body: Mapping[str, Any]) -> str:
    """The number of the order: Shopify's numeric id as text (R34)."""
    return str(body["id" if topic in _OF_ORDERS else "order_id"])


def entries(body: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in the list in that field; none if it is absent. Raises Unreadable if it is no list of objects."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(each, dict) for each in value):
        raise Unreadable(f"{name} is not a list of objects.")
    return value


def pieces_of(
    body: Mapping[str, Any], name: str, line_id: str, wanted: Callable[[Mapping[str, Any]], bool] = bool
) -> Lines:
    """The lines in the list in that field that are wanted, with their quantities; a quantity of 0 is left out.

    Raises Unreadable.
    """
    items = entries(body, name)
    if not all(is_id(each.get(line_id)) and is_count(each.get("quantity")) for each in items):
        raise Unreadable(f"{name} has entries without {line_id} and quantity.")
    return lines_of([(str(each[line_id]), each["quantity"]) for each in items if each["quantity"] and wanted(each)])


def is_word(value: object, word: str) -> bool:
    """Whether it is that word in any case: older and newer API versions differ in case."""
    return isinstance(value, str) and value.casefold() == word


def _is_fulfillment_event(body: Mapping[str, Any]) -> bool:
    return _has_ids(body, "id", "fulfillment_id", "order_id") and "status" in body


def _is_refund(body: Mapping[str, Any]) -> bool:
    has_list = any(isinstance(body.get(name), list) for name in ("refund_line_items", "transactions"))
    return _has_ids(body, "id", "order_id") and "fulfillment_id" not in body and has_list


def _is_fulfillment(body: Mapping[str, Any]) -> bool:
    is_other = "fulfillment_id" in body or any(name in body for name in ("refund_line_items", "transactions"))
    return _has_ids(body, "id", "order_id") and not is_other and "status" in body and _has_list(body, "line_items")


def _is_order(body: Mapping[str, Any]) -> bool:
    return _has_ids(body, "id") and "order_id" not in body and _has_list(body, "line_items", "fulfillments")


def _is_fulfilled_order(body: Mapping[str, Any]) -> bool:
    return _is_order(body) and is_word(body.get("fulfillment_status"), "fulfilled")


def _is_partial_order(body: Mapping[str, Any]) -> bool:
    return _is_order(body) and is_word(body.get("fulfillment_status"), "partial")


def _is_cancelled_order(body: Mapping[str, Any]) -> bool:
    return _is_order(body) and bool(body.get("cancelled_at"))


def _has_list(body: Mapping[str, Any], *names: str) -> bool:
    return all(isinstance(body.get(name), list) for name in names)


def _has_ids(body: Mapping[str, Any], *names: str) -> bool:
    return all(is_id(body.get(name)) for name in names)


_FORMS: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    FULFILLMENT_EVENT: _is_fulfillment_event,
    REFUND: _is_refund,
    CANCELLED: _is_cancelled_order,
    FULFILLED: _is_fulfilled_order,
    PARTIALLY_FULFILLED: _is_partial_order,
    FULFILLMENT_CREATED: _is_fulfillment,
    FULFILLMENT_UPDATED: _is_fulfillment,
}
