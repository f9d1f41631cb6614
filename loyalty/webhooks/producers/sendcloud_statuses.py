"""Sendcloud's statuses of a parcel, and the fact that each of them stands for."""

from re import findall
from typing import Any

from loyalty.orders.rules.facts import Delivered, InTransit, ReturnedToSender
from loyalty.webhooks.producers.reading import Unreadable, first_id, is_text

Meaning = type[Delivered | InTransit | ReturnedToSender]
# Every status that GET /parcels/statuses lists: v2's id, v3's code, the message of both, and the fact it stands for.
_STATUSES: tuple[tuple[int, str, str, Meaning | None], ...] = (
    (1, "ANNOUNCED", "Announced", None),
    (3, "TO_SORTING", "En route to sorting center", InTransit),
    (4, "DELAYED", "Delivery delayed", InTransit),
    (5, "SORTED", "Sorted", InTransit),
    (6, "UNSORTED", "Not sorted", InTransit),
    (7, "SORTING", "Being sorted", InTransit),
    (8, "DELIVERY_FAILED", "Delivery attempt failed", InTransit),
    (11, "DELIVERED", "Delivered", Delivered),
    (12, "AWAITING_CUSTOMER_PICKUP", "Awaiting customer pickup", InTransit),
    (13, "ANNOUNCED_UNCOLLECTED", "Announced: not collected", None),
    (15, "COLLECT_ERROR", "Error collecting", None),
    (22, "PICKED_UP_BY_DRIVER", "Shipment picked up by driver", InTransit),
    (80, "UNDELIVERABLE", "Unable to deliver", None),
    (91, "SHIPMENT_ON_ROUTE", "Parcel en route", InTransit),
    (92, "DRIVER_ON_ROUTE", "Driver en route", InTransit),
    (93, "COLLECTED_BY_CUSTOMER", "Shipment collected by customer", Delivered),
    (94, "CANCELLATION_FAILED", "Parcel cancellation failed.", None),
    (999, "NO_LABEL", "No label", None),
    (1000, "READY_TO_SEND", "Ready to send", None),
    (1001, "ANNOUNCING", "Being announced", None),
    (1002, "ANNOUNCEMENT_FAILED", "Announcement failed", None),
    (1337, "UNKNOWN", "Unknown status - check carrier track & trace page for more insights", None),
    (1998, "CANCELLED_UPSTREAM", "Cancelled upstream", None),
    (1999, "CANCELLING", "Cancellation requested", None),
    (2000, "CANCELLED", "Cancelled", None),
    (2001, "CANCELLING_UPSTREAM", "Submitting cancellation request", None),
    (62989, "AT_CUSTOMS", "At Customs", InTransit),
    (62990, "AT_SORTING_CENTRE", "At sorting centre", InTransit),
    (62991, "REFUSED_BY_RECIPIENT", "Refused by recipient", None),
    (62992, "RETURNED_TO_SENDER", "Returned to sender", ReturnedToSender),
    (62993, "DELIVERY_METHOD_CHANGED", "Delivery method changed", InTransit),
    (62994, "DELIVERY_DATE_CHANGED", "Delivery date changed", InTransit),
    (62995, "DELIVERY_ADDRESS_CHANGED", "Delivery address changed", InTransit),
    (62996, "EXCEPTION", "Exception", None),
    (62997, "ADDRESS_INVALID", "Address invalid", None),
)


def meaning_of(status: dict[str, Any]) -> Meaning:
    """The fact that a status stands for. Raises Unreadable for a status without effect, and for an unknown one.

    The words decide before the id, because ids and words have come in other pairs than those in the list.
    """
    words = [str(text) for text in (status.get("code"), status.get("message")) if is_text(text)]
    status_id = first_id(status, "id")
    matches = [_BY_WORDS[_words(text)] for text in words if _words(text) in _BY_WORDS]
    matches += [_BY_ID[status_id]] if status_id in _BY_ID else []
    if not matches:
        name = next(iter(words), status_id)
        raise Unreadable(f"Unknown status {name}." if name else "It has no status.")
    message, meaning = matches[0]
    if meaning is None:
        raise Unreadable(f"Status {message} moves no points.")
    return meaning


def _words(text: str) -> str:
    """`RETURNED_TO_SENDER`, `returned-to-sender` and `Returned to sender` are the same words."""
    return " ".join(findall("[a-z0-9]+", text.casefold()))


_BY_WORDS = {_words(text): (message, meaning) for _, code, message, meaning in _STATUSES for text in (code, message)}
_BY_ID: dict[str | None, tuple[str, Meaning | None]] = {
    str(id_): (message, meaning) for id_, _, message, meaning in _STATUSES
}
