"""Sends producers' webhooks to a running programme: signs them as the producer does, sends them, applies them."""

import json
from collections.abc import Mapping
from typing import Any

import httpx

from mipoints.signing import signed_headers
from tests.support.stage import ORDER, WEBHOOK_SECRETS, Stage

TEST_MODE = "It was sent in test mode, which moves no points here."

Body = bytes | dict[str, Any]


async def send(
    stage: Stage, producer: str, body: Body, headers: Mapping[str, str] | None = None, *, query: str = ""
) -> httpx.Response:
    """Sends one delivery, signed now unless the given headers or query contain the proof."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    if headers is None:
        headers = {} if query else signed_headers(producer, WEBHOOK_SECRETS[producer][0], raw)
    return await stage.http.post(f"/webhooks/{producer}{query}", content=raw, headers=headers)


async def deliver_each(stage: Stage, producer: str, *bodies: Body) -> None:
    """Sends deliveries, each of which must be accepted and is applied before the next."""
    for body in bodies:
        await deliver_together(stage, producer, body)


async def deliver_together(stage: Stage, producer: str, *bodies: Body) -> None:
    """Sends deliveries, each of which must be accepted, and applies them at the end."""
    for body in bodies:
        answer = await send(stage, producer, body)
        assert answer.is_success, answer.text
    await stage.drain()


async def order_by(stage: Stage, number: str, parcels: dict[str, str | None]) -> None:
    """Records an order with a line of 100 EUR in each parcel. `parcels` maps tracking numbers to carriers."""
    lines = [f"{number}-{place}" for place, _ in enumerate(parcels)]
    input_ = {
        "number": number,
        "miId": "mi-1",
        "placedAt": (await stage.now()).isoformat(),
        "currency": "EUR",
        "lines": [{"id": id_, "productId": "p", "quantity": 1, "paidMinor": 10000} for id_ in lines],
        "parcels": [
            {"trackingNumber": tracking, "carrier": carrier, "lines": [{"lineId": id_, "quantity": 1}]}
            for id_, (tracking, carrier) in zip(lines, parcels.items(), strict=True)
        ],
    }
    answer = await stage.storefront(ORDER, input=input_, key=f"order-{number}")
    assert answer["__typename"] == "OrderRecorded", answer


async def became(stage: Stage) -> list[tuple[str, str | None]]:
    """Returns state and reason of every delivery, oldest first."""
    rows = await stage.owner.fetch("select state, error from audit.inbox order by received_at, event_id")
    return [(row["state"], row["error"]) for row in rows]


async def states(stage: Stage) -> list[str]:
    """Returns the state of every delivery, oldest first."""
    return [state for state, _ in await became(stage)]


async def facts(stage: Stage) -> int:
    """Returns the number of stored facts of orders."""
    return int(await stage.owner.fetchval("select count(*) from order_facts"))
