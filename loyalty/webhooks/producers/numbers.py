"""The order and tracking numbers in a body, so that a delivery without effect is also found by its member (R71)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.webhooks.producers import PRODUCERS
from loyalty.webhooks.producers.events import NumberFields
from loyalty.webhooks.producers.reading import is_id, json_object

_MOST = 20


@dataclass(frozen=True, slots=True)
class NamedNumbers:
    """Numbers that may be an order's, and numbers that may be a parcel's; at most 20 of each."""

    orders: tuple[str, ...]
    parcels: tuple[str, ...]


def numbers_in(body: bytes) -> NamedNumbers:
    """All order and tracking numbers at any depth of a stored body, outermost first.

    The fields of all producers count in every body, because one producer may pass on the words of another, such as a
    carrier those of the shop. Raises MalformedDelivery if the body is not a JSON object.
    """
    orders: dict[str, None] = {}
    parcels: dict[str, None] = {}
    for place in _objects(json_object(body)):
        orders |= dict.fromkeys(_ids(place, _FIELDS.orders))
        parcels |= dict.fromkeys(_ids(place, _FIELDS.parcels))
        if any(name in place for name in _FIELDS.with_order_id):
            orders |= dict.fromkeys(_ids(place, ("id",)))
    return NamedNumbers(tuple(orders)[:_MOST], tuple(parcels)[:_MOST])


def _fields_of_all() -> NumberFields:
    """The fields of all producers together, each name once."""
    each = [producer.NUMBER_FIELDS for producer in PRODUCERS.values()]
    return NumberFields(
        orders=tuple(dict.fromkeys(name for fields in each for name in fields.orders)),
        parcels=tuple(dict.fromkeys(name for fields in each for name in fields.parcels)),
        with_order_id=tuple(dict.fromkeys(name for fields in each for name in fields.with_order_id)),
    )


_FIELDS = _fields_of_all()


def _objects(event: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every object of a body, level by level."""
    places: list[Any] = [event]
    for place in places:
        if isinstance(place, dict):
            yield place
        inside = place.values() if isinstance(place, dict) else place
        places.extend(value for value in inside if isinstance(value, dict | list))


def _ids(place: Mapping[str, Any], names: tuple[str, ...]) -> list[str]:
    values = [value for name in names for value in _as_list(place.get(name))]
    return [str(value) for value in values if is_id(value)]


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
