"""Signing webhooks as their producers do."""

import hashlib
import time
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from loyalty.producers.native import expected_signature
from mipoints.problems import MISTYPED, Problem

NATIVE = "native"


def signed_headers(producer: str, secret: str, body: bytes, id_: str | None = None) -> dict[str, str]:
    """The headers that prove a body to be the producer's, as of now.

    Without an id it is one that follows from the body, so the same file again is the same event. Raises Problem for a
    producer nobody here can sign for.
    """
    if producer != NATIVE:
        raise Problem(f"{producer} is not yet known here: only webhooks of {NATIVE} can be signed so far.", MISTYPED)
    webhook_id = id_ or "msg_" + hashlib.sha256(body).hexdigest()[:32]
    return _standard_webhooks(secret, body, webhook_id, int(time.time()))


def first_secret(producer: str, secrets: Mapping[str, tuple[str, ...]]) -> str:
    """The first active secret of a producer. Raises Problem when there is none."""
    active = secrets.get(producer)
    if not active:
        raise Problem(f"There is no secret for {producer}: name one with --secret, or set MIPOINTS_WEBHOOK_SECRETS.")
    return active[0]


def _standard_webhooks(secret: str, body: bytes, webhook_id: str, timestamp: int) -> dict[str, str]:
    try:
        signature = _signature(secret, body, webhook_id, timestamp)
    except (ValueError, EmptyWebhookSecretError) as error:
        raise Problem("This is no secret of Standard Webhooks: it is whsec_ and base64.", MISTYPED) from error
    return {
        "content-type": "application/json",
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": signature,
    }


def _signature(secret: str, body: bytes, webhook_id: str, timestamp: int) -> str:
    """By the reference library, which takes text only; bytes that are no text are signed by our own function."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return "v1," + expected_signature(secret, f"{webhook_id}.{timestamp}.".encode() + body)
    return Webhook(secret).sign(webhook_id, datetime.fromtimestamp(timestamp, UTC), text)
