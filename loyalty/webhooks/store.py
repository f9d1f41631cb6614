"""Webhooks are verified, stored and committed before they are answered (design §5)."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from db.pool import Database
from db.webhooks.inbox import NewDelivery, keep_delivery, kept_body_hash
from loyalty.webhooks.producers import PRODUCERS, Producer
from loyalty.webhooks.producers.events import BadSignature, Sent


class UnknownProducer(Exception):
    """No producer of that name sends webhooks here."""


@dataclass(frozen=True, slots=True)
class StoredDelivery:
    """Whether a delivery was new; the same event again changes nothing."""

    is_new: bool


def check_before_reading(producer: str, secrets: Sequence[str], sent: Sent) -> None:
    """Raises UnknownProducer, and BadSignature if nothing could prove the body; `sent` has no body yet."""
    _adapter(producer).check_headers(secrets, sent, datetime.now(UTC))
    if not secrets:
        raise BadSignature("No secret of this producer is active.")


def _adapter(producer: str) -> Producer:
    if producer not in PRODUCERS:
        raise UnknownProducer(f"No producer is called {producer[:50]!r}.")
    return PRODUCERS[producer]


def check_sender(producer: str, secrets: Sequence[str], sent: Sent) -> Producer:
    """The producer's adapter, once its signature proved the body. Raises UnknownProducer, BadSignature."""
    adapter = _adapter(producer)
    adapter.verify(secrets, sent, datetime.now(UTC))
    return adapter


async def store_delivery(db: Database, producer: str, secrets: Sequence[str], sent: Sent) -> StoredDelivery:
    """Verifies a delivery's signature and stores it; committed when this returns.

    Another body under a known id is an event of its own: it was signed, and what is acknowledged is never dropped.
    Raises UnknownProducer, BadSignature, MalformedDelivery, DatabaseUnavailable.
    """
    adapter = check_sender(producer, secrets, sent)
    identity = adapter.identify(sent)
    headers = {name: sent.headers[name] for name in adapter.KEPT_HEADERS if name in sent.headers}
    delivery = NewDelivery(producer, identity.event_id, identity.type, sent.body, headers)
    is_new = await keep_delivery(db, delivery)
    if not is_new:
        body_hash = hashlib.sha256(sent.body)
        if await kept_body_hash(db, producer, identity.event_id) != body_hash.digest():
            other_id = f"{identity.event_id}#{body_hash.hexdigest()[:16]}"
            is_new = await keep_delivery(db, delivery._replace(event_id=other_id))
    return StoredDelivery(is_new)
