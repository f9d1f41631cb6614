"""Campaigns begin and end (R21): by an operator's word, or from a data file."""

from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4, uuid5

from db import programme as rows
from db.ledger.answers import RequestToJudge
from db.ledger.record import NewLogEntry
from db.pool import Database, Queryable
from loyalty.callers import Caller
from loyalty.ledger.answers import Answer, request_of
from loyalty.ledger.decide_programme import decide_for_programme
from loyalty.programme.files import Document
from loyalty.programme.load import campaigns_of_file
from loyalty.programme.programme import Programme
from loyalty.programme.rules.campaign_check import CampaignToCheck, check_campaign
from loyalty.programme.rules.campaigns import BadCampaign, Campaign
from loyalty.refusals import InvalidInput, NotFound

_FILED = UUID("0d6c6c0e-3f0b-4a83-9f6e-61a1b8d1a5d2")
"""Under it a file's own campaign ids become ours: the same file is the same campaigns, whoever loads it."""


class CampaignDiffers(BadCampaign):
    """A campaign of this id is loaded already, with other content."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is loaded already, with other content: give the new campaign an id of its own.")


async def create_campaign(programme: Programme, caller: Caller, told: CampaignToCheck, key: str) -> str:
    """Makes a campaign; its effect begins with its window, which may lie in the past. Gives its id.

    Refusals: InvalidInput (the list in programme/rules/campaign_check.py), IdempotencyMismatch.
    """
    request = request_of(caller, "createCampaign", key, _asked(told))

    async def judge(db: Queryable, moment: RequestToJudge) -> tuple[NewLogEntry, Answer]:
        catalogue = await programme.catalogue_at(moment.programme_version, db)
        for path, sentence in check_campaign(told, catalogue.terms):
            raise InvalidInput(sentence, "input", *path)
        campaign = told.under(str(uuid4()))
        await _save(db, campaign)
        entry = NewLogEntry(str(caller.name), "createCampaign", _NO_REASON, after=_described(campaign))
        return entry, _answer(campaign.id)

    answer = await decide_for_programme(programme, request, judge)
    return str(answer["campaign_id"])


async def end_campaign(programme: Programme, caller: Caller, campaign_id: str | None, key: str) -> str:
    """Stops a campaign now; what it granted stays. One that is over stays as it is. Gives its id.

    Refusals: NotFound, IdempotencyMismatch.
    """
    request = request_of(caller, "endCampaign", key, campaign_id)

    async def judge(db: Queryable, moment: RequestToJudge) -> tuple[NewLogEntry | None, Answer]:
        catalogue = await programme.catalogue_at(moment.programme_version, db)
        campaign = catalogue.campaign(campaign_id) if campaign_id is not None else None
        if campaign is None:
            raise NotFound
        if not await rows.end_campaign(db, UUID(campaign.id), moment.now):
            return None, _answer(campaign.id)
        after = _described(replace(campaign, ended_at=moment.now))
        entry = NewLogEntry(str(caller.name), "endCampaign", _NO_REASON, before=_described(campaign), after=after)
        return entry, _answer(campaign.id)

    answer = await decide_for_programme(programme, request, judge)
    return str(answer["campaign_id"])


async def load_campaigns(db: Database, document: Document, actor: str) -> list[tuple[Campaign, bool]]:
    """Loads a data file's campaigns, all or none; each with whether it is new. Loaded twice is loaded once.

    Raises BadCampaign for a file that cannot be used, CampaignDiffers where an id is taken by other content.
    """
    programme = Programme(db)

    async def load(queryable: Queryable) -> list[tuple[Campaign, bool]]:
        await rows.lock_programme(queryable)
        catalogue = await programme.catalogue_at(await rows.programme_version(queryable), queryable)
        loaded = []
        for named in campaigns_of_file(document, catalogue.terms):
            campaign = replace(named, id=str(uuid5(_FILED, named.id)))
            known = catalogue.campaign(campaign.id)
            if known is not None and replace(known, ended_at=None) != campaign:
                raise CampaignDiffers(named.id)
            if known is None:
                await _save(queryable, campaign)
                entry = NewLogEntry(actor, "loadCampaign", _NO_REASON, after=_described(campaign))
                await rows.log_action(queryable, entry)
            loaded.append((campaign, known is None))
        if any(is_new for _, is_new in loaded):
            await rows.programme_changed(queryable)
        return loaded

    return await db.in_transaction(load)


_NO_REASON = ""
"""Nobody is asked for the reason of a campaign; the log says who, when and what."""


async def _save(db: Queryable, campaign: Campaign) -> None:
    factor = campaign.factor
    await rows.save_campaign(
        db,
        UUID(campaign.id),
        campaign.name,
        sorted(campaign.markets),
        campaign.starts_at,
        campaign.ends_at,
        campaign.effect,
        sorted(campaign.kinds),
        Decimal(factor.numerator) / Decimal(factor.denominator) if factor is not None else None,
        campaign.bonus,
        sorted(campaign.product_ids),
    )


def _asked(told: CampaignToCheck) -> list[object]:
    return [
        told.name,
        told.markets,
        told.starts_at,
        told.ends_at,
        told.effect,
        told.kinds,
        told.factor,
        told.bonus,
        told.product_ids,
    ]


def _answer(campaign_id: str) -> Mapping[str, Any]:
    return {"type": "CampaignSaved", "campaign_id": campaign_id}


def _described(campaign: Campaign) -> dict[str, Any]:
    """A campaign as the operators' log keeps it."""
    return {
        "id": campaign.id,
        "name": campaign.name,
        "markets": sorted(campaign.markets),
        "kinds": sorted(campaign.kinds),
        "effect": campaign.effect,
        "factor": str(campaign.factor) if campaign.factor is not None else None,
        "bonus": campaign.bonus,
        "product_ids": sorted(campaign.product_ids),
        "starts_at": campaign.starts_at.isoformat(),
        "ends_at": campaign.over_at.isoformat(),
    }
