"""R71: a delivery without effect is found by the orders and parcels that its body names."""

import json
from typing import Any

import pytest

from loyalty.webhooks.producers.numbers import numbers_in

MANY = {"orders": [{"order_number": str(n)} for n in range(100)]}


@pytest.mark.parametrize(
    ("body", "orders", "parcels"),
    [
        ({"data": {"order_number": "ORD-1", "tracking_number": "T-1"}}, ("ORD-1",), ("T-1",)),
        ({"result": {"tracking_code": "EZ1", "status": "unknown"}}, (), ("EZ1",)),
        ({"id": 820982911946154508, "order_number": 1234}, ("1234", "820982911946154508"), ()),
        ({"order_id": 450789469, "tracking_numbers": ["1", "2"], "id": 7}, ("450789469",), ("1", "2")),
        ({"parcel": {"order_number": "9", "external_order_id": "10", "tracking_number": None}}, ("9", "10"), ()),
        ({"order_number": {"no": "text"}, "tracking_number": [1.5, True, "\0", ""]}, (), ()),
        ({"shipping_address": {"address1": "Calle Mayor 1"}}, (), ()),
        (MANY, tuple(str(n) for n in range(20)), ()),
    ],
)
def test_order_and_tracking_numbers_are_found_at_any_depth_of_a_body(
    body: dict[str, Any], orders: tuple[str, ...], parcels: tuple[str, ...]
):
    numbers = numbers_in(json.dumps(body).encode())
    assert (numbers.orders, numbers.parcels) == (orders, parcels)
