"""A new or temporary reward (R41), by an operator's word."""

from dataclasses import astuple
from uuid import uuid4

from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Queryable
from db.programme import save_reward
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.decide_programme import decide_for_programme
from loyalty.programme.programme import Programme
from loyalty.programme.rules.reward_check import RewardToCheck, check_reward
from loyalty.refusals import InvalidInput


async def create_reward(programme: Programme, caller: Caller, told: RewardToCheck, key: str) -> str:
    """Offers a reward in the market's currency from now on or in its window; gives its id.

    Refusals: InvalidInput (the list in programme/rules/reward_check.py), IdempotencyMismatch.
    """
    request = request_of(caller, "createReward", key, list(astuple(told)))

    async def judge(db: Queryable, moment: RequestToJudge) -> tuple[NewLogEntry, Answer]:
        catalogue = await programme.catalogue_at(moment.programme_version, db)
        for path, sentence in check_reward(told, catalogue.open_markets):
            raise InvalidInput(sentence, "input", *path)
        currency = catalogue.terms[told.market][-1].currency
        reward_id = str(uuid4())
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
        entry = NewLogEntry(str(caller.name), "createReward", "", after=_described(reward_id, told, currency))
        return entry, {"type": "RewardSaved", "reward_id": reward_id}

    answer = await decide_for_programme(programme, request, judge)
    return str(answer["reward_id"])


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
