"""After the payment (R43): a reserved coupon is spent or released. Both requests may be repeated or come late."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from uuid import UUID

from db.coupons.checkout import CouponToJudge, coupon_owner, coupon_to_judge
from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import ChangedCoupon, Changes, KeptReservation
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.coupons.codes import code_as_stored
from loyalty.coupons.reserve import CouponDecided, as_rule, coupon_answer
from loyalty.coupons.rules.coupons import Coupon, CouponState, state_once_free, why_not_commit, why_not_release
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.programme.programme import Programme
from loyalty.refusals import CouponNotUsable, NotAMember, NotFound

CouponStep = Callable[[CouponToJudge, Coupon, str, MemberToJudge], Changes]
"""Gives the changes of a coupon for an order; raises CouponNotUsable."""

_NO_MEMBER = UUID(int=0)


async def commit_coupon(programme: Programme, caller: Caller, code: str, order_number: str, key: str) -> CouponDecided:
    """Payment succeeded: the coupon is used up on this order.

    A repeated request changes nothing. After the timeout it still succeeds if no other order holds the coupon.
    Refusals: NotFound for an unknown code, CouponNotUsable, IdempotencyMismatch.
    """
    return await _take_step(programme, caller, "commitCoupon", code, order_number, key, _commit)


@dataclass(frozen=True, slots=True)
class Release:
    """A request to let a coupon go. `reservation_id`, as the client sent it, names one reservation of the order; None:
    the order's last one."""

    code: str
    order_number: str
    reservation_id: str | None = None


async def release_coupon(programme: Programme, caller: Caller, release: Release, key: str) -> CouponDecided:
    """Payment failed or was cancelled: the coupon is free again, or expired where its last day is over.

    Repeated, or after the timeout, it changes nothing; nor does it if it names a reservation that the order has
    superseded by a later one (R43). Refusals: NotFound for an unknown code, CouponNotUsable, IdempotencyMismatch.
    """
    named = release.reservation_id
    step = _release if named is None else partial(_release_named, named)
    return await _take_step(programme, caller, "releaseCoupon", release.code, release.order_number, key, step, named)


async def _take_step(
    programme: Programme,
    caller: Caller,
    operation: str,
    code: str,
    order_number: str,
    key: str,
    step: CouponStep,
    reservation_id: str | None = None,
) -> CouponDecided:
    code = code_as_stored(code)
    arguments = [code, order_number, *([reservation_id] if reservation_id is not None else [])]
    request = request_of(caller, operation, key, arguments, {"coupon": code, "order": order_number})
    owner = await coupon_owner(programme.db, code)
    stepping = _Stepping(code, order_number, step)
    decision = Decision(MemberRef(member_id=owner or _NO_MEMBER), request, stepping.judge)
    try:
        return CouponDecided.of(await decide(programme.db, decision))
    except NotAMember:
        raise NotFound(sentence="There is no such coupon.") from None


@dataclass(frozen=True, slots=True)
class _Stepping:
    """A request to spend or release an order's coupon, while it is judged."""

    code: str
    order_number: str
    step: CouponStep

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """The coupon after the step. Raises CouponNotUsable."""
        coupon = await coupon_to_judge(db, member.member_id, self.code, self.order_number)
        if coupon is None:
            raise NotFound(sentence="There is no such coupon.")
        changes = self.step(coupon, as_rule(coupon, member.state), self.order_number, member)
        return Ruling(coupon_answer(member, coupon, coupon.reserved_minor or 0), changes, coupon.row)


def _commit(coupon: CouponToJudge, held: Coupon, order_number: str, member: MemberToJudge) -> Changes:
    """Closed is final: a membership that has ended spends no coupon, in any state (R5, R71)."""
    if member.state == "CLOSED" and held.state != CouponState.USED:
        held = replace(held, state=CouponState.CANCELLED)
    was_reserved = coupon.reserved_at is not None and coupon.released_at is None
    reason = why_not_commit(held, order_number, was_reserved=was_reserved)
    if reason is not None:
        raise CouponNotUsable(reason, state=held.state)
    if held.state == CouponState.USED:
        return Changes()
    reservation = _reservation_of(coupon, order_number)
    used = ChangedCoupon(
        coupon.coupon_id,
        CouponState.USED,
        member.now,
        order_number=order_number,
        discount_minor=reservation.discount_minor,
    )
    return Changes(changed_coupons=[used], reservations=[reservation])


def _release_named(
    reservation_id: str, coupon: CouponToJudge, held: Coupon, order_number: str, member: MemberToJudge
) -> Changes:
    """Ends the reservation of that id only: one that was superseded has ended. Raises CouponNotUsable (R43)."""
    if reservation_id in map(str, coupon.earlier_ids):
        return Changes()
    if reservation_id != str(coupon.reservation_id):
        raise CouponNotUsable("COUPON_NOT_RESERVED", state=held.state)
    return _release(coupon, held, order_number, member)


def _release(coupon: CouponToJudge, held: Coupon, order_number: str, member: MemberToJudge) -> Changes:
    reason = why_not_release(held, order_number, ever_reserved=coupon.reserved_at is not None)
    if reason is not None:
        raise CouponNotUsable(reason, state=held.state)
    changes = Changes()
    if coupon.released_at is None:
        changes.reservations.append(_reservation_of(coupon, order_number, released_at=member.now))
    if held.is_held_for(order_number):
        free = state_once_free(held.expires_at, member.now)
        changes.changed_coupons.append(ChangedCoupon(coupon.coupon_id, free, member.now))
    return changes


def _reservation_of(
    coupon: CouponToJudge, order_number: str, *, released_at: datetime | None = None
) -> KeptReservation:
    """The order's reservation as it is stored from now on: for good, or released."""
    assert coupon.reserved_minor is not None
    assert coupon.reserved_at is not None
    return KeptReservation(
        coupon.coupon_id, order_number, coupon.reserved_minor, coupon.reserved_at, released_at=released_at
    )
