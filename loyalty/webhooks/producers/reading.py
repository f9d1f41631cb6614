"""Reads the JSON of producers. It may have any form; only the fields that we understand are used."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from loyalty.orders.rules.facts import Lines
from loyalty.webhooks.producers.events import MalformedDelivery

LONGEST_TEXT = 200
LARGEST_NUMBER = 2_147_483_647


class Unreadable(Exception):
    """A field is missing or has an unknown form; the delivery is stored, and ignored with this sentence."""


def json_object(body: bytes) -> dict[str, Any]:
    """The body's JSON object, numbers exact (Decimal, int). Raises MalformedDelivery if it is none."""
    try:
        event = json.loads(body, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise MalformedDelivery("The body is not JSON.") from error
    if not isinstance(event, dict):
        raise MalformedDelivery("The body is not a JSON object.")
    return event


def needed_text(event: Mapping[str, Any], name: str) -> str:
    """A text of 1 to 200 characters that every event of the producer has. Raises MalformedDelivery."""
    value = event.get(name)
    if not is_text(value):
        raise MalformedDelivery(f"The event has no {name} of 1 to {LONGEST_TEXT} characters.")
    return str(value)


def named(data: Mapping[str, Any], name: str) -> dict[str, Any]:
    """The object in that field, or an empty one."""
    value = data.get(name)
    return value if isinstance(value, dict) else {}


def listed(data: Mapping[str, Any], name: str) -> list[dict[str, Any]]:
    """The objects in the list in that field; other values in it are left out."""
    value = data.get(name)
    return [each for each in value if isinstance(each, dict)] if isinstance(value, list) else []


def text_of(data: Mapping[str, Any], name: str) -> str | None:
    """A text of 1 to 200 characters, or a whole number as text; None if it is absent or empty. Raises Unreadable."""
    value = data.get(name)
    if value is None or value == "":
        return None
    if not is_id(value):
        raise Unreadable(f"{name} is not a text of 1 to {LONGEST_TEXT} characters.")
    return str(value)


def first_id(data: Mapping[str, Any], *names: str) -> str | None:
    """The first of these fields that can be an id, or None. For fields that help but are not needed."""
    return next((str(data[name]) for name in names if is_id(data.get(name))), None)


def order_numbers_in(data: Mapping[str, Any], *names: str) -> tuple[str, ...]:
    """The numbers in all of these fields that may be an order's, each once."""
    return tuple(dict.fromkeys(str(data[name]) for name in names if is_id(data.get(name))))


def is_id(value: object) -> bool:
    """Whether it can be an id: a short text, or a whole number, beyond 2^53 too."""
    return is_text(value) or (isinstance(value, int) and not isinstance(value, bool) and abs(value) < 10**30)


def is_text(value: object) -> bool:
    """Whether it is a text of 1 to 200 characters that Postgres can store."""
    return isinstance(value, str) and 0 < len(value) <= LONGEST_TEXT and "\0" not in value and _is_unicode(value)


def is_count(value: object) -> bool:
    """Whether it is a whole number from zero to 2^31 - 1."""
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= LARGEST_NUMBER


def lines_of(pieces: list[tuple[str, int]]) -> Lines:
    """Quantities by line id; those of a repeated line are added."""
    quantities: dict[str, int] = {}
    for line_id, quantity in pieces:
        quantities[line_id] = quantities.get(line_id, 0) + quantity
    return tuple(sorted(quantities.items()))


def moment_of(value: object, name: str, received_at: datetime) -> datetime:
    """An instant with its offset (RFC 3339), or `received_at` if there is none. Raises Unreadable."""
    if value is None or value == "":
        return received_at
    try:
        moment = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise Unreadable(f"{name} is not an instant.") from error
    if moment.tzinfo is None:
        raise Unreadable(f"{name} has no offset.")
    return not_later(moment, name, received_at)


def moment_of_unix(seconds: object, name: str, received_at: datetime) -> datetime:
    """An instant in seconds since 1970, or `received_at` if there is none. Raises Unreadable."""
    if seconds is None:
        return received_at
    if not isinstance(seconds, int | Decimal) or isinstance(seconds, bool) or not 0 <= seconds < 10**11:
        raise Unreadable(f"{name} is not in seconds since 1970.")
    return not_later(datetime.fromtimestamp(float(seconds), UTC), name, received_at)


def not_later(moment: datetime, name: str, received_at: datetime) -> datetime:
    """The moment, but not after `received_at`: a future date would outrank every later event. Raises Unreadable."""
    if not 2000 <= moment.year <= 2200:
        raise Unreadable(f"{name} is of another century.")
    return min(moment.astimezone(UTC), received_at)


def _is_unicode(value: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in value)
