"""The systems that send webhooks. One file holds everything about one producer; this table is the only list of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from loyalty.webhooks.producers import aftership, easypost, native, sendcloud, shippo, shopify
from loyalty.webhooks.producers.events import Identity, NumberFields, ProducerEvent, Sent
from loyalty.webhooks.producers.questions import ProducerQuestions


class Producer(Protocol):
    """The parts of every producer's file. `now` and `at` are times of this host's clock, not of the programme's."""

    @property
    def KEPT_HEADERS(self) -> tuple[str, ...]:  # noqa: N802 (a module's constant)
        """The headers that are stored with the body, because `read` or an operator needs them."""

    @property
    def NUMBER_FIELDS(self) -> NumberFields:  # noqa: N802
        """The fields of its bodies that name orders and parcels; erasure and export depend on them (R71)."""

    @property
    def QUESTIONS(self) -> ProducerQuestions | None:  # noqa: N802
        """How its API is asked about a parcel; None if it cannot be asked."""

    def check_headers(self, secrets: Sequence[str], sent: Sent, now: datetime) -> None:
        """Raises BadSignature if the headers and the query prove no body at all; called before the body is read."""

    def verify(self, secrets: Sequence[str], sent: Sent, now: datetime) -> None:
        """Raises BadSignature unless an active secret proves the body."""

    def identify(self, sent: Sent) -> Identity:
        """The id under which the delivery is stored once, and its type. Raises MalformedDelivery, nothing else."""

    def read(self, sent: Sent, received_at: datetime) -> ProducerEvent:
        """The facts in a stored delivery; Ignored, with a reason, if the adapter does not understand it."""

    def sign(self, secret: str, body: bytes, event_id: str, at: datetime) -> Mapping[str, str]:
        """The headers with which the producer would send this body. Raises ValueError for an impossible secret."""


PRODUCERS: Mapping[str, Producer] = {
    "native": native,
    "easypost": easypost,
    "aftership": aftership,
    "shippo": shippo,
    "sendcloud": sendcloud,
    "shopify": shopify,
}
ASKABLE = tuple(name for name, producer in PRODUCERS.items() if producer.QUESTIONS is not None)
"""The producers that can be asked about a parcel, and so may have a key in MIPOINTS_PRODUCER_KEYS."""
