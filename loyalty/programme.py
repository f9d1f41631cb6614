"""The programme as it stands: terms, campaigns and rewards, read from the database and never out of date."""

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction

import asyncpg

from db import programme as rows
from db.membership import person_salt
from db.pool import Database, Queryable
from loyalty.rules.campaign_check import is_way
from loyalty.rules.campaigns import BadCampaign, Campaign, campaigns_from
from loyalty.rules.kinds import EntryKind
from loyalty.rules.terms import (
    BadTerms,
    RewardTerm,
    Terms,
    by_market,
    catalogue_of,
    check_together,
    terms_at,
    terms_from,
    zones_of,
)
from loyalty.terms.files import Document, shipped_campaigns, shipped_terms


@dataclass(frozen=True, slots=True)
class Reward:
    """What points can be turned into, in one market. Values in minor units, cost in points, validity in days."""

    reward_id: str
    market: str
    name: str
    value_minor: int
    currency: str
    cost: int
    valid_days: int
    minimum_minor: int | None
    available_from: datetime | None
    available_until: datetime | None
    stock_left: int | None
    per_member: int | None
    conditions: str

    def is_offered(self, moment: datetime) -> bool:
        """Whether its window is open (R41)."""
        return (self.available_from is None or self.available_from <= moment) and (
            self.available_until is None or moment < self.available_until
        )


@dataclass(frozen=True, slots=True)
class Catalogue:
    """All terms by market (oldest first), all campaigns, all rewards, as of one version of the programme."""

    version: int
    terms: Mapping[str, tuple[Terms, ...]]
    campaigns: tuple[Campaign, ...]
    rewards: tuple[Reward, ...]

    def terms_for(self, market: str, moment: datetime) -> Terms | None:
        """The terms in force in a market at a moment; None where it was not open then (R2)."""
        return terms_at(self.terms.get(market, ()), moment)

    def terms_in_force(self, market: str, moment: datetime) -> Terms:
        """The same where a member shows that the market was open. Raises LookupError where it was not."""
        terms = self.terms_for(market, moment)
        if terms is None:
            raise LookupError(f"No terms are in force in {market} at {moment}.")
        return terms

    def terms_called(self, market: str, version: str) -> Terms:
        """One version by name. Raises KeyError for an unknown one."""
        for terms in self.terms[market]:
            if terms.version == version:
                return terms
        raise KeyError(version)

    def began_on(self, market: str) -> date:
        """The day the programme began in a market that is open."""
        return self.terms[market][0].effective_from

    @property
    def new_ways(self) -> tuple[str, ...]:
        """The ways to earn that any terms have and the contract does not know (R22), by their own names."""
        versions = (terms for of_market in self.terms.values() for terms in of_market)
        return tuple(sorted({kind for terms in versions for kind in terms.ways if kind not in EntryKind.__members__}))

    @property
    def open_markets(self) -> tuple[str, ...]:
        """Every market with terms, by its two letters."""
        return tuple(sorted(self.terms))

    def reward(self, reward_id: str) -> Reward | None:
        """One reward by id."""
        return next((reward for reward in self.rewards if reward.reward_id == reward_id), None)

    def campaign(self, campaign_id: str) -> Campaign | None:
        """One campaign by id."""
        return next((campaign for campaign in self.campaigns if campaign.id == campaign_id), None)

    def campaigns_called(self, campaign_ids: tuple[str, ...]) -> tuple[Campaign, ...]:
        """The campaigns with these ids."""
        return tuple(campaign for campaign in self.campaigns if campaign.id in campaign_ids)

    def campaigns_as_judged(self, campaign_ids: tuple[str, ...]) -> tuple[Campaign, ...]:
        """The campaigns an order was judged with, in their planned windows: ended since, they still count (R21)."""
        return tuple(replace(campaign, ended_at=None) for campaign in self.campaigns_called(campaign_ids))


@dataclass(slots=True)
class Programme:
    """The database with the programme's data beside it. `hold_seconds` replaces every hold in the sandbox.

    `velocity_per_minute` replaces the terms' limit (R70), and 0 is none. `person_salt` is for the hashes of erased
    persons; None for the database's own. `takes_tests`: what producers send in test mode counts too.
    """

    db: Database
    hold_seconds: int | None = None
    velocity_per_minute: int | None = None
    person_salt: str | None = field(default=None, repr=False)
    takes_tests: bool = False
    _read: Catalogue | None = field(default=None, repr=False)
    _salt: bytes | None = field(default=None, repr=False)

    async def person_hash(self, mi_id: str, db: Queryable) -> bytes:
        """What is remembered of an erased person (R71): salted with the setting, else with the database's own salt."""
        if self._salt is None:
            self._salt = self.person_salt.encode() if self.person_salt is not None else await person_salt(db)
        return hmac.digest(self._salt, mi_id.encode(), "sha256")

    async def catalogue(self) -> Catalogue:
        """The programme now: one small question to the database, and a reading of it only when it changed."""
        return await self.catalogue_at(await rows.programme_version(self.db), self.db)

    async def catalogue_at(self, version: int, db: Queryable) -> Catalogue:
        """The programme as of a version that was just read together with other things."""
        if self._read is None or self._read.version != version:
            self._read = await _read_catalogue(db, version)
        return self._read


async def _read_catalogue(db: Queryable, version: int) -> Catalogue:
    terms: dict[str, tuple[Terms, ...]] = {}
    for row in await rows.all_terms(db):
        terms[row["market"]] = (*terms.get(row["market"], ()), terms_from(row["document"]))
    return Catalogue(
        version=version,
        terms=terms,
        campaigns=tuple(_campaign(row) for row in await rows.all_campaigns(db)),
        rewards=tuple(Reward(**dict(row.items())) for row in await rows.all_rewards(db)),
    )


def _campaign(row: asyncpg.Record) -> Campaign:
    return Campaign(
        id=str(row["campaign_id"]),
        name=row["name"],
        markets=frozenset(row["markets"]),
        kinds=frozenset(row["kinds"]),
        effect=row["effect"],
        factor=Fraction(row["factor"]) if row["factor"] is not None else None,
        bonus=row["bonus"],
        product_ids=frozenset(row["product_ids"]),
        starts_at=row["starts_at"],
        ends_at=row["ends_at"],
        ended_at=row["ended_at"],
    )


class TermsDiffer(BadTerms):
    """A version of terms that is there already, with other content: a version is never rewritten."""

    def __init__(self, version: str) -> None:
        super().__init__(f"{version} is loaded already, with other content: give the new terms a version of their own.")


async def load_shipped(connection: asyncpg.Connection) -> list[str]:
    """Adds the shipped terms and each market's catalogue (R2, R22, R40), keeping what is there; names what it added.

    The shipped campaigns are checked and not loaded: that is for an operator to do (R21). Raises BadDocument.
    """
    check_shipped()
    return await _load_terms(connection, shipped_terms())


async def load_terms(connection: asyncpg.Connection, document: Document) -> list[str]:
    """Adds one more version of terms, of a new market or an open one, with its rewards (R2); names what it added.

    Raises BadTerms, and TermsDiffer for a version that is there with other content.
    """
    terms = terms_from(document)
    versions = [row["document"] for row in await rows.all_terms(connection)]
    if any(each["version"] == terms.version and each != document for each in versions):
        raise TermsDiffer(terms.version)
    check_together([*(terms_from(each) for each in versions if each != document), terms])
    return await _load_terms(connection, [document])


def check_shipped() -> list[str]:
    """Reads every shipped file of terms and campaigns against its schema; names them. Raises BadDocument."""
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
