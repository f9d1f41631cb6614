"""A new or temporary reward (R41), by an operator's word."""

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
from loyalty.refusals import InvalidInput


async def create_reward(programme: Programme, caller: Caller, told: RewardToCheck, key: str) -> str:
    """Offers a reward in the market's currency from now on or in its window; gives its id.

    Refusals: InvalidInput (the list in programme/rules/reward_check.py), IdempotencyMismatch.
    """
    request = request_of(caller, "createReward", key, list(astuple(told)))

    creating = _Creating(programme, caller, told)
    answer = await decide_for_programme(programme.db, ProgrammeDecision(request, creating.judge))
    return str(answer["reward_id"])


@dataclass(frozen=True, slots=True)
class _Creating:
    """A reward to make, while it is judged."""

    programme: Programme
    caller: Caller
    told: RewardToCheck

    async def judge(self, db: Queryable, moment: RequestToJudge) -> ProgrammeRuling:
        """The reward, saved under an id of its own. Raises InvalidInput."""
        catalogue = await self.programme.catalogue_at(moment.programme_version, db)
        for path, sentence in check_reward(self.told, catalogue.open_markets):
            raise InvalidInput(sentence, "input", *path)
        currency = catalogue.terms[self.told.market][-1].currency
        reward_id = str(uuid4())
        await _save(db, reward_id, self.told, currency)
        after = _described(reward_id, self.told, currency)
        log = NewLogEntry(str(self.caller.name), "createReward", "", after=after)
        return ProgrammeRuling({"type": "RewardSaved", "reward_id": reward_id}, log)


async def _save(db: Queryable, reward_id: str, told: RewardToCheck, currency: str) -> None:
    await save_reward(
        db,
        reward_id,
        told.market,
        told.name,
        told.value_minor,
        currency,
        told.cost,
        told.valid_days,
        told.minimum_minor,
        told.available_from,
        told.available_until,
        told.stock,
        told.per_member,
        told.conditions,
    )


def _described(reward_id: str, told: RewardToCheck, currency: str) -> dict[str, object]:
    """A reward as the operators' log keeps it."""
    return {
        "id": reward_id,
        "market": told.market,
        "name": told.name,
        "value_minor": told.value_minor,
        "currency": currency,
        "cost": told.cost,
        "valid_days": told.valid_days,
        "minimum_minor": told.minimum_minor,
        "available_from": told.available_from.isoformat() if told.available_from else None,
        "available_until": told.available_until.isoformat() if told.available_until else None,
        "stock": told.stock,
        "per_member": told.per_member,
        "conditions": told.conditions,
    }
