"""An operator ends a reward, or decides about one that waits for a second operator (R41)."""

from collections.abc import Mapping
from dataclasses import dataclass

from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Queryable
from db.programme import change_reward, reward_to_decide
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide_programme import ProgrammeDecision, ProgrammeRuling, decide_for_programme
from loyalty.operators.reasons import check_reason
from loyalty.programme.programme import Programme
from loyalty.refusals import NotAllowed, NotFound


@dataclass(frozen=True, slots=True)
class RewardChange:
    """An operator's request about a reward. `reward_id` is None if the sent id is not a reward's; `approve` is None for
    the end of a reward."""

    reward_id: str | None
    reason: str
    approve: bool | None = None


async def end_reward(programme: Programme, caller: Caller, change: RewardChange, key: str) -> str:
    """Ends a reward now: members can redeem no more points for it, and its coupons stay. A reward that has ended stays
    as it is. Gives its id.

    Refusals: NotFound, InvalidInput for no reason, IdempotencyMismatch.
    """
    return await _change(programme, caller, "endReward", change, key)


async def decide_reward(programme: Programme, caller: Caller, change: RewardChange, key: str) -> str:
    """Offers a reward that waits for a second operator, or ends it unoffered; gives its id. Deciding again changes
    nothing.

    Refusals: NotFound, NotAllowed for the operator who asked for it, InvalidInput for no reason, IdempotencyMismatch.
    """
    return await _change(programme, caller, "decideReward", change, key)


async def _change(programme: Programme, caller: Caller, operation: str, change: RewardChange, key: str) -> str:
    check_reason(change.reason)
    request = request_of(caller, operation, key, [change.reward_id, change.approve, change.reason])
    changing = _Changing(caller, operation, change)
    answer = await decide_for_programme(programme.db, ProgrammeDecision(request, changing.judge))
    return str(answer["reward_id"])


@dataclass(frozen=True, slots=True)
class _Changing:
    """A change of a reward, while it is judged."""

    caller: Caller
    operation: str
    change: RewardChange

    async def judge(self, db: Queryable, moment: RequestToJudge) -> ProgrammeRuling:
        """The reward, ended or offered. Raises NotFound, NotAllowed."""
        approve, reward_id = self.change.approve, self.change.reward_id
        reward = await reward_to_decide(db, reward_id) if reward_id is not None else None
        if reward is None or reward_id is None:
            raise NotFound(sentence="There is no such reward.")
        if approve is not None and reward.asked_by == self.caller.name:
            raise NotAllowed("Who asked for it cannot decide it: another operator has to.")
        is_over = reward.ended_at is not None if approve is None else not reward.waits
        if not is_over:
            await change_reward(db, reward_id, None if approve else moment.now)
        before = {"id": reward_id, "waits": reward.waits, "ended_at": str(reward.ended_at)}
        log = None if is_over else self._log(before, {"id": reward_id, "approved": approve})
        return ProgrammeRuling({"type": "RewardSaved", "reward_id": reward_id}, log)

    def _log(self, before: Mapping[str, object], after: Mapping[str, object]) -> NewLogEntry:
        return NewLogEntry(str(self.caller.name), self.operation, self.change.reason, before=before, after=after)
