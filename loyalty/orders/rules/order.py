"""An order as the storefront recorded it, and the goods that are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order: `paid_minor` is for the whole line, after its own discounts."""

    id: str
    product_id: str
    quantity: int
    paid_minor: int


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel as the storefront recorded it: how many pieces of which line travel in it."""

    tracking_number: str
    carrier: str | None
    pieces: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Order:
    """An order as recorded. The discount comes off all lines in proportion; amounts are in minor units."""

    number: str
    placed_at: datetime
    currency: str
    lines: tuple[OrderLine, ...]
    shipping_minor: int = 0
    discount_minor: int = 0
    parcels: tuple[Parcel, ...] = ()
    goods_minor: int = field(init=False, repr=False, compare=False)
    """The price of all lines before the order's discount. It is computed once, because each line's part of the
    discount needs it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "goods_minor", sum(line.paid_minor for line in self.lines))

    @property
    def total_minor(self) -> int:
        """What was paid for the order."""
        return self.goods_minor - self.discount_minor + self.shipping_minor

    @property
    def pieces(self) -> dict[str, int]:
        """How many pieces of each line were bought."""
        return {line.id: line.quantity for line in self.lines}


def recorded_parcel(order: Order, tracking_number: str, carrier: str | None) -> Parcel | None:
    """R34: the number decides; the carrier, in any case, only between parcels with the same number."""
    same = [parcel for parcel in order.parcels if parcel.tracking_number == tracking_number]
    by_carrier = [each for each in same if (each.carrier or "").casefold() == (carrier or "").casefold()]
    return next(iter(by_carrier or same), None)


@dataclass(frozen=True, slots=True)
class KeptGoods:
    """The goods of an order that are kept: pieces by line, and money refunded without lines."""

    pieces: Mapping[str, int] = field(hash=False)
    shipping_refunded_minor: int = 0
    refunds_without_lines_minor: int = 0


def all_kept(order: Order) -> KeptGoods:
    """The order with every piece delivered and nothing returned."""
    return KeptGoods(order.pieces)
