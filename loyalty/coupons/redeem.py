"""Redeems points for a coupon (R40, R42): the points are spent at once and only once, soonest lapse date first."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID, uuid4

from db.coupons.checkout import RewardLimits, reward_limits
from db.ledger.member import MemberRef, MemberToJudge
from db.ledger.record import Changes, NewCoupon, NewVerdict, TakenStock
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.coupons.codes import new_coupon_code
from loyalty.coupons.rules.rewards import Redeemer, WhyNot, why_not_redeem
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.decide import decide
from loyalty.ledger.decision import Decision, Ruling
from loyalty.ledger.journal import Cause, take, write
from loyalty.ledger.rules.lots import Lot, spend
from loyalty.ledger.written import Written
from loyalty.programme.catalogue import Catalogue
from loyalty.programme.programme import Programme
from loyalty.programme.rules.calendar import end_of_validity
from loyalty.programme.rules.kinds import EntryKind
from loyalty.programme.rules.rewards import Closed, Reward
from loyalty.refusals import LimitReached, MemberNotActive, NotEnoughPoints, NotFound, RewardUnavailable


@dataclass(frozen=True, slots=True)
class Redeemed:
    """The coupon that was issued, and the verdict that its line of the member's history belongs to."""

    member_id: UUID
    coupon_id: UUID
    verdict_id: UUID
    written: Written | None = field(default=None, compare=False, repr=False)


async def redeem(programme: Programme, caller: Caller, mi_id: str, reward_id: str, key: str) -> Redeemed:
    """Spends a member's points on a coupon.

    Refusals: NotAMember, NotFound for an unknown reward or one of another market, MemberNotActive, NotEnoughPoints
    (also while in debt, R36), RewardUnavailable and LimitReached (R41), IdempotencyMismatch.
    """
    request = request_of(caller, "redeemPoints", key, [mi_id, reward_id], about={"reward": reward_id})
    redeeming = _Redeeming(programme, reward_id, key)
    result = await decide(programme.db, Decision(MemberRef(mi_id=mi_id), request, redeeming.judge))
    answer = result.answer
    return Redeemed(UUID(answer["member_id"]), UUID(answer["coupon_id"]), UUID(answer["verdict_id"]), result.written)


@dataclass(frozen=True, slots=True)
class _Redeeming:
    """A request for a coupon of a reward, while it is judged."""

    programme: Programme
    reward_id: str
    key: str

    async def judge(self, db: Queryable, member: MemberToJudge) -> Ruling:
        """Adds the coupon, the verdict and one line of history; the points come from the lots that lapse soonest."""
        catalogue = await self.programme.catalogue_at(member.programme_version, db)
        reward = _reward_for(catalogue, member, self.reward_id)
        if member.state != "ACTIVE":
            raise MemberNotActive(member.state)
        await _check(db, reward, member)
        terms = catalogue.terms_in_force(member.market, member.now)
        coupon = _coupon_of(reward, member.now, terms.zone)
        verdict = _verdict_on(coupon, self.key, terms.version)
        stock = [TakenStock(reward.reward_id)] if reward.stock_left is not None else []
        changes = Changes(verdicts=[verdict], coupons=[coupon], stock=stock)
        takes = spend([Lot(*lot) for lot in member.lots], reward.cost)
        cause = Cause(_source(coupon), member.now, verdict.verdict_id, coupon.code)
        write(changes, take(EntryKind.REDEMPTION, cause, "redeemed", takes))
        return Ruling(_answer(member, coupon, verdict), changes)


def _reward_for(catalogue: Catalogue, member: MemberToJudge, reward_id: str) -> Reward:
    reward = catalogue.reward(reward_id)
    if reward is None or reward.market != member.market:
        raise NotFound(sentence="There is no such reward in your market.")
    return reward


async def _check(db: Queryable, reward: Reward, member: MemberToJudge) -> None:
    """Raises the refusal if there is one. The write decides which member gets the last piece of a stock."""
    limits = RewardLimits(stock_left=None, had=0)
    if reward.is_limited and reward.is_offered(member.now):
        limits = await reward_limits(db, member.member_id, reward.reward_id)
    redeemer = Redeemer(member.available, member.debt, limits.had)
    match why_not_redeem(reward, limits.stock_left, redeemer, member.now):
        case None:
            return
        case WhyNot.LIMIT_REACHED:
            raise LimitReached(reward.per_member or 0, limits.had)
        case (WhyNot.IN_DEBT | WhyNot.NOT_ENOUGH_POINTS) as code:
            raise NotEnoughPoints(reward.cost, member.available, in_debt=code == WhyNot.IN_DEBT)
        case code:
            raise RewardUnavailable(code, _SENTENCES[code])


_SENTENCES: dict[Closed | WhyNot, str] = {
    Closed.NOT_STARTED: "This offer has not begun yet.",
    Closed.ENDED: "This offer has ended.",
    WhyNot.OUT_OF_STOCK: "The last of these is gone.",
}


def _coupon_of(reward: Reward, issued_at: datetime, zone: str) -> NewCoupon:
    return NewCoupon(
        coupon_id=uuid4(),
        code=new_coupon_code(),
        reward_id=reward.reward_id,
        value_minor=reward.value_minor,
        currency=reward.currency,
        minimum_minor=reward.minimum_minor,
        cost=reward.cost,
        issued_at=issued_at,
        expires_at=end_of_validity(issued_at, zone, reward.valid_days),
    )


def _verdict_on(coupon: NewCoupon, key: str, terms_version: str) -> NewVerdict:
    return NewVerdict(
        verdict_id=uuid4(),
        key=key,
        business_key=_source(coupon),
        kind="REDEMPTION",
        outcome="GRANTED",
        code="GRANTED",
        points=-coupon.cost,
        reference=coupon.code,
        occurred_at=coupon.issued_at,
        decided_at=coupon.issued_at,
        terms_version=terms_version,
    )


def _source(coupon: NewCoupon) -> str:
    return f"redeem:{coupon.coupon_id}"


def _answer(member: MemberToJudge, coupon: NewCoupon, verdict: NewVerdict) -> Answer:
    return {
        "type": "PointsRedeemed",
        "member_id": str(member.member_id),
        "coupon_id": str(coupon.coupon_id),
        "verdict_id": str(verdict.verdict_id),
    }
