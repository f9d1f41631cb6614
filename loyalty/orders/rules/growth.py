"""Orders grow: parcels and lines that the storefront reports after it recorded the order (R34, R61a)."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from hashlib import sha256
from urllib.parse import quote

from loyalty.orders.rules.order import Charge, Order, OrderLine, Parcel

Extras = tuple[tuple[str, tuple[str, ...]], ...]


@dataclass(frozen=True, slots=True)
class ParcelRecorded:
    """A parcel of an order that was recorded before: its number, its carrier and the pieces in it."""

    tracking_number: str
    carrier: str | None
    lines: tuple[tuple[str, int], ...]
    occurred_at: datetime

    @property
    def key(self) -> str:
        """The business key: a number and a carrier are one parcel of the order."""
        return f"parcel:{quote(self.tracking_number, safe='')}:{quote((self.carrier or '').casefold(), safe='')}"

    @property
    def parcel(self) -> Parcel:
        """The parcel as the order has it."""
        return Parcel(self.tracking_number, self.carrier, dict(self.lines))


@dataclass(frozen=True, slots=True)
class LinesAdded:
    """Lines that an order got at `occurred_at`, with their own shipping in minor units.

    `campaigns`: those that the order did not have before, as (id, the added products that they are for).
    """

    added: tuple[OrderLine, ...]
    shipping_minor: int
    occurred_at: datetime
    campaigns: Extras = ()

    @property
    def key(self) -> str:
        """The business key: the ids of the lines, in any order."""
        ids = "\n".join(sorted(quote(line.id, safe="") for line in self.added))
        return f"lines:{sha256(ids.encode()).hexdigest()}"

    @property
    def charge(self) -> Charge:
        """The lines as the order has them."""
        lines = tuple(replace(line, added_at=self.occurred_at) for line in self.added)
        return Charge(tuple(sorted(lines, key=lambda line: line.id)), shipping_minor=self.shipping_minor)


def grown(order: Order, facts: Iterable[object]) -> Order:
    """The order with the parcels and lines that these facts add to it, in whatever order they came."""
    known = list(facts)
    parcels = sorted((each for each in known if isinstance(each, ParcelRecorded)), key=lambda each: each.key)
    added = sorted((each for each in known if isinstance(each, LinesAdded)), key=lambda each: each.key)
    if not parcels and not added:
        return order
    return replace(
        order,
        parcels=(*order.parcels, *(each.parcel for each in parcels)),
        added=(*order.added, *(each.charge for each in added)),
    )
