"""Leaving the programme forfeits points, promises and coupons (R5, R71); debt stays in the ledger."""

from uuid import uuid4

from db.ledger.member import MemberToJudge
from db.ledger.record import ChangedCoupon, Changes, NewVerdict, TurnedVerdict
from db.members.membership import Belongings
from loyalty.ledger.journal import Cause, take, write
from loyalty.ledger.pending import cancel_promise
from loyalty.ledger.rules.lots import Take
from loyalty.members.rules.membership import Forfeit, forfeit_of
from loyalty.programme.rules.kinds import Code, EntryKind, Outcome
from loyalty.programme.rules.terms import Terms


def forfeit_by(member: MemberToJudge, left: Belongings) -> Forfeit:
    """The points and coupons that the member would lose."""
    return forfeit_of(
        member.available,
        sum(promise.points for promise in left.promises),
        [(coupon.value_minor, coupon.currency) for coupon in left.coupons],
    )


def write_forfeit(
    changes: Changes, member: MemberToJudge, left: Belongings, terms: Terms, *, key: str, business_key: str
) -> None:
    """Voids promises, revokes available points, cancels unspent coupons, and ends verdicts that wait.

    A verdict of its own has the forfeited points (R60): its points were available, and its facts name those pending.
    A verdict that waited for publication, delivery or an operator is declined, or granted as far as it was credited.
    """
    verdict_id = uuid4()
    for promise in left.promises:
        cancel_promise(changes, promise, promise.verdict_id, member.now)
    cause = Cause(business_key, member.now, verdict_id)
    write(changes, take(EntryKind.ADJUSTMENT, cause, "revoked", [Take(*lot) for lot in member.lots]))
    pending = sum(promise.points for promise in left.promises)
    if member.available or pending:
        changes.verdicts.append(
            NewVerdict(
                verdict_id=verdict_id,
                key=key,
                business_key=business_key,
                kind=EntryKind.ADJUSTMENT,
                outcome=Outcome.REVERSED,
                code=Code.ADJUSTED,
                points=-member.available,
                reference=None,
                occurred_at=member.now,
                decided_at=member.now,
                terms_version=terms.version,
                facts={"forfeited": {"available": member.available, "pending": pending}},
            )
        )
    for waiting in left.waiting:
        outcome, code = (Outcome.GRANTED, Code.GRANTED) if waiting.credited else (Outcome.REFUSED, Code.DECLINED)
        changes.turned_verdicts.append(TurnedVerdict(waiting.verdict_id, outcome, code, waiting.credited))
    for coupon in left.coupons:
        changes.changed_coupons.append(
            ChangedCoupon(
                coupon_id=coupon.coupon_id,
                state="CANCELLED",
                state_since=member.now,
                order_number=coupon.order_number,
                discount_minor=coupon.discount_minor,
            )
        )
