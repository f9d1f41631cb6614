"""The discount that each of a member's coupons gives on a cart, or why it cannot be used (R45)."""

from dataclasses import dataclass
from uuid import UUID

from db.coupons.checkout import cart_to_judge, coupons_at_checkout
from db.coupons.rows import CouponRow
from loyalty.coupons.reserve import _exclusions, _products, as_rule, check_cart, refused
from loyalty.coupons.rules.coupons import Cart, usable_for
from loyalty.programme.programme import Programme
from loyalty.refusals import CouponNotUsable


@dataclass(frozen=True, slots=True)
class CouponForCart:
    """A coupon, and its discount on the cart in minor units or why it cannot be used."""

    row: CouponRow
    discount_minor: int
    refusal: CouponNotUsable | None


async def coupons_for_cart(programme: Programme, member_id: UUID, cart: Cart) -> list[CouponForCart]:
    """Every unspent coupon of a member and those of the last ENDED_COUPONS_DAYS, newest first, for this cart (R45).

    Raises InvalidInput for an invalid cart.
    """
    check_cart(cart, "cart")
    context = await cart_to_judge(programme.db, member_id, cart.order_number, _products(cart))
    if context is None:
        return []
    exclusions = _exclusions(context.exclusions)
    offers = []
    for coupon in await coupons_at_checkout(programme.db, member_id):
        held = as_rule(coupon, context.state)
        has_another = context.held_by not in {None, coupon.row.coupon_id}
        use = usable_for(cart, held, exclusions, context.now, order_has_another=has_another)
        offers.append(CouponForCart(coupon.row, use.discount_minor, refused(held, use) if use.reason else None))
    return offers
