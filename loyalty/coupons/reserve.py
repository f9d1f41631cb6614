"""Reserves a coupon for an order while the order is paid (R43, R44)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID, uuid4

from db.coupons.checkout import (
    CouponAtCheckout,
    CouponToJudge,
    ExclusionRow,
    coupon_to_judge,
)
from db.coupons.rows import CouponRow
from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import ChangedCoupon, Changes, KeptReservation
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.coupons.codes import code_as_stored
from loyalty.coupons.rules.coupons import Cart, Coupon, CouponState, Exclusion, ForCart, held_until, usable_for
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, DecisionResult, Ruling
from loyalty.ledger.written import Written
from loyalty.orders.rules.order import Order
from loyalty.orders.rules.order_check import check_order
from loyalty.programme.programme import Programme
from loyalty.refusals import CouponNotUsable, InvalidInput, NotFound

_ANY_TIME = datetime(2000, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class CouponDecided:
    """The coupon that was reserved, spent or let go, and its discount on the order, in minor units.

    `reservation_id` is that of the reservation that was made; None for other steps, and for one of an older release.
    """

    member_id: UUID
    coupon_id: UUID
    discount_minor: int
    currency: str
    reservation_id: UUID | None = None
    written: Written | None = field(default=None, compare=False, repr=False)

    @classmethod
    def of(cls, result: DecisionResult) -> "CouponDecided":
        """From the answer stored under the idempotency key, and what was written with it."""
        answer = result.answer
        reservation_id = answer.get("reservation_id")
        return cls(
            UUID(answer["member_id"]),
            UUID(answer["coupon_id"]),
            answer["discount_minor"],
            str(answer["currency"]),
            UUID(reservation_id) if reservation_id is not None else None,
            result.written,
        )


def coupon_answer(member: MemberToJudge, coupon: CouponToJudge, discount_minor: int) -> Answer:
    """A coupon's change as it is stored under the idempotency key."""
    return {
        "type": "CouponChanged",
        "member_id": str(member.member_id),
        "coupon_id": str(coupon.coupon_id),
        "discount_minor": discount_minor,
        "currency": coupon.currency,
    }


def as_rule(coupon: CouponToJudge | CouponAtCheckout, member_state: str) -> Coupon:
    """The coupon as the rules see it; a closed membership's unspent coupons are cancelled with it (R5, R71)."""
    row: CouponToJudge | CouponRow = coupon.row if isinstance(coupon, CouponAtCheckout) else coupon
    is_lost = member_state == "CLOSED" and row.state in {CouponState.AVAILABLE, CouponState.RESERVED}
    return Coupon(
        state=CouponState.CANCELLED if is_lost else row.state,
        value_minor=row.value_minor,
        currency=row.currency,
        expires_at=row.expires_at,
        state_since=coupon.state_since,
        minimum_minor=row.minimum_minor,
        order_number=row.order_number,
        reserved_until=row.reserved_until,
    )


def check_cart(cart: Cart, *path: str) -> None:
    """Raises InvalidInput for a cart's first problem; `path` leads to it."""
    problems = check_order(Order(cart.order_number, _ANY_TIME, cart.currency, cart.lines))
    if problems:
        code, (_, *rest) = problems[0]
        where = ["orderNumber"] if rest == ["number"] else rest
        raise InvalidInput("This is no cart that can be bought.", *path, *where, code=code)


async def reserve_coupon(
    programme: Programme, caller: Caller, mi_id: str, code: str, cart: Cart, key: str
) -> CouponDecided:
    """Holds a member's coupon for an order and gives its discount in minor units (R42, R43, R44).

    Reserving again for the same order judges the cart as it is then and begins the time anew. Refusals: NotAMember,
    NotFound for an unknown code or another member's, CouponNotUsable, InvalidInput, IdempotencyMismatch.
    """
    lines = [[line.id, line.product_id, line.quantity, line.paid_minor] for line in cart.lines]
    code = code_as_stored(code)
    arguments = [mi_id, code, cart.order_number, cart.currency, lines]
    about = {"coupon": code, "order": cart.order_number}
    request = request_of(caller, "reserveCoupon", key, arguments, about)

    reserving = _Reserving(programme, code, cart)
    decision = Decision(MemberRef(mi_id=mi_id), request, reserving.judge)
    return CouponDecided.of(await decide(programme.db, decision))


@dataclass(frozen=True, slots=True)
class _Reserving:
    """A request to reserve a coupon for a cart, while it is judged."""

    programme: Programme
    code: str
    cart: Cart

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The coupon, held for the cart's order from now on. Raises CouponNotUsable."""
        cart = self.cart
        check_cart(cart, "input", "cart")
        coupon = await coupon_to_judge(db, member.member_id, self.code, cart.order_number, _products(cart))
        if coupon is None:
            raise NotFound(sentence="There is no such coupon.")
        held = as_rule(coupon, member.state)
        use = usable_for(
            cart, held, _exclusions(coupon.exclusions), member.now, order_has_another=coupon.order_has_another
        )
        if use.reason is not None:
            raise refused(held, use)
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        minutes = catalogue.terms_in_force(member.market, member.now).reservation_minutes
        until = held_until(held, cart.order_number, member.now, minutes)
        changes = _reserve(coupon, held, cart.order_number, use.discount_minor, until, member.now)
        (made,) = changes.reservations
        answer = {**coupon_answer(member, coupon, use.discount_minor), "reservation_id": str(made.reservation_id)}
        return Ruling(answer, changes, coupon.row)


def _reserve(
    coupon: CouponToJudge, held: Coupon, order_number: str, discount_minor: int, until: datetime, now: datetime
) -> Changes:
    """A reservation with an id of its own; it supersedes an earlier one of the same order (R43)."""
    since = held.state_since if held.is_held_for(order_number) else now
    changed = ChangedCoupon(coupon.coupon_id, CouponState.RESERVED, since, until, order_number, discount_minor)
    reservation = KeptReservation(
        coupon.coupon_id, order_number, discount_minor, reserved_at=since, held_until=until, reservation_id=uuid4()
    )
    return Changes(changed_coupons=[changed], reservations=[reservation])


def _products(cart: Cart) -> Sequence[str]:
    return sorted({line.product_id for line in cart.lines})


def _exclusions(rows: Iterable[ExclusionRow]) -> list[Exclusion]:
    return [Exclusion(*row) for row in rows]


def refused(coupon: Coupon, use: ForCart) -> CouponNotUsable:
    """The refusal that the caller gets when a coupon cannot be used for a cart."""
    return CouponNotUsable(
        use.reason or "", state=coupon.state, missing_minor=use.missing_minor, currency=coupon.currency
    )
