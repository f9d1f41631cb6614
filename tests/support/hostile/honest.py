"""Makes signed requests as producers send them: the published samples, and facts in the format of each producer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from random import Random

from loyalty.orders.rules.facts import Delivered, InTransit, Returned, ReturnedToSender
from loyalty.webhooks.producers import PRODUCERS
from tests.support.hostile.bodies import CARRIERS, as_bytes, native, shopify_refund
from tests.support.samples import samples
from tests.support.stage import WEBHOOK_SECRETS

PATHS = {"webhook": "/webhooks/{}", "ping": "/webhooks/{}/ping", "report": "/reconciliation/{}"}


@dataclass(frozen=True, slots=True)
class Signed:
    """A body with the headers of its signature, and its address."""

    producer: str
    kind: str
    body: bytes
    event_id: str
    headers: Mapping[str, str]

    @property
    def path(self) -> str:
        """The path that receives its producer's requests."""
        return PATHS[self.kind].format(self.producer)


def signed(
    producer: str,
    body: bytes,
    event_id: str,
    kind: str = "webhook",
    secret: str | None = None,
    at: datetime | None = None,
) -> Signed:
    """Signs a body as its producer does: by default now, and with the producer's first active secret."""
    key = WEBHOOK_SECRETS[producer][0] if secret is None else secret
    headers = PRODUCERS[producer].sign(key, body, event_id, at or datetime.now(UTC))
    return Signed(producer, kind, body, event_id, dict(headers))


def sample_bodies() -> dict[str, list[bytes]]:
    """Returns the published samples by producer. Their orders and parcels are unknown here."""
    bodies: dict[str, list[bytes]] = {producer: [] for producer in PRODUCERS}
    for each in samples():
        bodies[each.producer].append(each.sent.body)
    return bodies


def news_of(random: Random, producer: str, order: str, parcel: str, line_ids: list[str]) -> bytes:
    """Returns a random event about an order's parcel or return, in the producer's format."""
    id_, moment = f"{random.getrandbits(64):016x}", datetime.now(UTC) - timedelta(seconds=random.randint(0, 100_000))
    if producer == "shopify" or (producer == "native" and random.random() < 0.3):
        line = (random.choice(line_ids), 1)
        fact = Returned(f"R{id_}", None, (line,) if random.random() < 0.7 else (), 100, 0, moment)
        return as_bytes((shopify_refund if producer == "shopify" else native)(fact, order, id_))
    kind = random.choice((Delivered, Delivered, InTransit, ReturnedToSender))
    make = CARRIERS.get(producer, native)
    return as_bytes(make(kind(parcel, None, (), moment), order, id_))


def report_of(random: Random) -> bytes:
    """Returns a report of deliveries, of orders that are unknown here."""
    reports = [{"order_number": f"unknown-{random.getrandbits(40)}"} for _ in range(random.randint(0, 4))]
    return json.dumps({"delivered": reports}).encode()


def honest(random: Random, bodies: Mapping[str, list[bytes]]) -> Signed:
    """Returns an honest request of any producer, for any of its addresses."""
    producer = random.choice(list(PRODUCERS))
    kind = random.choices(list(PATHS), (70, 15, 15))[0]
    body = report_of(random) if kind == "report" else random.choice(bodies[producer])
    return signed(producer, body, f"evt-{random.getrandbits(64):016x}", kind)
