"""The values that a producer's file receives and returns, and the ways in which a delivery can be invalid."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from loyalty.orders.rules.facts import Fact, Movement


class BadSignature(Exception):
    """The delivery does not prove that its producer sent it. The sentence goes into the answer to the sender."""


class StaleSignature(BadSignature):
    """The signed time is too far from now: an old delivery was sent again, or a clock is wrong."""


class MalformedDelivery(Exception):
    """The body is no event of this producer."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A delivery as we received it: header names in lower case, the body byte for byte, the address's query."""

    headers: Mapping[str, str]
    body: bytes
    query: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Identity:
    """The id under which a delivery is stored once, and its type in the producer's words."""

    event_id: str
    type: str


@dataclass(frozen=True, slots=True)
class NumberFields:
    """The names of the fields that hold order numbers or tracking numbers, at any depth of a producer's bodies.

    The value is one id or a list of ids. `with_order_id`: an object that has one of these fields is an order, so its
    `id` is an order number too.
    """

    orders: tuple[str, ...] = ()
    parcels: tuple[str, ...] = ()
    with_order_id: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ReportedOrder:
    """A fact about an order, and `further` facts about the same order from the same delivery.

    `order_number` comes from the shop and decides which order is meant. Without it the parcel with `tracking_number`
    decides; if two orders have that number, `carrier` decides. If no parcel or more than one has it, `order_hints`
    decide: numbers that the shop may have given to the carrier, of which exactly one is a known order's. `is_test`: it
    was sent in the producer's test mode, and moves no points in production.
    """

    fact: Fact
    order_number: str | None
    tracking_number: str | None
    carrier: str | None = None
    order_hints: tuple[str, ...] = ()
    is_test: bool = False
    further: tuple[Fact, ...] = ()

    @property
    def facts(self) -> tuple[Fact, ...]:
        """All facts of the delivery; either all of them are applied or none."""
        return self.fact, *self.further

    @property
    def shipped_parcels(self) -> list[tuple[str, str | None]]:
        """The parcels that the event names, as (tracking number, carrier)."""
        movements = [fact for fact in self.facts if isinstance(fact, Movement)]
        return [(fact.tracking_number, fact.carrier) for fact in movements if fact.tracking_number is not None]


@dataclass(frozen=True, slots=True)
class Ignored:
    """The delivery is stored and has no effect; `reason` says why."""

    reason: str


ProducerEvent = ReportedOrder | Ignored
