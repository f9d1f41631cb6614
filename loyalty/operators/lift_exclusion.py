"""An operator lifts an exclusion, so that coupons may buy these products again (R41, R44)."""

from dataclasses import astuple, dataclass

from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Queryable
from db.programme import end_exclusions
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide_programme import ProgrammeDecision, ProgrammeRuling, decide_for_programme
from loyalty.operators.reasons import check_reason
from loyalty.programme.programme import Programme


@dataclass(frozen=True, slots=True)
class Lift:
    """Products that coupons may buy again in a market, and why."""

    market: str
    product_ids: tuple[str, ...]
    reason: str


async def lift_exclusion(programme: Programme, caller: Caller, lift: Lift, key: str) -> tuple[str, ...]:
    """Ends the exclusions of these products now, also those that have not begun; gives the products that were excluded.

    Refusals: InvalidInput for no reason, IdempotencyMismatch.
    """
    check_reason(lift.reason)
    request = request_of(caller, "liftExclusion", key, list(astuple(lift)))
    lifting = _Lifting(caller, lift)
    answer = await decide_for_programme(programme.db, ProgrammeDecision(request, lifting.judge))
    return tuple(answer["product_ids"])


@dataclass(frozen=True, slots=True)
class _Lifting:
    """Exclusions to lift, while that is judged."""

    caller: Caller
    lift: Lift

    async def judge(self, db: Queryable, moment: RequestToJudge) -> ProgrammeRuling:
        """The products whose exclusions end now."""
        lifted = await end_exclusions(db, self.lift.market, self.lift.product_ids, moment.now)
        after = {"market": self.lift.market, "product_ids": lifted}
        log = NewLogEntry(str(self.caller.name), "liftExclusion", self.lift.reason, after=after) if lifted else None
        return ProgrammeRuling({"type": "ExclusionLifted", "product_ids": lifted}, log)
