"""An order of two lines in a parcel, as the storefront records it."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import uuid4

from bench.speed.figures import Sample
from bench.speed.http_requests import document, graphql_request
from bench.speed.loading import Plan, under_load
from bench.speed.process import Running
from bench.speed.world import Turns, World


async def open_row(world: World) -> Turns:
    """An order for each of the next members."""
    return {name: partial(_record, world, await world.server(name)) for name in world.our_names()}


async def _record(world: World, server: Running) -> Sample:
    numbers = [f"B-{uuid4().hex}" for _ in range(world.options.writes)]
    return await record_orders(world, server, numbers)


async def record_orders(world: World, server: Running, numbers: list[str]) -> Sample:
    """Records an order of each of these numbers."""
    members, bearer = world.next_members("orders", len(numbers)), world.storefront()
    text = document("order")
    requests = [
        graphql_request(
            {
                "query": text,
                "operationName": "Order",
                "variables": {"input": order_input(number, mi_id), "key": number},
            },
            bearer,
        )
        for number, mi_id in zip(numbers, members, strict=True)
    ]
    plan = Plan(server.port, requests, "OrderRecorded", world.options.connections)
    return await under_load(world.meter.of(server=server.pid), plan)


def order_input(number: str, mi_id: str) -> dict[str, Any]:
    """Two lines in a parcel, placed an hour ago."""
    return {
        "number": number,
        "miId": mi_id,
        "placedAt": (datetime.now(UTC) - timedelta(hours=1)).isoformat(),
        "currency": "EUR",
        "shippingMinor": 499,
        "lines": [
            {"id": "1", "productId": "phone", "quantity": 1, "paidMinor": 29_999},
            {"id": "2", "productId": "case", "quantity": 2, "paidMinor": 1_998},
        ],
        "parcels": [
            {
                "trackingNumber": f"T-{number}",
                "carrier": "post",
                "lines": [{"lineId": "1", "quantity": 1}, {"lineId": "2", "quantity": 2}],
            }
        ],
    }
