"""Turning points into a coupon (R40, R42): the points leave at once, soonest-lapsing first, and never twice."""

import secrets
from dataclasses import dataclass
from datetime import date
from uuid import UUID, uuid4

from db.coupons.checkout import reward_limits
from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, NewCoupon, NewTransfer, NewVerdict, TakenStock
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.decide import decide
from loyalty.ledger.rules.lots import Lot, spend
from loyalty.programme.catalogue import Catalogue, Reward
from loyalty.programme.programme import Programme
from loyalty.programme.rules.calendar import end_of_validity
from loyalty.refusals import LimitReached, MemberNotActive, NotEnoughPoints, NotFound, RewardUnavailable

_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
_GROUPS, _GROUP = 4, 5


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The coupon that was issued, and the verdict that its line of the member's history belongs to."""

    member_id: UUID
    coupon_id: UUID
    verdict_id: UUID


def new_coupon_code() -> str:
    """An unguessable code: 20 characters of 31, 99 bits, none that is mistaken for another (R42)."""
    groups = ("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
    return "-".join(groups)


async def redeem(programme: Programme, caller: Caller, mi_id: str, reward_id: str, key: str) -> Redeemed:
    """Spends a member's points on a coupon.

    Refusals: NotAMember, NotFound for an unknown reward or another market's, MemberNotActive, NotEnoughPoints (also
    while in debt, R36), RewardUnavailable and LimitReached (R41), IdempotencyMismatch.
    """
    request = request_of(caller, "redeemPoints", key, [mi_id, reward_id])

    async def judge(db: Queryable, member: MemberToJudge) -> tuple[Changes, Answer]:
        catalogue = await programme.catalogue_at(member.programme_version, db)
        reward = _reward_for(catalogue, member, reward_id)
        if member.state != "ACTIVE":
            raise MemberNotActive(member.state)
        _check_window(reward, member)
        await _check_limits(db, reward, member)
        if member.debt > 0:
            raise NotEnoughPoints(reward.cost, member.available, in_debt=True)
        if member.available < reward.cost:
            raise NotEnoughPoints(reward.cost, member.available)
        return _issue(member, reward, catalogue, key)

    answer = await decide(programme.db, MemberRef(mi_id=mi_id), request, judge)
    return Redeemed(UUID(answer["member_id"]), UUID(answer["coupon_id"]), UUID(answer["verdict_id"]))


def _reward_for(catalogue: Catalogue, member: MemberToJudge, reward_id: str) -> Reward:
    reward = catalogue.reward(reward_id)
    if reward is None or reward.market != member.market:
        raise NotFound(sentence="There is no such reward in your market.")
    return reward


def _check_window(reward: Reward, member: MemberToJudge) -> None:
    if reward.available_from is not None and member.now < reward.available_from:
        raise RewardUnavailable("REWARD_NOT_STARTED", "This offer has not begun yet.")
    if reward.available_until is not None and member.now >= reward.available_until:
        raise RewardUnavailable("REWARD_ENDED", "This offer has ended.")


async def _check_limits(db: Queryable, reward: Reward, member: MemberToJudge) -> None:
    """Whether any is left and this member may have another; who gets the last one, the statement decides."""
    if reward.stock_left is None and reward.per_member is None:
        return
    limits = await reward_limits(db, member.member_id, reward.reward_id)
    if limits.stock_left == 0:
        raise RewardUnavailable("OUT_OF_STOCK", "The last of these is gone.")
    if reward.per_member is not None and limits.had >= reward.per_member:
        raise LimitReached(reward.per_member, limits.had)


def _issue(member: MemberToJudge, reward: Reward, catalogue: Catalogue, key: str) -> tuple[Changes, Answer]:
    """The coupon, the verdict, and one transfer for each lot the points come out of."""
    terms = catalogue.terms_for(member.market, member.now)
    assert terms is not None
    coupon_id, verdict_id = uuid4(), uuid4()
    code = new_coupon_code()
    source = f"redeem:{coupon_id}"
    coupon = NewCoupon(
        coupon_id=coupon_id,
        code=code,
        reward_id=reward.reward_id,
        value_minor=reward.value_minor,
        currency=reward.currency,
        minimum_minor=reward.minimum_minor,
        cost=reward.cost,
        issued_at=member.now,
        expires_at=end_of_validity(member.now, terms.zone, reward.valid_days),
    )
    verdict = NewVerdict(
        verdict_id=verdict_id,
        key=key,
        business_key=source,
        kind="REDEMPTION",
        outcome="GRANTED",
        code="GRANTED",
        points=-reward.cost,
        reference=code,
        occurred_at=member.now,
        decided_at=member.now,
        terms_version=terms.version,
    )
    takes = spend([Lot(lapses_on, remaining) for lapses_on, remaining in member.lots], reward.cost)
    transfers = [
        _spent(
            member,
            take.lapses_on,
            take.points,
            verdict_id,
            source,
            code,
            whole=reward.cost if first else None,
        )
        for first, take in ((place == 0, take) for place, take in enumerate(takes))
    ]
    answer = {
        "type": "PointsRedeemed",
        "member_id": str(member.member_id),
        "coupon_id": str(coupon_id),
        "verdict_id": str(verdict_id),
    }
    stock = [TakenStock(reward.reward_id)] if reward.stock_left is not None else []
    return Changes(transfers=transfers, verdicts=[verdict], coupons=[coupon], stock=stock), answer


def _spent(
    member: MemberToJudge,
    lapses_on: date,
    points: int,
    verdict_id: UUID,
    source: str,
    code: str,
    *,
    whole: int | None,
) -> NewTransfer:
    return NewTransfer(
        entry=1,
        kind="REDEMPTION",
        debit="available",
        credit="redeemed",
        amount=points,
        source=source,
        occurred_at=member.now,
        points=-whole if whole is not None else None,
        lapses_on=lapses_on,
        verdict_id=verdict_id,
        reference=code,
    )
