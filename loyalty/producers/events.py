"""What a webhook turns out to say, and the ways it can be wrong."""

from dataclasses import dataclass

from loyalty.rules.shipment import Fact


class BadSignature(Exception):
    """The delivery is not proven to come from its producer."""


class MalformedDelivery(Exception):
    """The body is no event of this producer."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The id under which a delivery is kept once, and its type as the producer calls it."""

    event_id: str
    type: str


@dataclass(frozen=True, slots=True)
class Known:
    """A fact about an order, named by its number, by a parcel's tracking number, or both."""

    fact: Fact
    order_number: str | None
    tracking_number: str | None
    carrier: str | None = None


@dataclass(frozen=True, slots=True)
class Ignored:
    """Kept, without effect; `reason` says why."""

    reason: str


Happening = Known | Ignored
