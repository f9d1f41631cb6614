"""Loading a data file's campaigns (R21)."""

from dataclasses import replace
from functools import partial
from uuid import UUID, uuid5

from db import programme as rows
from db.ledger.record import NewLogEntry
from db.pool import Database, Queryable
from loyalty.operators.campaign_rows import NO_REASON, described, write_campaign
from loyalty.programme.catalogue import Catalogue, catalogue_now
from loyalty.programme.files import Document
from loyalty.programme.load import campaigns_of_file
from loyalty.programme.rules.campaigns import BadCampaign, Campaign

_FILED = UUID("0d6c6c0e-3f0b-4a83-9f6e-61a1b8d1a5d2")
"""The namespace in which a file's campaign ids become ours: the same file always gives the same campaigns."""


class CampaignDiffers(BadCampaign):
    """A campaign of this id is loaded already, with other content."""

    def __init__(self, name: str) -> None:
        super().__init__(f"{name} is loaded already, with other content: give the new campaign an id of its own.")


async def load_campaigns(db: Database, document: Document, actor: str) -> list[tuple[Campaign, bool]]:
    """Loads a data file's campaigns, all or none; each with whether it is new. Loading a file again adds nothing.

    Raises BadCampaign for a file that cannot be used, CampaignDiffers where an id is taken by other content.
    """
    return await db.in_transaction(partial(_load, document, actor))


async def _load(document: Document, actor: str, transaction: Queryable) -> list[tuple[Campaign, bool]]:
    await rows.lock_programme(transaction)
    catalogue = await catalogue_now(transaction)
    named = [(each.id, replace(each, id=_id_of(each))) for each in campaigns_of_file(document, catalogue.terms)]
    loaded = [(campaign, _is_new(campaign, name, catalogue)) for name, campaign in named]
    for campaign in (each for each, is_new in loaded if is_new):
        await write_campaign(transaction, campaign)
        await rows.log_action(transaction, NewLogEntry(actor, "loadCampaign", NO_REASON, after=described(campaign)))
    if any(is_new for _, is_new in loaded):
        await rows.programme_changed(transaction)
    return loaded


def _id_of(campaign: Campaign) -> str:
    return str(uuid5(_FILED, campaign.id))


def _is_new(campaign: Campaign, name: str, catalogue: Catalogue) -> bool:
    """Raises CampaignDiffers where its id is taken by other content; `name` is its id in the file."""
    known = catalogue.campaign(campaign.id)
    if known is not None and replace(known, ended_at=None) != campaign:
        raise CampaignDiffers(name)
    return known is None
