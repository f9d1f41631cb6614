"""Loading terms, catalogues and campaign files into the programme (R2, R21, R22, R40)."""

from collections.abc import Mapping, Sequence

import asyncpg

from db import programme as rows
from db.pool import Queryable
from loyalty.programme.files import Document, shipped_campaigns, shipped_terms
from loyalty.programme.rules.campaign_check import is_way
from loyalty.programme.rules.campaigns import BadCampaign, Campaign, campaigns_from
from loyalty.programme.rules.terms import RewardTerm, Terms, by_market, catalogue_of, zones_of
from loyalty.programme.rules.terms_document import BadTerms, check_together, terms_from


class TermsDiffer(BadTerms):
    """This version of terms is loaded already with other content. A version is never rewritten."""

    def __init__(self, version: str) -> None:
        super().__init__(f"{version} is loaded already, with other content: give the new terms a version of their own.")


async def load_shipped(connection: asyncpg.Connection) -> list[str]:
    """Adds the shipped terms and each market's catalogue (R2, R22, R40); gives the names of those it added.

    Rows that are there stay as they are. The shipped campaigns are only checked: an operator loads them (R21). Raises
    BadDocument.
    """
    check_shipped()
    return await _load_terms(connection, shipped_terms())


async def load_terms(connection: asyncpg.Connection, document: Document) -> list[str]:
    """Adds one more version of terms, of a new market or an open one, with its rewards (R2); gives the names added.

    Raises BadTerms, and TermsDiffer for a version that is there with other content.
    """
    terms = terms_from(document)
    versions = [row["document"] for row in await rows.all_terms(connection)]
    if any(each["version"] == terms.version and each != document for each in versions):
        raise TermsDiffer(terms.version)
    check_together([*(terms_from(each) for each in versions if each != document), terms])
    return await _load_terms(connection, [document])


def check_shipped() -> list[str]:
    """Reads every shipped file of terms and campaigns against its schema; gives their names. Raises BadDocument."""
    versions = [terms_from(document) for document in shipped_terms()]
    check_together(versions)
    campaigns = [each for document in shipped_campaigns() for each in campaigns_of_file(document, by_market(versions))]
    return [*(terms.version for terms in versions), *(campaign.id for campaign in campaigns)]


def campaigns_of_file(document: Document, terms: Mapping[str, tuple[Terms, ...]]) -> list[Campaign]:
    """The campaigns of a data file, under its own ids, for ways to earn that these terms have. Raises BadCampaign."""
    zones = zones_of(version for versions in terms.values() for version in versions)
    campaigns = campaigns_from(document, zones)
    for campaign in campaigns:
        for kind in sorted(campaign.kinds):
            if not is_way(kind, campaign.markets, terms):
                raise BadCampaign(f"kinds of {campaign.id} name {kind}, which is no way to earn there.")
    return campaigns


async def _load_terms(connection: asyncpg.Connection, documents: Sequence[Document]) -> list[str]:
    added: list[str] = []
    async with connection.transaction():
        for document in documents:
            terms = terms_from(document)
            if await rows.save_terms(connection, terms.market, terms.version, terms.effective_from, document):
                added.append(terms.version)
            added += [reward.id for reward in catalogue_of(terms) if await _load_reward(connection, reward)]
        if added:
            await rows.programme_changed(connection)
    return added


async def _load_reward(db: Queryable, reward: RewardTerm) -> bool:
    return await rows.save_catalogue_reward(
        db,
        reward.id,
        reward.market,
        reward.name,
        reward.value_minor,
        reward.currency,
        reward.cost,
        reward.valid_days,
        reward.conditions,
    )
