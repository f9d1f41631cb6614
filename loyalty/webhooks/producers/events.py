"""What a webhook turns out to say, and the ways it can be wrong."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loyalty.orders.rules.facts import Fact, Movement


class BadSignature(Exception):
    """The delivery is not proven to come from its producer. The sentence goes to whoever sent it."""


class StaleSignature(BadSignature):
    """The moment that was signed is too far from now: an old delivery sent again, or a clock that is wrong."""


class MalformedDelivery(Exception):
    """The body is no event of this producer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery as it reached us: header names in lower case, the body byte for byte, the address's query."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """The id under which a delivery is kept once, and its type as the producer calls it."""

    event_id: str
    type: str


@dataclass(frozen=True, slots=True)
class ReportedOrder:
    """A fact about an order, and `further` ones that the same delivery tells of it.

    `order_number` is the shop's own word for which one, and decides. Without it the parcel with `tracking_number`
    does (`carrier` between two with the same number), and `order_hint`, what the shop may have told the carrier,
    where no parcel or more than one has it. `is_test`: sent in the producer's test mode, and credits nobody in
    production.
    """

    fact: Fact
    order_number: str | None
    tracking_number: str | None
    carrier: str | None = None
    order_hint: str | None = None
    is_test: bool = False
    further: tuple[Fact, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All that the delivery tells; it is applied as a whole or not at all."""
        return self.fact, *self.further

    @property
    def parcels_told(self) -> list[tuple[str, str | None]]:
        """Tracking numbers and carriers of parcels in which the shop says that its order travels."""
        movements = [fact for fact in self.facts if isinstance(fact, Movement) and fact.consignment is not None]
        return [(fact.tracking_number, fact.carrier) for fact in movements if fact.tracking_number is not None]


@dataclass(frozen=True, slots=True)
class Ignored:
    """Kept, without effect; `reason` says why."""

    reason: str


ProducerEvent = ReportedOrder | Ignored
