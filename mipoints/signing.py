"""Signing webhooks as their producers do."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from loyalty.webhooks.producers import PRODUCERS, Producer
from mipoints.problems import MISTYPED, Problem

NATIVE = "native"


def signed_headers(producer: str, secret: str, body: bytes, id_: str | None = None) -> dict[str, str]:
    """The headers that prove a body to be the producer's, as of now.

    Without an id it is one that follows from the body, so the same file again is the same event. Raises Problem for a
    producer nobody here knows, and for a secret that cannot be one of its.
    """
    event_id = id_ or "msg_" + hashlib.sha256(body).hexdigest()[:32]
    now = datetime.now(UTC)
    try:
        headers = dict(adapter_of(producer).sign(secret, body, event_id, now))
        if producer == NATIVE:
            headers |= _by_the_reference(secret, body, event_id, now)
    except (ValueError, EmptyWebhookSecretError) as error:
        raise Problem(f"This is no secret of {producer}: {error}.", MISTYPED) from error
    return {"content-type": "application/json"} | headers


def adapter_of(producer: str) -> Producer:
    """The file that knows how a producer signs. Raises Problem for one that nobody here knows."""
    if producer not in PRODUCERS:
        raise Problem(f"{producer} is not known here: there are {', '.join(PRODUCERS)}.", MISTYPED)
    return PRODUCERS[producer]


def first_secret(producer: str, secrets: Mapping[str, tuple[str, ...]]) -> str:
    """The first active secret of a producer. Raises Problem when there is none, or nobody here knows it."""
    adapter_of(producer)
    active = secrets.get(producer)
    if not active:
        raise Problem(f"There is no secret for {producer}: name one with --secret, or set MIPOINTS_WEBHOOK_SECRETS.")
    return active[0]


def _by_the_reference(secret: str, body: bytes, event_id: str, now: datetime) -> dict[str, str]:
    """The same signature by Standard Webhooks' own library; it takes text only, other bytes keep ours."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {}
    return {"webhook-signature": Webhook(secret).sign(event_id, now, text)}
