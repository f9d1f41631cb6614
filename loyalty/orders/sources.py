"""How facts about orders reach us: the producer, its event, and the moment."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from loyalty.orders.rules.facts import Cancelled, Fact, Returned


class Source(Protocol):
    """How a fact reached us: the producer, its event, and when it was received."""

    @property
    def producer(self) -> str:
        """The producer's name, or that of the storefront or a worker."""

    @property
    def event_id(self) -> str:
        """The event's id within the producer."""

    @property
    def received_at(self) -> datetime:
        """When it was received."""


@dataclass(frozen=True, slots=True)
class OwnSource:
    """A fact that was reported by a mutation, or found by a worker; see `Source`."""

    producer: str
    event_id: str
    received_at: datetime


def reported_by(fact: Fact, producer: str) -> Fact:
    """The fact with its producer, if that matters for the kind (R33c)."""
    return replace(fact, producer=producer) if isinstance(fact, Returned | Cancelled) else fact
