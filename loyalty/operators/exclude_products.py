"""Products that coupons may not buy (R44), by an operator's word."""

from dataclasses import astuple

from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Queryable
from db.programme import save_exclusions
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.decide_programme import decide_for_programme
from loyalty.programme.programme import Programme
from loyalty.programme.rules.reward_check import ExclusionToCheck, check_exclusion
from loyalty.refusals import InvalidInput


async def exclude_products(programme: Programme, caller: Caller, told: ExclusionToCheck, key: str) -> tuple[str, ...]:
    """Excludes products from what coupons may buy, from now or between moments; gives their ids.

    A reservation made before it was told stands (R44): dated back, it holds from when it is told. Excluded again from
    the same moment, the longer exclusion holds. Refusals: InvalidInput (the list in programme/rules/reward_check.py),
    IdempotencyMismatch.
    """
    request = request_of(caller, "excludeProducts", key, list(astuple(told)))

    async def judge(db: Queryable, moment: RequestToJudge) -> tuple[NewLogEntry, Answer]:
        catalogue = await programme.catalogue_at(moment.programme_version, db)
        for path, sentence in check_exclusion(told, catalogue.open_markets, moment.now):
            raise InvalidInput(sentence, "input", *path)
        product_ids = list(dict.fromkeys(told.product_ids))
        since = told.since or moment.now
        holds_from = max(since, moment.now)
        if told.until is None or told.until > holds_from:
            await save_exclusions(db, told.market, product_ids, holds_from, told.until, told.reason)
        after = {
            "market": told.market,
            "product_ids": product_ids,
            "from": since.isoformat(),
            "until": told.until.isoformat() if told.until else None,
        }
        entry = NewLogEntry(str(caller.name), "excludeProducts", told.reason, after=after)
        return entry, {"type": "ProductsExcluded", "product_ids": product_ids}

    answer = await decide_for_programme(programme, request, judge)
    return tuple(answer["product_ids"])
