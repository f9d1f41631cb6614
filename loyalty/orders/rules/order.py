"""An order as the storefront recorded it, with the lines and parcels it got later, and the goods that are kept."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from fractions import Fraction

_CLOCKS_DIFFER = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class OrderLine:
    """A line of an order: `paid_minor` is for the whole line, after its own discounts.

    `added_at`: when the order got the line; None for a line that it was recorded with (R61a).
    """

    id: str
    product_id: str
    quantity: int
    paid_minor: int
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Parcel:
    """A parcel as the storefront recorded it: how many pieces of which line travel in it."""

    tracking_number: str
    carrier: str | None
    pieces: Mapping[str, int] = field(hash=False)


@dataclass(frozen=True, slots=True)
class Charge:
    """Lines that were paid together, with the discount on them and their shipping, in minor units."""

    lines: tuple[OrderLine, ...]
    discount_minor: int = 0
    shipping_minor: int = 0
    goods_minor: int = field(init=False, repr=False, compare=False)
    """The price of the lines before the discount. It is computed once, because each line's part needs it."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "goods_minor", sum(line.paid_minor for line in self.lines))

    @property
    def paid_for_goods_minor(self) -> int:
        """The price of the lines after the discount."""
        return self.goods_minor - self.discount_minor

    def paid_for(self, line: OrderLine, pieces: int) -> Fraction:
        """The price of so many pieces of one of its lines, less their part of the discount; exact, in minor units."""
        if self.goods_minor == 0:
            return Fraction(0)
        return line.paid_minor * Fraction(self.paid_for_goods_minor, self.goods_minor) * Fraction(pieces, line.quantity)


@dataclass(frozen=True, slots=True)
class Order:
    """An order. The discount comes off the lines it was recorded with, in proportion; amounts are in minor units.

    `added` are lines that it got later (R61a), each time with their own shipping.
    """

    number: str
    placed_at: datetime
    currency: str
    lines: tuple[OrderLine, ...]
    shipping_minor: int = 0
    discount_minor: int = 0
    parcels: tuple[Parcel, ...] = ()
    added: tuple[Charge, ...] = ()
    recorded: Charge = field(init=False, repr=False, compare=False)
    """The lines that it was recorded with, and their discount and shipping."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "recorded", Charge(self.lines, self.discount_minor, self.shipping_minor))

    @property
    def charges(self) -> tuple[Charge, ...]:
        """The lines in the sets in which they were paid."""
        return self.recorded, *self.added

    @property
    def all_lines(self) -> tuple[OrderLine, ...]:
        """The lines that it was recorded with, then those that it got later."""
        return tuple(line for charge in self.charges for line in charge.lines) if self.added else self.lines

    @property
    def goods_minor(self) -> int:
        """The price of all lines, before the discount."""
        return sum(charge.goods_minor for charge in self.charges)

    @property
    def total_minor(self) -> int:
        """The amount paid for the order."""
        return sum(charge.paid_for_goods_minor + charge.shipping_minor for charge in self.charges)

    @property
    def pieces(self) -> dict[str, int]:
        """How many pieces of each line were bought."""
        return {line.id: line.quantity for line in self.all_lines}

    def has_by(self, line: OrderLine, moment: datetime) -> bool:
        """Whether the order had this line at a moment: news of that moment that names no line is not about later ones.

        Clocks may differ by a minute, and a moment before the order was placed decides nothing.
        """
        return line.added_at is None or line.added_at - _CLOCKS_DIFFER <= moment or moment < self.placed_at

    def pieces_by(self, moment: datetime) -> dict[str, int]:
        """How many pieces of each line were bought by that moment."""
        return {line.id: line.quantity for line in self.all_lines if self.has_by(line, moment)}


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
    refunds_without_lines_minor: Fraction | int = 0


def all_kept(order: Order) -> KeptGoods:
    """The order with every piece delivered and nothing returned."""
    return KeptGoods(order.pieces)
