"""A coupon's discount on a cart or why it cannot be used, and when it may be spent or released (R43-R45, R52)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from loyalty.orders.rules.order import OrderLine


class CouponState(StrEnum):
    """The states a coupon can be in."""

    AVAILABLE = "AVAILABLE"
    RESERVED = "RESERVED"
    USED = "USED"
    EXPIRED = "EXPIRED"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True, slots=True)
class Coupon:
    """A coupon as it is by the clock; `order_number` is what it is reserved for or was used on. Minor units."""

    state: str
    value_minor: int
    currency: str
    expires_at: datetime
    state_since: datetime
    minimum_minor: int | None = None
    order_number: str | None = None
    reserved_until: datetime | None = None

    def is_held_for(self, order_number: str) -> bool:
        """Whether it is reserved for this order now."""
        return self.state == CouponState.RESERVED and self.order_number == order_number


@dataclass(frozen=True, slots=True)
class Cart:
    """What is about to be bought, under the number its order will have."""

    order_number: str
    currency: str
    lines: tuple[OrderLine, ...]


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A product that coupons may not buy from a moment on, until another (excluded; None: for good)."""

    product_id: str
    since: datetime
    until: datetime | None = None

    def holds(self, moment: datetime) -> bool:
        """Whether it is in force at a moment."""
        return self.since <= moment and (self.until is None or moment < self.until)


@dataclass(frozen=True, slots=True)
class ForCart:
    """A coupon's discount on a cart, or the code of why it cannot be used; minor units."""

    discount_minor: int = 0
    reason: str | None = None
    missing_minor: int | None = None


def usable_for(
    cart: Cart, coupon: Coupon, exclusions: Iterable[Exclusion], now: datetime, *, order_has_another: bool
) -> ForCart:
    """The coupon's discount on this cart (R44): its value, or everything that may be discounted if that is less.

    One coupon an order. Excluded products count neither towards the discount nor towards the minimum; a reservation
    made before an exclusion stands. At least one minor unit must be left to discount, or the coupon would be lost.
    """
    if coupon.state != CouponState.AVAILABLE and not coupon.is_held_for(cart.order_number):
        return ForCart(reason=f"COUPON_{coupon.state}")
    if order_has_another:
        return ForCart(reason="ORDER_HAS_COUPON")
    if coupon.currency != cart.currency:
        return ForCart(reason="CURRENCY_MISMATCH")
    judged_at = coupon.state_since if coupon.is_held_for(cart.order_number) else now
    excluded = {exclusion.product_id for exclusion in exclusions if exclusion.holds(judged_at)}
    counted = [line.paid_minor for line in cart.lines if line.product_id not in excluded]
    if not counted:
        return ForCart(reason="PRODUCT_EXCLUDED")
    missing = max(coupon.minimum_minor or 0, 1) - sum(counted)
    if missing > 0:
        return ForCart(reason="MINIMUM_NOT_MET", missing_minor=missing)
    return ForCart(discount_minor=min(coupon.value_minor, sum(counted)))


def held_until(coupon: Coupon, order_number: str, now: datetime, minutes: int) -> datetime:
    """When a reservation made now frees itself (R43). One that outlived the coupon's expiry is not prolonged."""
    if coupon.is_held_for(order_number) and coupon.reserved_until is not None and now >= coupon.expires_at:
        return coupon.reserved_until
    return now + timedelta(minutes=minutes)


def why_not_commit(coupon: Coupon, order_number: str, *, was_reserved: bool) -> str | None:
    """Why an order may not spend the coupon now; None where it may, or has (R43).

    `was_reserved`: the order reserved it and did not release it. After the timeout, and after the coupon's expiry, it
    may still be spent if no other order holds it.
    """
    if coupon.state == CouponState.CANCELLED:
        return "COUPON_CANCELLED"
    if coupon.state == CouponState.USED and coupon.order_number == order_number:
        return None
    if not was_reserved:
        return "COUPON_NOT_RESERVED"
    if coupon.state == CouponState.USED:
        return "COUPON_USED"
    if coupon.state == CouponState.RESERVED and coupon.order_number != order_number:
        return "COUPON_RESERVED"
    return None


def why_not_release(coupon: Coupon, order_number: str, *, ever_reserved: bool) -> str | None:
    """Why an order may not release the coupon; None where it may, or has (R43)."""
    if not ever_reserved:
        return "COUPON_NOT_RESERVED"
    if coupon.state == CouponState.USED and coupon.order_number == order_number:
        return "COUPON_USED"
    return None


def state_once_free(expires_at: datetime, now: datetime) -> CouponState:
    """The state of a coupon that no order holds any more (R52)."""
    return CouponState.EXPIRED if expires_at <= now else CouponState.AVAILABLE
