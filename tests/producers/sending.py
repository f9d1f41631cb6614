"""Producers' webhooks as they reach a running programme: signed, sent over HTTP, applied."""

import json
from typing import Any

import httpx

from mipoints.signing import signed_headers
from tests.stage import WEBHOOK_SECRETS, Stage


async def post(stage: Stage, producer: str, body: bytes, headers: dict[str, str] | None = None) -> httpx.Response:
    """One delivery, signed as its producer does, or with these headers."""
    told = headers if headers is not None else signed_headers(producer, WEBHOOK_SECRETS[producer][0], body)
    return await stage.http.post(f"/webhooks/{producer}", content=body, headers=told)


async def send(stage: Stage, producer: str, *bodies: bytes | dict[str, Any]) -> None:
    """Deliveries that are accepted, one after another, and applied."""
    for body in bodies:
        answer = await post(stage, producer, body if isinstance(body, bytes) else json.dumps(body).encode())
        assert answer.is_success, answer.text
    await stage.drain()


async def became(stage: Stage) -> list[tuple[str, str | None]]:
    """State and reason of every delivery, in the order they came."""
    rows = await stage.owner.fetch("select state, error from audit.inbox order by received_at, event_id")
    return [(row["state"], row["error"]) for row in rows]


async def states(stage: Stage) -> list[str]:
    """The state of every delivery, in the order they came."""
    return [state for state, _ in await became(stage)]


async def facts(stage: Stage) -> int:
    """How many facts are known of orders."""
    return int(await stage.owner.fetchval("select count(*) from order_facts"))
