"""An operator excludes products, so that coupons may not buy them (R44)."""

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


async def exclude_products(
    programme: Programme, caller: Caller, exclusion: ExclusionToCheck, key: str
) -> tuple[str, ...]:
    """Excludes products from what coupons may buy, from now or between moments; gives their ids.

    A reservation made before this request stands (R44): an exclusion with an earlier start holds from now. Of two
    exclusions from the same moment, the longer holds. Refusals: InvalidInput (the list in
    programme/rules/reward_check.py), IdempotencyMismatch.
    """
    request = request_of(caller, "excludeProducts", key, list(astuple(exclusion)))

    excluding = _Excluding(programme, caller, exclusion)
    answer = await decide_for_programme(programme.db, ProgrammeDecision(request, excluding.judge))
    return tuple(answer["product_ids"])


@dataclass(frozen=True, slots=True)
class _Excluding:
    """Products to exclude, while that is judged."""

    programme: Programme
    caller: Caller
    exclusion: ExclusionToCheck

    async def judge(self, db: Queryable, moment: RequestToJudge) -> ProgrammeRuling:
        """The products, excluded where there is time left to. Raises InvalidInput."""
        exclusion = self.exclusion
        catalogue = await self.programme.catalogue_at(moment.programme_version, db)
        for path, sentence in check_exclusion(exclusion, catalogue.open_markets, moment.now):
            raise InvalidInput(sentence, "input", *path)
        product_ids = list(dict.fromkeys(exclusion.product_ids))
        since = exclusion.since or moment.now
        holds_from = max(since, moment.now)
        if exclusion.until is None or exclusion.until > holds_from:
            await save_exclusions(db, exclusion.market, product_ids, holds_from, exclusion.until, exclusion.reason)
        log = self._log(product_ids, since)
        return ProgrammeRuling({"type": "ProductsExcluded", "product_ids": product_ids}, log)

    def _log(self, product_ids: list[str], since: datetime) -> NewLogEntry:
        until = self.exclusion.until
        after = {
            "market": self.exclusion.market,
            "product_ids": product_ids,
            "from": since.isoformat(),
            "until": until.isoformat() if until else None,
        }
        return NewLogEntry(str(self.caller.name), "excludeProducts", self.exclusion.reason, after=after)
