"""Whose a delivery is that has no effect: the orders and parcels its body names are held about their member (R71)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from loyalty.webhooks.producers.reading import is_id, json_object

_ORDERS = ("order_number", "order_id", "external_order_id")
_PARCELS = ("tracking_number", "tracking_code", "tracking_numbers")
_MOST = 20


@dataclass(frozen=True, slots=True)
class Named:
    """The numbers that may be an order's, and those that may be a parcel's; some of each at most."""

    orders: tuple[str, ...]
    parcels: tuple[str, ...]


def named_in(body: bytes) -> Named:
    """What a body calls an order or a parcel, wherever in it, in whichever producer's words; outermost first."""
    orders: dict[str, None] = {}
    parcels: dict[str, None] = {}
    for place in _objects(json_object(body)):
        orders |= dict.fromkeys(_ids(place, *_ORDERS))
        parcels |= dict.fromkeys(_ids(place, *_PARCELS))
        if "order_number" in place:
            orders |= dict.fromkeys(_ids(place, "id"))
    return Named(tuple(orders)[:_MOST], tuple(parcels)[:_MOST])


def _objects(event: dict[str, Any]) -> Iterator[Mapping[str, Any]]:
    """Every object of a body, level by level."""
    places: list[Any] = [event]
    for place in places:
        if isinstance(place, dict):
            yield place
        inside = place.values() if isinstance(place, dict) else place
        places.extend(value for value in inside if isinstance(value, dict | list))


def _ids(place: Mapping[str, Any], *names: str) -> list[str]:
    told = [value for name in names for value in _as_list(place.get(name))]
    return [str(value) for value in told if is_id(value)]


def _as_list(value: object) -> list[Any]:
    return value if isinstance(value, list) else [value]
