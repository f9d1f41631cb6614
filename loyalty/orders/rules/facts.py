"""Facts that carriers and the shop report about an order, each stored once under its business key (R33a, R34)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hashlib import sha256
from typing import ClassVar
from urllib.parse import quote

from loyalty.orders.rules.growth import LinesAdded, ParcelRecorded

Lines = tuple[tuple[str, int], ...]

NATIVE_EVENTS = "native"
"""The producer of the programme's own webhooks, and of facts without another."""

SHOPIFY_EVENTS = "shopify"
"""A producer whose refunds may also cancel (R33b)."""

STOREFRONT_REPORTS = "storefront"
"""The producer of facts that the storefront reports by mutations."""

_LONGEST_KEY = 1000
"""Characters: an index of Postgres takes rows of 2,700 bytes; a longer key is replaced by its hash."""


@dataclass(frozen=True, slots=True)
class Movement:
    """Something happened to a shipment; without lines it is about the whole parcel, or the whole order.

    `consignment` is the shop's own name for the shipment, such as a Shopify fulfillment's id. A fact that has a
    consignment and also a tracking number or lines reports its contents, and so what its other facts are about.
    """

    tracking_number: str | None
    carrier: str | None
    lines: Lines
    occurred_at: datetime
    consignment: str | None = None
    kind: ClassVar[str] = "movement"
    moment_matters: ClassVar[bool] = True

    @property
    def key(self) -> str:
        """The business key: the same news about the same parcel is one fact, however often it is reported.

        The moment is part of it where it decides between two facts, and always where no shipment is named.
        """
        is_named = self.tracking_number is not None or self.consignment is not None
        moment = _moment(self.occurred_at) if self.moment_matters or not is_named else ""
        key = f"{self.kind}:{self._parcel}:{_in_short(named_pieces(self.lines))}:{moment}"
        if self.consignment is not None:
            key += f":{quote(self.consignment, safe='')}"
        return key if len(key) <= _LONGEST_KEY else f"{self.kind}:{sha256(key.encode()).hexdigest()}"

    @property
    def _parcel(self) -> str:
        if self.tracking_number is None:
            return ":"
        return f"{quote(self.tracking_number, safe='')}:{quote((self.carrier or '').casefold(), safe='')}"


@dataclass(frozen=True, slots=True)
class Delivered(Movement):
    """The parcel arrived."""

    kind: ClassVar[str] = "delivered"


@dataclass(frozen=True, slots=True)
class InTransit(Movement):
    """The parcel is on its way."""

    kind: ClassVar[str] = "in_transit"
    moment_matters: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class ReturnedToSender(Movement):
    """The parcel goes back undelivered; it was not delivered, even if other facts report it (R34)."""

    kind: ClassVar[str] = "returned_to_sender"
    moment_matters: ClassVar[bool] = False


@dataclass(frozen=True, slots=True)
class Lost(Movement):
    """The parcel is lost."""

    kind: ClassVar[str] = "lost"


@dataclass(frozen=True, slots=True)
class Refund:
    """Refunded money in one currency (None: the order's), in its minor units; `shipping_minor` is inside
    `amount_minor`."""

    currency: str | None
    amount_minor: int
    shipping_minor: int


@dataclass(frozen=True, slots=True)
class Returned:
    """The shop took something back (R33a): lines, else money, else everything (of the parcel, if named).

    `shipping_minor` is inside `amount_minor`. `carrier` decides between two parcels with the same number. The amounts
    are in `currency`, or in the order's if it is None; `in_others` is the same money in other currencies. One return
    that two producers report is one (R33c).
    """

    return_id: str
    tracking_number: str | None
    lines: Lines
    amount_minor: int | None
    shipping_minor: int
    occurred_at: datetime
    carrier: str | None = None
    producer: str = NATIVE_EVENTS
    currency: str | None = None
    in_others: tuple[Refund, ...] = ()

    @property
    def key(self) -> str:
        """The business key within the order."""
        return f"return:{self.return_id}"

    @property
    def is_of_money(self) -> bool:
        """Whether only its money counts: it names no line (R33a)."""
        return not self.lines and (self.amount_minor is not None or self.shipping_minor != 0)

    def in_currency(self, currency: str) -> "Returned | None":
        """The return with its money in that currency alone; None if its money counts and is in other currencies."""
        if not self.is_of_money or self.currency in {None, currency}:
            return replace(self, currency=None, in_others=())
        found = next((each for each in self.in_others if each.currency == currency), None)
        if found is None:
            return None
        amount, shipping = found.amount_minor, found.shipping_minor
        return replace(self, currency=None, in_others=(), amount_minor=amount, shipping_minor=shipping)


@dataclass(frozen=True, slots=True)
class Cancelled:
    """Pieces that will never be sent (R33b); without lines, every piece that is not delivered."""

    cancellation_id: str
    lines: Lines
    occurred_at: datetime
    producer: str = NATIVE_EVENTS

    @property
    def key(self) -> str:
        """The business key within the order."""
        return f"cancel:{self.cancellation_id}"


@dataclass(frozen=True, slots=True)
class GivenUp:
    """Pieces that were given up, because their order had no news for too long (R31a)."""

    lines: Lines
    occurred_at: datetime

    @property
    def key(self) -> str:
        """The business key within the order."""
        return f"given_up:{_in_short(named_pieces(self.lines))}:{_moment(self.occurred_at)}"


Fact = Delivered | InTransit | ReturnedToSender | Lost | Returned | Cancelled | GivenUp | ParcelRecorded | LinesAdded


def named_pieces(lines: Lines) -> dict[str, int]:
    """Pieces by line, a line named twice added up, in the lines' order."""
    pieces: dict[str, int] = {}
    for line_id, quantity in sorted(lines):
        pieces[line_id] = pieces.get(line_id, 0) + max(0, quantity)
    return pieces


def each_once(facts: Iterable[Fact]) -> list[Fact]:
    """The facts by key, each once, in an order that does not depend on how they came."""
    by_key = {fact.key: fact for fact in sorted(facts, key=_rank, reverse=True)}
    return [by_key[key] for key in sorted(by_key)]


def _rank(fact: Fact) -> str:
    return f"{_moment(fact.occurred_at)} {fact!r}"


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()


def _in_short(pieces: dict[str, int]) -> str:
    """The lines as a short text; their hash if it would exceed 100 characters."""
    text = ",".join(f"{quote(line_id, safe='')}*{quantity}" for line_id, quantity in pieces.items())
    return text if len(text) <= 100 else sha256(text.encode()).hexdigest()
