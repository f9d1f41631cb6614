"""An operator creates or ends a campaign (R21)."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from uuid import UUID, uuid4

from db import programme as rows
from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import request_of
from loyalty.ledger.decide_programme import ProgrammeDecision, ProgrammeRuling, decide_for_programme
from loyalty.operators.campaign_rows import NO_REASON, described, write_campaign
from loyalty.programme.programme import Programme
from loyalty.programme.rules.campaign_check import CampaignToCheck, check_campaign
from loyalty.programme.rules.campaigns import Campaign
from loyalty.refusals import InvalidInput, NotFound


async def create_campaign(programme: Programme, caller: Caller, campaign: CampaignToCheck, key: str) -> str:
    """Makes a campaign; its effect begins with its window, which may lie in the past. Gives its id.

    Refusals: InvalidInput (the list in programme/rules/campaign_check.py), IdempotencyMismatch.
    """
    request = request_of(caller, "createCampaign", key, _arguments(campaign))

    creating = _Creating(programme, caller, campaign)
    answer = await decide_for_programme(programme.db, ProgrammeDecision(request, creating.judge))
    return str(answer["campaign_id"])


@dataclass(frozen=True, slots=True)
class _Creating:
    """A campaign to make, while it is judged."""

    programme: Programme
    caller: Caller
    campaign: CampaignToCheck

    async def judge(self, db: Queryable, moment: RequestToJudge) -> ProgrammeRuling:
        """The campaign, saved under an id of its own. Raises InvalidInput."""
        catalogue = await self.programme.catalogue_at(moment.programme_version, db)
        for path, sentence in check_campaign(self.campaign, catalogue.terms):
            raise InvalidInput(sentence, "input", *path)
        created = self.campaign.under(str(uuid4()))
        await write_campaign(db, created)
        log = NewLogEntry(str(self.caller.name), "createCampaign", NO_REASON, after=described(created))
        return ProgrammeRuling(_answer(created.id), log)


async def end_campaign(programme: Programme, caller: Caller, campaign_id: str | None, key: str) -> str:
    """Stops a campaign now; points that it granted stay. A campaign that is over stays as it is. Returns its id.

    Refusals: NotFound, IdempotencyMismatch.
    """
    request = request_of(caller, "endCampaign", key, campaign_id)

    ending = _Ending(programme, caller, campaign_id)
    answer = await decide_for_programme(programme.db, ProgrammeDecision(request, ending.judge))
    return str(answer["campaign_id"])


@dataclass(frozen=True, slots=True)
class _Ending:
    """A request to end a campaign, while it is judged. `campaign_id` is None if the sent id is not a campaign's."""

    programme: Programme
    caller: Caller
    campaign_id: str | None

    async def judge(self, db: Queryable, moment: RequestToJudge) -> ProgrammeRuling:
        """The campaign, ended now; one that is over stays as it is. Raises NotFound."""
        catalogue = await self.programme.catalogue_at(moment.programme_version, db)
        campaign = catalogue.campaign(self.campaign_id) if self.campaign_id is not None else None
        if campaign is None:
            raise NotFound
        log = None
        if await rows.set_campaign_end(db, UUID(campaign.id), moment.now):
            log = self._log(campaign, replace(campaign, ended_at=moment.now))
        return ProgrammeRuling(_answer(campaign.id), log)

    def _log(self, before: Campaign, after: Campaign) -> NewLogEntry:
        name = str(self.caller.name)
        return NewLogEntry(name, "endCampaign", NO_REASON, before=described(before), after=described(after))


def _arguments(campaign: CampaignToCheck) -> list[object]:
    return [
        campaign.name,
        campaign.markets,
        campaign.starts_at,
        campaign.ends_at,
        campaign.effect,
        campaign.kinds,
        campaign.factor,
        campaign.bonus,
        campaign.product_ids,
    ]


def _answer(campaign_id: str) -> Mapping[str, Any]:
    return {"type": "CampaignSaved", "campaign_id": campaign_id}
