"""Signs webhooks as their producers do."""

import hashlib
from collections.abc import Mapping
from datetime import UTC, datetime

from standardwebhooks.webhooks import EmptyWebhookSecretError, Webhook

from loyalty.webhooks.producers import PRODUCERS, Producer
from mipoints.problems import MISTYPED, UserError

NATIVE = "native"


def signed_headers(producer: str, secret: str, body: bytes, id_: str | None = None) -> dict[str, str]:
    """Returns the headers of a webhook, with the producer's signature over the body at the current time.

    Without an id, the id is derived from the body, so the same file is always the same event. Raises Problem for an
    unknown producer, and for a secret that the producer cannot have.
    """
    event_id = id_ or "msg_" + hashlib.sha256(body).hexdigest()[:32]
    now = datetime.now(UTC)
    try:
        headers = dict(adapter_of(producer).sign(secret, body, event_id, now))
        if producer == NATIVE:
            headers |= _by_the_reference(secret, body, event_id, now)
    except (ValueError, EmptyWebhookSecretError) as error:
        raise UserError(f"This is no secret of {producer}: {error}.", MISTYPED) from error
    return {"content-type": "application/json"} | headers


def adapter_of(producer: str) -> Producer:
    """Returns the adapter of a producer, which signs its webhooks. Raises Problem for an unknown producer."""
    if producer not in PRODUCERS:
        raise UserError(f"{producer} is not known here: there are {', '.join(PRODUCERS)}.", MISTYPED)
    return PRODUCERS[producer]


def first_secret(producer: str, secrets: Mapping[str, tuple[str, ...]]) -> str:
    """Returns the first active secret of a producer. Raises Problem if it has none, or for an unknown producer."""
    adapter_of(producer)
    active = secrets.get(producer)
    if not active:
        raise UserError(f"There is no secret for {producer}: name one with --secret, or set MIPOINTS_WEBHOOK_SECRETS.")
    return active[0]


def _by_the_reference(secret: str, body: bytes, event_id: str, now: datetime) -> dict[str, str]:
    """Returns the signature by Standard Webhooks' own library. It signs text only, so other bytes keep our
    signature."""
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return {}
    return {"webhook-signature": Webhook(secret).sign(event_id, now, text)}
