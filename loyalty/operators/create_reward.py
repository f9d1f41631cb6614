"""An operator creates a permanent or temporary reward (R41)."""

from dataclasses import astuple, dataclass
from uuid import uuid4

from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Queryable
from db.programme import save_reward
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide_programme import ProgrammeDecision, ProgrammeRuling, decide_for_programme
from loyalty.programme.programme import Programme
from loyalty.programme.rules.reward_check import RewardToCheck, check_reward
from loyalty.programme.rules.rewards import is_below_rate
from loyalty.refusals import InvalidInput


async def create_reward(programme: Programme, caller: Caller, reward: RewardToCheck, key: str) -> str:
    """Offers a reward in the market's currency from now on or in its window; gives its id. One that is cheaper than
    R40's rate waits for a second operator (R41).

    Refusals: InvalidInput (the list in programme/rules/reward_check.py), IdempotencyMismatch.
    """
    request = request_of(caller, "createReward", key, list(astuple(reward)))

    creating = _Creating(programme, caller, reward)
    answer = await decide_for_programme(programme.db, ProgrammeDecision(request, creating.judge))
    return str(answer["reward_id"])


@dataclass(frozen=True, slots=True)
class _Creating:
    """A reward to make, while it is judged."""

    programme: Programme
    caller: Caller
    reward: RewardToCheck

    async def judge(self, db: Queryable, moment: RequestToJudge) -> ProgrammeRuling:
        """The reward, saved under an id of its own. Raises InvalidInput."""
        catalogue = await self.programme.catalogue_at(moment.programme_version, db)
        for path, sentence in check_reward(self.reward, catalogue.open_markets):
            raise InvalidInput(sentence, "input", *path)
        terms = catalogue.terms[self.reward.market][-1]
        reward_id, currency = str(uuid4()), terms.currency
        waits = is_below_rate(self.reward.value_minor, self.reward.cost, terms.points_per_unit_spent)
        await _save(db, reward_id, self.reward, currency, waits=waits, asked_by=str(self.caller.name))
        after = _described(reward_id, self.reward, currency) | {"waits": waits}
        log = NewLogEntry(str(self.caller.name), "createReward", "", after=after)
        return ProgrammeRuling({"type": "RewardSaved", "reward_id": reward_id}, log)


async def _save(
    db: Queryable, reward_id: str, reward: RewardToCheck, currency: str, *, waits: bool, asked_by: str
) -> None:
    await save_reward(
        db,
        reward_id,
        reward.market,
        reward.name,
        reward.value_minor,
        currency,
        reward.cost,
        reward.valid_days,
        reward.minimum_minor,
        reward.available_from,
        reward.available_until,
        reward.stock,
        reward.per_member,
        reward.conditions,
        waits=waits,
        asked_by=asked_by,
    )


def _described(reward_id: str, reward: RewardToCheck, currency: str) -> dict[str, object]:
    """A reward as it is stored in the operators' log."""
    return {
        "id": reward_id,
        "market": reward.market,
        "name": reward.name,
        "value_minor": reward.value_minor,
        "currency": currency,
        "cost": reward.cost,
        "valid_days": reward.valid_days,
        "minimum_minor": reward.minimum_minor,
        "available_from": reward.available_from.isoformat() if reward.available_from else None,
        "available_until": reward.available_until.isoformat() if reward.available_until else None,
        "stock": reward.stock,
        "per_member": reward.per_member,
        "conditions": reward.conditions,
    }
