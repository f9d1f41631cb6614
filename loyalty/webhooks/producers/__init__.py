"""Who sends webhooks: one file per producer that verifies its bytes and says what happened."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from loyalty.webhooks.producers import aftership, easypost, native, sendcloud, shippo, shopify
from loyalty.webhooks.producers.events import Identity, ProducerEvent, Sent


class Producer(Protocol):
    """What every producer's file offers. `now` and `at` are of this host's clock, as transport goes."""

    @property
    def KEPT_HEADERS(self) -> tuple[str, ...]:  # noqa: N802 (a module's constant)
        """The headers that are kept beside the body, because `read` needs them or a person will."""

    def verify(self, secrets: Sequence[str], sent: Sent, now: datetime) -> None:
        """Raises BadSignature unless an active secret proves the body."""

    def identify(self, sent: Sent) -> Identity:
        """The id under which it is kept once, and its type. Raises MalformedDelivery, nothing else."""

    def read(self, sent: Sent, received_at: datetime) -> ProducerEvent:
        """What a kept delivery says. What it does not understand is Ignored, with a reason."""

    def sign(self, secret: str, body: bytes, event_id: str, at: datetime) -> Mapping[str, str]:
        """The headers that prove a body to be the producer's. Raises ValueError for a secret that cannot be one."""


PRODUCERS: Mapping[str, Producer] = {
    "native": native,
    "easypost": easypost,
    "aftership": aftership,
    "shippo": shippo,
    "sendcloud": sendcloud,
    "shopify": shopify,
}
