"""Products that coupons may not buy (R44), by an operator's word."""

from dataclasses import astuple, dataclass
from datetime import datetime

from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Queryable
from db.programme import save_exclusions
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide_programme import ProgrammeDecision, ProgrammeRuling, decide_for_programme
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

    excluding = _Excluding(programme, caller, told)
    answer = await decide_for_programme(programme.db, ProgrammeDecision(request, excluding.judge))
    return tuple(answer["product_ids"])


@dataclass(frozen=True, slots=True)
class _Excluding:
    """Products to exclude, while that is judged."""

    programme: Programme
    caller: Caller
    told: ExclusionToCheck

    async def judge(self, db: Queryable, moment: RequestToJudge) -> ProgrammeRuling:
        """The products, excluded where there is time left to. Raises InvalidInput."""
        told = self.told
        catalogue = await self.programme.catalogue_at(moment.programme_version, db)
        for path, sentence in check_exclusion(told, catalogue.open_markets, moment.now):
            raise InvalidInput(sentence, "input", *path)
        product_ids = list(dict.fromkeys(told.product_ids))
        since = told.since or moment.now
        holds_from = max(since, moment.now)
        if told.until is None or told.until > holds_from:
            await save_exclusions(db, told.market, product_ids, holds_from, told.until, told.reason)
        log = self._log(product_ids, since)
        return ProgrammeRuling({"type": "ProductsExcluded", "product_ids": product_ids}, log)

    def _log(self, product_ids: list[str], since: datetime) -> NewLogEntry:
        until = self.told.until
        after = {
            "market": self.told.market,
            "product_ids": product_ids,
            "from": since.isoformat(),
            "until": until.isoformat() if until else None,
        }
        return NewLogEntry(str(self.caller.name), "excludeProducts", self.told.reason, after=after)
