"""Coupons at checkout: those usable for a cart; reserving, spending and releasing one."""

from typing import Annotated

import strawberry

from api.context import Info
from api.permissions import STOREFRONT, STOREFRONT_NAMED_AND_OWN
from api.schema.arguments import NOT_GIVEN, IdempotencyKey, given
from api.schema.coupons.coupons import Coupon as CouponType
from api.schema.money import Money
from api.schema.orders.order_input import OrderLineInput, line_of
from api.schema.refusals import CouponNotUsable, IdempotencyMismatch, InvalidInput, NotAllowed, NotFound, answer_of
from api.schema.refusals import Refusal as RefusalType
from api.schema.root_fields import mutation_field, query_field
from api.schema.texts import valid_text
from db.limits import ENDED_COUPONS_DAYS
from loyalty.coupons.offers import CouponForCart
from loyalty.coupons.offers import coupons_for_cart as coupons_of_member
from loyalty.coupons.reserve import CouponDecided
from loyalty.coupons.reserve import reserve_coupon as reserve
from loyalty.coupons.rules.coupons import Cart
from loyalty.coupons.spend import Release
from loyalty.coupons.spend import commit_coupon as commit
from loyalty.coupons.spend import release_coupon as release


@strawberry.input(description="What is about to be bought.")
class CartInput:
    order_number: str = strawberry.field(description="The number that the order will have.")
    currency: str = strawberry.field(description="ISO 4217, such as EUR.")
    lines: list[OrderLineInput] = strawberry.field(description="What is in it, without shipping.")

    def to_domain(self, *path: str) -> Cart:
        """The cart for the programme; `path` leads to it in the arguments. Raises InvalidInput."""
        return Cart(
            order_number=valid_text(self.order_number, *path, "orderNumber"),
            currency=valid_text(self.currency, *path, "currency"),
            lines=tuple(line_of(line, *path, "lines", str(place)) for place, line in enumerate(self.lines)),
        )


@strawberry.input(description="A coupon to be held for an order while it is paid.")
class ReserveCouponInput:
    code: str = strawberry.field(description="As it was typed.")
    mi_id: strawberry.ID = strawberry.field(description="The Mi account of the member who pays.")
    cart: CartInput = strawberry.field(description="What is about to be bought.")


@strawberry.type(description="The coupon was reserved, spent or let go.")
class CouponChanged:
    coupon: CouponType = strawberry.field(description="The coupon, as it is now.")
    discount: Money = strawberry.field(description="What it takes off that order.")
    reservation_id: strawberry.ID | None = strawberry.field(
        description="The reservation that was made, for `releaseCoupon`; null after commit and release."
    )


@strawberry.type(description="A coupon of the member, and what it would do for this cart.")
class CartCoupon:
    coupon: CouponType = strawberry.field(description="The coupon.")
    usable: bool = strawberry.field(description="Whether it can be used for this cart.")
    discount: Money = strawberry.field(description="What it would take off; nothing where it cannot be used.")
    reason: RefusalType | None = strawberry.field(description="Why it cannot be used; null where it can.")


CouponResult = Annotated[
    CouponChanged | CouponNotUsable | NotFound | IdempotencyMismatch | NotAllowed | InvalidInput,
    strawberry.union("CouponResult", description="The answer to a change of a coupon."),
]
CouponCode = Annotated[str, strawberry.argument(description="The coupon's code.")]
OrderNumber = Annotated[str, strawberry.argument(description="The order it was reserved for.")]


@query_field(
    STOREFRONT_NAMED_AND_OWN,
    f"the member's coupons (all unspent ones, and those of the last {ENDED_COUPONS_DAYS} days) for this cart, each "
    "usable or with the reason why not; null if the Mi account has not joined.",
    example="""query {
  couponsForCart(
    miId: "demo-es-lucia"
    cart: {
      orderNumber: "1002", currency: "EUR"
      lines: [{ id: "1", productId: "mi-band-9", quantity: 1, paidMinor: 3999 }]
    }
  ) {
    coupon { code } usable discount { amountMinor currency } reason { code message }
  }
}""",
)
async def coupons_for_cart(
    info: Info,
    mi_id: Annotated[strawberry.ID, strawberry.argument(description="Whose coupons; a member its own.")],
    cart: Annotated[CartInput, strawberry.argument(description="What is about to be bought.")],
) -> list[CartCoupon] | None:
    wanted = cart.to_domain("cart")
    member = await info.context.loaders.members_by_mi_id.load(mi_id)
    if member is None:
        return None
    offers = await coupons_of_member(info.context.programme, member.member_id, wanted)
    return [_for_cart(each, info.context.language) for each in offers]


def _for_cart(offer: CouponForCart, language: str) -> CartCoupon:
    return CartCoupon(
        coupon=CouponType.of_row(offer.row),
        usable=offer.refusal is None,
        discount=Money(amount_minor=offer.discount_minor, currency=offer.row.currency),
        reason=answer_of(offer.refusal, language) if offer.refusal is not None else None,
    )


@mutation_field(STOREFRONT, "at checkout, hold the coupon for this order.")
async def reserve_coupon(info: Info, input: ReserveCouponInput, idempotency_key: IdempotencyKey) -> CouponResult | None:
    caller = info.context.caller
    cart = input.cart.to_domain("input", "cart")
    decided = await reserve(info.context.programme, caller, input.mi_id, input.code, cart, idempotency_key)
    return await _changed(info, decided)


@mutation_field(STOREFRONT, "payment succeeded.")
async def commit_coupon(
    info: Info, code: CouponCode, order_number: OrderNumber, idempotency_key: IdempotencyKey
) -> CouponResult | None:
    caller = info.context.caller
    return await _changed(info, await commit(info.context.programme, caller, code, order_number, idempotency_key))


@mutation_field(STOREFRONT, "payment failed or was cancelled.")
async def release_coupon(
    info: Info,
    code: CouponCode,
    order_number: OrderNumber,
    idempotency_key: IdempotencyKey,
    reservation_id: Annotated[
        strawberry.ID | None,
        strawberry.argument(
            description="The reservation to end: a later one of the same order stays. Null: the order's last one."
        ),
    ] = NOT_GIVEN,
) -> CouponResult | None:
    wanted = Release(code, order_number, given(reservation_id))
    return await _changed(info, await release(info.context.programme, info.context.caller, wanted, idempotency_key))


async def _changed(info: Info, decided: CouponDecided) -> CouponChanged:
    info.context.read_anew(decided.written)
    row = await info.context.loaders.coupons.load((decided.member_id, decided.coupon_id))
    if row is None:
        raise LookupError(f"The coupon {decided.coupon_id} was changed and is not there.")
    discount = Money(amount_minor=decided.discount_minor, currency=decided.currency)
    named = decided.reservation_id
    return CouponChanged(
        coupon=CouponType.of_row(row),
        discount=discount,
        reservation_id=strawberry.ID(str(named)) if named is not None else None,
    )
